"""The time loop over ``circuits.equations`` in eager torch: any dtype, any device, under any transform."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import torch

from arcana.circuits import equations as eq
from arcana.circuits.dpi import DPIState, from_neuron, to_neuron
from arcana.circuits.names import RECEPTORS
from arcana.circuits.technology import Technology
from arcana.errors import ArcanaWarning
from arcana.typing import Surrogate, Tensor
from arcana.units import show

STIFF = 2.0  # largest h |dF/dx| that the explicit solvers follow


class StiffDriveWarning(ArcanaWarning):
    """The input current is too large for the sub-steps: spike times and gradients are not accurate."""


RECORDABLE = ("spikes", "spike_times", *DPIState._fields)


class Drive(NamedTuple):
    """The input of a whole sequence; every tensor (..., batch, time, n_out), None where there is none.

    ``recurrent`` holds (n_out, n_out) counts per receptor: a spike reaches its targets at the start of the next
    step. ``external`` is a current [A].
    """

    ampa: Tensor | None = None
    nmda: Tensor | None = None
    gabaa: Tensor | None = None
    gabab: Tensor | None = None
    external: Tensor | None = None
    recurrent: tuple[Tensor | None, ...] = (None, None, None, None)


def run(
    drive: Drive,
    steps: int,
    state: DPIState,
    c: eq.Coefficients,
    technology: Technology,
    dt: float,
    surrogate_fn: Surrogate,
    record: Sequence[str] = (),
) -> tuple[Tensor, DPIState, dict[str, Tensor]]:
    """Run ``steps`` steps of ``circuits.equations.step``.

    Returns:
        Spikes (..., batch, time, n_out), the state at the end, and what was asked to be recorded: currents [A]
        at the end of each step, ``spike_times`` [s] from the start of the sequence (NaN where none).
    """
    # unbind, not x[:, t]: the backward pass of indexing is quadratic in the number of steps
    events = [None if e is None else e.unbind(-2) for e in drive[:4]]
    external = None if drive.external is None else (drive.external / technology.I0).unbind(-2)
    recurrent = tuple(None if w is None else w.transpose(-1, -2) for w in drive.recurrent)
    looped = any(w is not None for w in recurrent)
    n = to_neuron(state, technology)
    peak = n.ampa.detach()
    spikes: list[Tensor] = []
    kept: dict[str, list[Tensor]] = {name: [] for name in record if name != "spikes"}
    for k in range(steps):
        n = eq.receive(n, tuple(None if e is None else e[k] for e in events), c)
        if c.live.ampa:
            peak = torch.maximum(peak, n.ampa.detach())
        n, s, when = eq.step(n, None if external is None else external[k], c, surrogate_fn)
        if looped:
            n = eq.receive(n, tuple(None if w is None else s @ w for w in recurrent), c)
        spikes.append(s)
        if kept:
            now = from_neuron(n, technology)
            for name, values in kept.items():
                values.append(_spike_time(s, when, k * dt) if name == "spike_times" else getattr(now, name))
    _check_stiffness(peak + c.dc.detach(), c, technology)
    out = torch.stack(spikes, -2)
    records = {name: torch.stack(values, -2) for name, values in kept.items()}
    if "spikes" in record:
        records["spikes"] = out
    return out, from_neuron(n, technology), records


def _spike_time(s: Tensor, when: Tensor, start: float) -> Tensor:
    return torch.where(s > 0, start + when.detach().double(), torch.nan)


def _check_stiffness(peak: Tensor, c: eq.Coefficients, technology: Technology) -> None:
    """The slope of the input term Iin Igain / (Igain + I) in x is steepest at I = Igain, where it is Iin / 4."""
    if c.solver == "euler" or torch._C._functorch.is_functorch_wrapped_tensor(peak):
        return
    per_unit = float(c.k.rate * c.k.h) / 4
    worst = float(peak.max())
    if worst * per_unit > STIFF:
        needed = math.ceil(c.substeps * worst * per_unit / STIFF)
        warnings.warn(
            f"the input current reaches {show(worst * technology.I0, 'A')}; sub-steps of "
            f"{show(float(c.k.h), 's')} are accurate up to {show(STIFF / per_unit * technology.I0, 'A')}: lower "
            f"the drive (Iw_ampa, synapse counts, rates), or set substeps={needed}",
            StiffDriveWarning,
            stacklevel=5,
        )


def live_receptors(drive: Drive) -> tuple[bool, ...]:
    """Which of the four receptors can receive anything in this run."""
    return tuple(drive[i] is not None or drive.recurrent[i] is not None for i in range(len(RECEPTORS)))
