"""Layers one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from torch import nn

from arcana.circuits.dpi import DPIState
from arcana.errors import BadInput, Problems
from arcana.graph import NetworkGraph
from arcana.hardware.board import check_board
from arcana.nn.base import DPIModule
from arcana.typing import Tensor

NetworkState: TypeAlias = tuple[DPIState | None, ...]


class Sequential(nn.Module):
    """Modules one after another: encoder, DPI layers, anything that maps a tensor to a tensor.

    ``forward(X, state=None)`` returns the output and a tuple with the state of each module (None for one that has
    none); pass that tuple to the next call to go on where this one ended.

    Raises:
        BadInput: if there is no module, or neighbouring layers do not fit.
    """

    def __init__(self, *modules: nn.Module) -> None:
        super().__init__()
        problems = Problems()
        if not modules:
            problems.note("modules", (), "at least one module")
        width: int | None = None
        for k, module in enumerate(modules):
            n_in, n_out = getattr(module, "n_in", None), getattr(module, "n_out", None)
            if width is not None and n_in is not None and n_in != width:
                problems.note(f"module {k}: n_in", n_in, f"{width}, the width of the module before it")
            width = n_out if n_in is not None else width if n_out is None else n_out
        layers = [m for m in modules if isinstance(m, DPIModule)]
        for profile in {id(m.profile): m.profile for m in layers}.values():
            check_board(sum(m.n_out for m in layers if m.profile == profile), profile, problems)
        problems.raise_if_any()
        self.layers = nn.ModuleList(modules)

    def graph(self) -> NetworkGraph:
        """The network as plain data, for ``arcana.map_network``.

        Raises:
            BadInput: listing every module that has no counterpart on a chip.
        """
        from arcana.nn.graph import graph_of  # it builds on this module

        return graph_of(self)

    def forward(self, X: Tensor, state: NetworkState | None = None) -> tuple[Tensor, NetworkState]:
        """X (B, T, channels) through all modules. Returns the last output and the states."""
        out, after, _ = self.run(X, state)
        return out, after

    def run(
        self, X: Tensor, state: NetworkState | None = None, record: Sequence[str] = ()
    ) -> tuple[Tensor, NetworkState, tuple[dict[str, Tensor], ...]]:
        """As ``forward``, with the records of each module; see ``simulate``."""
        if state is not None and (isinstance(state, DPIState) or len(state) != len(self.layers)):
            allowed = f"None, or a tuple with one entry for each of the {len(self.layers)} modules"
            raise BadInput.one("state", type(state).__name__, allowed)
        after: list[DPIState | None] = []
        records: list[dict[str, Tensor]] = []
        for k, module in enumerate(self.layers):
            if isinstance(module, DPIModule):
                X, last, kept = module.run(X, None if state is None else state[k], record=record)
                after.append(last)
                records.append(kept)
            else:
                X = module(X)
                after.append(None)
                records.append({"spikes": X} if "spikes" in record else {})
        return X, tuple(after), tuple(records)

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[nn.Module]:
        return iter(self.layers)

    def __getitem__(self, index: int) -> nn.Module:
        return self.layers[index]


def dpi_layers(net: nn.Module) -> dict[str, DPIModule]:
    """The DPI populations of a network by their path (``""`` if the network is one)."""
    return {name: module for name, module in net.named_modules() if isinstance(module, DPIModule)}
