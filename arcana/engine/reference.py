"""The time loop over ``circuits.equations`` in eager torch: any dtype, any device, under any transform."""

from __future__ import annotations

import torch

from arcana.circuits import equations as eq
from arcana.circuits.dpi import from_neuron, to_neuron
from arcana.engine.drive import Job, Result
from arcana.engine.stiffness import check_stiffness
from arcana.typing import Tensor


def run(job: Job) -> Result:
    """Step ``circuits.equations.step`` through the whole sequence.

    Records are currents [A] at the end of each step and ``spike_times`` [s] from the start (NaN where none).
    """
    drive, c, technology = job.drive, job.c, job.technology
    # unbind, not x[:, t]: the backward pass of indexing is quadratic in the number of steps
    events = [None if w is None else (drive.X @ w.mT).unbind(-2) for w in drive.feed]
    external = None if drive.external is None else (drive.external / technology.I0).unbind(-2)
    recurrent = tuple(None if w is None else w.mT for w in drive.recurrent)
    looped = any(w is not None for w in recurrent)
    n = to_neuron(job.state, technology)
    peak = n.ampa.detach()
    spikes: list[Tensor] = []
    kept: dict[str, list[Tensor]] = {name: [] for name in job.record if name != "spikes"}
    for k in range(job.steps):
        n = eq.receive(n, tuple(None if e is None else e[k] for e in events), c)
        if c.live.ampa:
            peak = torch.maximum(peak, n.ampa.detach())
        n, s, when = eq.step(n, None if external is None else external[k], c, job.surrogate_fn)
        if looped:
            n = eq.receive(n, tuple(None if w is None else s @ w for w in recurrent), c)
        spikes.append(s)
        if kept:
            now = from_neuron(n, technology)
            for name, values in kept.items():
                values.append(_spike_time(s, when, k * job.dt) if name == "spike_times" else getattr(now, name))
    if not torch._C._functorch.is_functorch_wrapped_tensor(peak):
        check_stiffness(peak + c.dc.detach(), c, technology)
    out = torch.stack(spikes, -2)
    records = {name: torch.stack(values, -2) for name, values in kept.items()}
    if "spikes" in job.record:
        records["spikes"] = out
    return Result(out, from_neuron(n, technology), records)


def _spike_time(s: Tensor, when: Tensor, start: float) -> Tensor:
    return torch.where(s > 0, start + when.detach().double(), torch.nan)
