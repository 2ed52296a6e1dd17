"""From a job to its result, by the kernels of whichever device."""

from __future__ import annotations

from typing import Any

import torch

from arcana.circuits import equations as eq
from arcana.circuits.dpi import DPIState, from_neuron, to_neuron
from arcana.circuits.names import RECEPTORS
from arcana.engine.compiled import pack
from arcana.engine.compiled.plan import Plan
from arcana.engine.compiled.spec import Spec
from arcana.engine.drive import Job, Result
from arcana.engine.program.circuit import NUMBERS, Circuit
from arcana.engine.stiffness import check_stiffness
from arcana.engine.surrogates import slope_text, surrogate_class
from arcana.typing import Tensor


def run(job: Job, function: Any, width: int, align: int, every: int) -> Result:
    """Run a job.

    Args:
        job: What to run; float32 or float64.
        function: ``Fused`` of the device: (plan, numbers, X, state, external, counts ..., coefficients ...) to
            spikes, the state that moves, peak of the AMPA current (rows, n), and the record.
        width: Lanes that are worked on together.
        align: Rows of neurons are filled up to a multiple of this.
        every: Steps between checkpoints.
    """
    drive, c, leading, n = job.drive, job.c, job.leading, job.n_out
    surrogate = surrogate_class(job.surrogate_fn)
    assert surrogate is not None
    slope = slope_text(surrogate)
    circuit = Circuit(c.solver, c.leak_saturation, c.live, drive.external is not None, surrogate, slope)
    shape = pack.shape_of(leading, drive.X.shape, job.c_leading, n, align)
    spec = Spec(
        circuit=circuit,
        feeds=tuple(r for r, w in zip(RECEPTORS, drive.feed, strict=True) if w is not None),
        loops=tuple(r for r, w in zip(RECEPTORS, drive.recurrent, strict=True) if w is not None),
        kind="double" if drive.X.dtype == torch.float64 else "float",
        width=width,
        ragged=n % width != 0,
        record=any(name != "spikes" for name in job.record),
    )
    plan = Plan(spec, shape, c.substeps, min(every, shape.steps))
    neuron = to_neuron(job.state, job.technology)
    moving = torch.stack([getattr(neuron, name).expand(*leading, n) for name in circuit.state], -2)
    numbers = torch.stack([getattr(c.k, name.removeprefix("k.")) for name in NUMBERS])
    external = None if drive.external is None else drive.external / job.technology.I0
    counts = [w for w in (*drive.feed, *drive.recurrent) if w is not None]
    spikes, after, peak, record = function.apply(
        plan, numbers, drive.X, moving, external, *counts, *(job.coefficients[name] for name in spec.coefficients)
    )
    highest = peak.reshape(*leading, n) if c.live.ampa else neuron.ampa.detach()
    check_stiffness(highest + c.dc.detach(), c, job.technology)
    end = _state(circuit, neuron, after.unbind(-2), leading, n)
    records = _records(job, plan, neuron, record, spikes) if job.record else {}
    return Result(spikes, from_neuron(end, job.technology), records)


def refuse_second_derivative() -> None:
    """To be called in a backward pass.

    Torch's ``once_differentiable`` notices only what depends on the incoming adjoints, and would leave the rest of
    a second derivative out.

    Raises:
        RuntimeError: if the gradient is to be differentiated again.
    """
    if torch.is_grad_enabled():
        raise RuntimeError(
            "the fused engine has no second derivatives (create_graph=True): run this inside "
            'arcana.use_engine("reference")'
        )


def _state(
    circuit: Circuit, before: eq.Neuron, moved: tuple[Tensor, ...], leading: tuple[int, ...], n: int
) -> eq.Neuron:
    """The neuron with the fields that move; the others are what they were."""
    fields = dict(zip(circuit.state, moved, strict=True))
    still = {name: value.expand(*leading, n) for name, value in before._asdict().items() if name not in fields}
    return eq.Neuron(**fields, **still)


def _records(job: Job, plan: Plan, before: eq.Neuron, record: Tensor, spikes: Tensor) -> dict[str, Tensor]:
    """What was asked for, in amperes and seconds."""
    s = plan.shape
    records: dict[str, Tensor] = {}
    if plan.spec.record:
        *fields, when = record.view(-1, *s.leading, s.steps, s.n).unbind(0)
        still = before._replace(**{
            name: value.expand(*s.leading, s.n).unsqueeze(-2).expand(*s.leading, s.steps, s.n)
            for name, value in before._asdict().items()
        })  # fmt: skip
        now = from_neuron(still._replace(**dict(zip(plan.spec.circuit.state, fields, strict=True))), job.technology)
        records = {name: getattr(now, name) for name in job.record if name in DPIState._fields}
        if "spike_times" in job.record:
            starts = torch.arange(s.steps, dtype=torch.float64, device=when.device).unsqueeze(-1) * job.dt
            records["spike_times"] = torch.where(spikes > 0, starts + when.double(), torch.nan)
    if "spikes" in job.record:
        records["spikes"] = spikes
    return records
