"""The family as one module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from arcana.errors import BadInput, Problems, unknown_name
from arcana.limits import MOST, is_whole
from arcana.networks.brnn.cell import Cell
from arcana.networks.brnn.functions import RATES
from arcana.networks.brnn.graph import rate_graph
from arcana.networks.brnn.gru import GRU
from arcana.networks.brnn.loop import Loop, LoopSpec
from arcana.networks.brnn.parts import parts_of
from arcana.networks.brnn.projection import projected
from arcana.networks.brnn.reference import read_reference
from arcana.networks.brnn.state import BRNNState, read_state
from arcana.nn.checks import as_type_of
from arcana.rate_graph import RateGraph
from arcana.typing import Tensor


class BRNNTrace(NamedTuple):
    """A run.

    Attributes:
        state: What is integrated, v or r, after each step (B, T, n).
        z: Share of it that is replaced in each step.
        u: Share that synapses release, or None.
        x: What is left in them, or None.
        r: Rates.
        logits: Read-out after the last step (B, n_out).
        last: To go on from.
    """

    state: Tensor
    z: Tensor
    u: Tensor | None
    x: Tensor | None
    r: Tensor
    logits: Tensor
    last: BRNNState


class BRNN(nn.Module):
    """v' = (1 - z) v + dt (W s + P x + b) or r' = (1 - z) r + z phi(W s + P x + b), read out at the end.

    The equations are in ``arcana.networks.brnn.loop``, the parts in ``arcana.networks.brnn.parts``.

    Args:
        preset: Name of a preset, see ``PRESETS``.
        n_in: Inputs.
        n_hidden: Units.
        n_out: Outputs of the linear read-out.
        dt: Step of the voltage, and largest z of its gate.
        **parts: Parts that differ from the preset.

    Attributes:
        cell: Parameters of the recurrent part.
        readout: Linear read-out of the last state.

    Raises:
        BadInput: listing unknown names, parts that do not go together, sizes and a dt that are none.
    """

    def __init__(self, preset: str, n_in: int, n_hidden: int, n_out: int, *, dt: float = 0.1, **parts: Any) -> None:
        super().__init__()
        self.parts = parts_of(preset, parts)
        problems = Problems()
        sizes = tuple(v.item() if isinstance(v, np.generic) else v for v in (n_in, n_hidden, n_out))
        n_in, n_hidden, n_out = sizes
        dt = dt.item() if isinstance(dt, np.generic) else dt
        for name, value in zip(("n_in", "n_hidden", "n_out"), sizes, strict=True):
            if not is_whole(value, 1):
                problems.note(name, value, f"a whole number from 1 to {MOST}")
        if is_whole(n_hidden, 1) and self.parts.dale and n_hidden % 2:
            problems.note("n_hidden", n_hidden, "an even number: one half excites, the other inhibits")
        if isinstance(dt, bool) or not isinstance(dt, (int, float)) or not 0 < dt <= 1:
            problems.note("dt", dt, "a number above 0, up to 1")
        problems.raise_if_any()
        self.preset, self.n_in, self.n_hidden, self.dt = preset, n_in, n_hidden, float(dt)
        gru = self.parts.gate == "gru"
        try:
            self.cell: Cell | GRU = GRU(n_in, n_hidden) if gru else Cell(self.parts, n_in, n_hidden)
            self.readout = nn.Linear(n_hidden, n_out)
        except RuntimeError as error:  # torch's word for memory that is not there
            allowed = "weights that fit the memory"
            raise BadInput.one("n_in, n_hidden, n_out", sizes, allowed, hint=str(error)) from error

    @classmethod
    def from_reference(cls, tag: str, params: Mapping[str, Any]) -> BRNN:
        """The network of an original script, with the parameters of a file; see ``arcana.networks.brnn.reference``.

        Args:
            tag: Name of the script, such as w11_04_DaleCB.
            params: Arrays by their original names; what stands before ``rnncell.`` is not needed.

        Raises:
            BadInput: for an unknown tag, and listing parameters that are missing, unknown, not finite or of a
                wrong shape.
        """
        found = read_reference(tag, params)
        n_out, n = found.arrays["readout.weight"].shape
        n_in = found.arrays["cell.P"].shape[-1]
        network = cls(found.preset, n_in, n, n_out, **found.parts)
        network.dt = network.dt if found.dt is None else found.dt  # of any sign and size in the earlier scripts
        own, problems, state = network.state_dict(), Problems(), {}
        for name, like in own.items():
            value = found.arrays.get(name)
            if value is None or value.numel() != like.numel():
                given = "missing" if value is None else tuple(value.shape)
                problems.note(name, given, f"an array {tuple(like.shape)}", "(shape)")
            else:
                state[name] = value.reshape(like.shape)
        for name in (name for name in found.arrays if name not in own):
            problems.append(unknown_name("parameter", name, own))
        problems.raise_if_any()
        network.to(found.arrays["cell.P"].dtype).load_state_dict(state)
        return network

    def extra_repr(self) -> str:
        """Preset, sizes, dt and parts."""
        sizes = f"{self.n_in} -> {self.n_hidden} -> {self.readout.out_features}"
        return f"{self.preset!r}, {sizes}, dt={self.dt:g}, {self.parts}"

    def start(self, batch: int) -> BRNNState:
        """The state at rest: v = 0 or r = 0, u = U, x = 1.

        Raises:
            BadInput: for a batch that is no whole number from 1.
        """
        if not is_whole(batch, 1):
            raise BadInput.one("batch", batch, f"a whole number from 1 to {MOST}")
        zero = self.readout.weight.new_zeros(batch, self.n_hidden)
        u, x = None, None
        if self.parts.plastic and isinstance(self.cell, Cell):
            u, x = self.cell.plasticity()[2].expand(batch, -1), torch.ones_like(zero)
        if self.parts.state == "rate":
            return BRNNState(None, zero, u, x)
        return BRNNState(zero, RATES[self.parts.rate].value(zero), u, x)

    def forward(self, x: Tensor, state: BRNNState | None = None) -> tuple[Tensor, BRNNState]:
        """Sequence (B, T, n_in) from a given state, or from rest -> logits (B, n_out), and the state after it."""
        x, state = self._read(x, state)
        _, _, u, x_left, end = self._series(x, state)
        return self.read(end), self._last(end, u, x_left)

    def run(self, x: Tensor, state: BRNNState | None = None) -> BRNNTrace:
        """A sequence with everything that can be looked at; gradients reach all of it.

        Raises:
            BadInput: for a wrong shape, and values that are not finite.
        """
        x, state = self._read(x, state)
        series, z, u, x_left, end = self._series(x, state)
        r = RATES[self.parts.rate].value(series) if self.parts.state == "voltage" else series
        shown = {"state": series, "z": z, "r": r, "u": u, "x": x_left}
        batch_first: dict[str, Any] = {k: None if s is None else s.transpose(0, 1) for k, s in shown.items()}
        return BRNNTrace(**batch_first, logits=self.read(end), last=self._last(end, u, x_left))

    def _series(self, x: Tensor, start: BRNNState) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None, Tensor]:
        """State, z, u and x of all steps, (T, B, n), and the last state; time first, as the loop reads it."""
        parts = self.parts
        if isinstance(self.cell, GRU):
            state_series, z = self.cell.run(x, start.r)
            return state_series.transpose(0, 1), z.transpose(0, 1), None, None, state_series[:, -1]
        weights, steps = self.cell.weights(), x.transpose(0, 1)
        A = projected(steps, weights.P, weights.b)
        G = None if weights.P_z is None else projected(steps, weights.P_z, weights.b_z)
        plastic = (start.u, start.x, *self.cell.plasticity()) if parts.plastic else (None,) * 5
        voltage = parts.state == "voltage"
        spec = LoopSpec(voltage, parts.rate, self.dt, self.dt if parts.scale == "dt" else 1.0)
        first = start.v if voltage else start.r
        return Loop.apply(spec, A, weights.W, G, weights.K, weights.z, first, *plastic)  # type: ignore[no-any-return, no-untyped-call]

    def _last(self, state: Tensor, u: Tensor | None, x: Tensor | None) -> BRNNState:
        ends = (None if s is None else s[-1] for s in (u, x))
        if self.parts.state == "rate":
            return BRNNState(None, state, *ends)
        return BRNNState(state, RATES[self.parts.rate].value(state), *ends)

    def read(self, state: Tensor) -> Tensor:
        """Logits (B, n_out) for v or r (B, n); inhibitory units are 0 in it where the output is ``excitatory``.

        Raises:
            BadInput: for another shape.
        """
        if state.shape[-1:] != (self.n_hidden,):
            raise BadInput.one("state", tuple(state.shape), f"(..., {self.n_hidden})", "(shape)")
        if self.parts.output == "excitatory" and isinstance(self.cell, Cell):
            state = torch.where(self.cell.excites, state, torch.zeros_like(state))
        out: Tensor = self.readout(state)
        return out

    def graph(self) -> RateGraph:
        """The network as plain data, with the weights that act now; see ``arcana.networks.brnn.graph``."""
        return rate_graph(self.parts, self.cell, self.readout)

    def _read(self, x: Any, state: BRNNState | None) -> tuple[Tensor, BRNNState]:
        problems, x = Problems(), as_type_of(self.readout, x)
        good = isinstance(x, torch.Tensor) and not x.is_complex() and x.ndim == 3 and 0 not in x.shape
        if not good or x.shape[-1] != self.n_in:
            shape = tuple(getattr(x, "shape", ())) or type(x).__name__
            allowed = f"real numbers (batch, time, {self.n_in}), at least one series and one step"
            raise BadInput.one("x", shape, allowed, "(shape)")
        if not bool(torch.isfinite(x).all()):
            problems.note("x", f"{int((~torch.isfinite(x)).sum())} values", "finite numbers")
        if state is None:
            found = self.start(len(x))
        else:
            found = read_state(state, self.readout, (len(x), self.n_hidden), self.parts, problems)
        problems.raise_if_any()
        return x, found
