"""How far an emulated board does what the network does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from arcana.emulate import Emulator
from arcana.errors import BadInput
from arcana.graph import NetworkGraph
from arcana.mapping.result import Mapping
from arcana.nn.from_graph import Staged
from arcana.typing import Tensor


@dataclass(frozen=True)
class Agreement:
    """Output spikes of a network and of an emulated board on the same data.

    Attributes:
        steps: Neuron-steps that were compared.
        equal: Share of them with the same number of spikes, 0 to 1.
        spikes: Spikes of the network.
        missed: Steps in which the network spiked and the board did not.
        extra: Steps in which the board spiked and the network did not.
        rate_error: Root mean square difference of the firing rates over neurons and series, divided by the mean
            rate of the network; NaN if the network is silent.
        first: (series, step, neuron) of the first difference; None if there is none.
        within: How far apart two spikes may be to be one [s].
        near: Spikes of the network that have one of the board's, of the same neuron and within that time, to
            themselves.
        strange: Spikes of the board that are nobody's.
    """

    steps: int
    equal: float
    spikes: int
    missed: int
    extra: int
    rate_error: float
    first: tuple[int, int, int] | None
    within: float
    near: int
    strange: int

    @property
    def same(self) -> bool:
        """Whether every spike is the same."""
        return self.first is None

    def __str__(self) -> str:
        if self.same:
            return f"all {self.spikes} spikes in {self.steps} neuron-steps are the same"
        return (
            f"{100 * self.equal:.3f} % of {self.steps} neuron-steps equal: {self.missed} of {self.spikes} spikes "
            f"missed, {self.extra} extra; within {1e3 * self.within:g} ms {self.spikes - self.near} missed and "
            f"{self.strange} extra; rates off by {100 * self.rate_error:.2f} % (rms over mean); first "
            "difference in series {}, step {}, neuron {}".format(*(self.first or ()))
        )


@torch.no_grad()
def agreement(
    net: nn.Module | NetworkGraph | Mapping, emulator: Emulator, data: Tensor, *, within: float = 5e-3
) -> Agreement:
    """Run both on the same data (B, T, n) and compare the spikes of their outputs.

    A spike that comes a step later counts as missed and as extra in the exact figures. ``within`` pairs the spikes
    of each neuron in time, one to one.

    Args:
        net: A network with ``forward``; or a graph (of a netlist, say) or a mapping, whose network before
            whole counts and splitting is run, and compared by the names of the outputs.
        emulator: One emulated board.
        data: What both take: the signal where there is an encoder, else events.
        within: How far apart two spikes may be to be paired [s].

    Raises:
        BadInput: if their outputs have different shapes (several boards, or other output populations), or something
            is of another kind.
    """
    if not isinstance(emulator, Emulator):
        raise BadInput.one(
            "emulator", type(emulator).__name__, "an Emulator: Emulator.from_config(config, profile)"
        )
    if not isinstance(data, torch.Tensor):
        raise BadInput.one("data", type(data).__name__, "a tensor (batch, time, n)")
    number = isinstance(within, int | float) and not isinstance(within, bool)
    if not (number and math.isfinite(within) and within >= 0):
        raise BadInput.one("within", within, "a finite number >= 0", "s")
    theirs = _spikes_of(net, emulator, data)
    ours, _ = emulator(data)
    if ours.shape != theirs.shape:
        raise BadInput.one("outputs of the emulator", tuple(ours.shape), f"{tuple(theirs.shape)}, as the network's")
    differ = (ours != theirs).reshape(-1, *ours.shape[-2:])
    places = differ.nonzero()
    rates = theirs.double().mean(-2), ours.double().mean(-2)
    mean = float(rates[0].mean())
    near = _paired(theirs, ours, math.floor(within / emulator.net.dt + 1e-6))
    return Agreement(
        steps=differ.numel(),
        equal=1 - float(differ.double().mean()),
        spikes=int(theirs.sum()),
        missed=int(((theirs > 0) & (ours == 0)).sum()),
        extra=int(((ours > 0) & (theirs == 0)).sum()),
        rate_error=float((rates[1] - rates[0]).square().mean().sqrt()) / mean if mean else float("nan"),
        first=tuple(places[0].tolist()) if len(places) else None,
        within=float(within),
        near=near,
        strange=int(ours.sum()) - near,
    )


def _spikes_of(net: object, emulator: Emulator, data: Tensor) -> Tensor:
    """Output spikes of the network, in the order of the emulator's outputs where it has names."""
    graph = net.network if isinstance(net, Mapping) else net
    if isinstance(graph, NetworkGraph):
        return _run_graph(graph, emulator, data)
    if not isinstance(net, nn.Module):
        raise BadInput.one("net", type(net).__name__, "a torch module, a NetworkGraph or a Mapping")
    found: Any = net(data)
    spikes: Tensor = found[0] if isinstance(found, tuple) else found
    return spikes


def _run_graph(graph: NetworkGraph, emulator: Emulator, data: Tensor) -> Tensor:
    if graph.technology not in (None, emulator.profile.technology()):
        name = emulator.profile.name
        raise BadInput.one("constants behind the biases", graph.technology, f"those of {name}")
    sizes = {p.name: p.size for p in graph.populations}
    outputs = emulator.decoded.outputs
    for name, index in outputs:
        if index >= sizes.get(name, 0):
            known = ", ".join(f"{p} ({size})" for p, size in sizes.items())
            raise BadInput.one("output of the emulator", f"{name}[{index}]", f"one of the network: {known}")
    staged = Staged(graph, emulator.profile)
    spikes, _, _ = staged.run(data if staged.encoder is None else staged.encoder(data))
    return torch.stack([spikes[name][..., index] for name, index in outputs], -1)


def _paired(theirs: Tensor, ours: Tensor, steps: int) -> int:
    """How many spikes can be paired one to one, of the same neuron and at most so many steps apart.

    From the first spike on, each takes the earliest free one in reach: no other choice makes more pairs.
    """
    times = [_times(spikes) for spikes in (theirs, ours)]
    pairs = 0
    for line, mine in times[0].items():
        others, k = times[1].get(line, []), 0
        for step in mine:
            while k < len(others) and others[k] < step - steps:
                k += 1
            if k < len(others) and others[k] <= step + steps:
                pairs, k = pairs + 1, k + 1
    return pairs


def _times(spikes: Tensor) -> dict[int, list[int]]:
    """Steps of the spikes of each neuron in each series, rising; a step with two spikes twice."""
    lines = spikes.transpose(-2, -1).reshape(-1, spikes.shape[-2])
    found: dict[int, list[int]] = {}
    for line, step in lines.nonzero().tolist():
        found.setdefault(line, []).extend([step] * int(lines[line, step]))
    return found
