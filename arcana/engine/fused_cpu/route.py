"""A job through the compiled kernels."""

from __future__ import annotations

import torch

from arcana.circuits import equations as eq
from arcana.circuits.dpi import DPIState, from_neuron, to_neuron
from arcana.circuits.names import RECEPTORS
from arcana.engine.drive import Job, Result
from arcana.engine.fused_cpu import pack
from arcana.engine.fused_cpu.function import Fused
from arcana.engine.fused_cpu.launch import Plan
from arcana.engine.fused_cpu.spec import Spec
from arcana.engine.program.circuit import NUMBERS, Circuit
from arcana.engine.stiffness import check_stiffness
from arcana.engine.surrogates import surrogate_class
from arcana.typing import Tensor

# Bytes of the lanes that are worked on together, and the measured cost of a lane: several registers of the widest
# kind let the processor overlap their work
LANE_COST = {256: 1.0, 128: 1.1, 64: 1.45}


def run(job: Job, every: int) -> Result:
    """Run a job whose tensors lie on the processor, in float32 or float64; ``every``: steps between checkpoints."""
    drive, c = job.drive, job.c
    values, leading = job.coefficients, job.leading
    surrogate = surrogate_class(job.surrogate_fn)
    assert surrogate is not None
    circuit = Circuit(c.solver, c.leak_saturation, c.live, drive.external is not None, surrogate)
    width = _width(job.n_out, job.drive.X.element_size())
    shape = pack.shape_of(leading, drive.X.shape, job.c_leading, job.n_out, width)
    spec = Spec(
        circuit=circuit,
        feeds=tuple(r for r, w in zip(RECEPTORS, drive.feed, strict=True) if w is not None),
        loops=tuple(r for r, w in zip(RECEPTORS, drive.recurrent, strict=True) if w is not None),
        kind="double" if drive.X.dtype == torch.float64 else "float",
        width=width,
        ragged=shape.padded != shape.n,
        record=any(name != "spikes" for name in job.record),
    )
    plan = Plan(spec, shape, c.substeps, every)
    neuron = to_neuron(job.state, job.technology)
    moving = torch.stack([getattr(neuron, name).expand(*leading, job.n_out) for name in circuit.state], -2)
    numbers = torch.stack([getattr(c.k, name.removeprefix("k.")) for name in NUMBERS])
    external = None if drive.external is None else drive.external / job.technology.I0
    counts = [w for w in (*drive.feed, *drive.recurrent) if w is not None]
    spikes, after, peak, record = Fused.apply(  # type: ignore[no-untyped-call]
        plan, numbers, drive.X, moving, external, *counts, *(values[name] for name in spec.coefficients)
    )
    if c.live.ampa:
        check_stiffness(peak.view(*leading, -1)[..., : job.n_out] + c.dc.detach(), c, job.technology)
    else:
        check_stiffness(neuron.ampa.detach() + c.dc.detach(), c, job.technology)
    end = _state(circuit, neuron, after.unbind(-2), leading, job.n_out)
    records = _records(job, plan, neuron, record, spikes) if job.record else {}
    return Result(spikes, from_neuron(end, job.technology), records)


def _width(n: int, size: int) -> int:
    """The number of lanes for which n neurons, filled up to whole rows of lanes, cost least."""
    return min((w // size for w in LANE_COST), key=lambda w: -(-n // w) * w * LANE_COST[w * size])


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
            starts = torch.arange(s.steps, dtype=torch.float64).unsqueeze(-1) * job.dt
            records["spike_times"] = torch.where(spikes > 0, starts + when.double(), torch.nan)
    if "spikes" in job.record:
        records["spikes"] = spikes
    return records
