"""A job through the Triton kernels."""

from __future__ import annotations

import importlib.util
import os

import torch

from arcana.circuits.dpi import from_neuron, to_neuron
from arcana.circuits.names import RECEPTORS
from arcana.engine.drive import Job, Result
from arcana.engine.fused_cpu import pack
from arcana.engine.fused_cpu.launch import Plan
from arcana.engine.fused_cpu.route import _records, _state
from arcana.engine.fused_cpu.spec import Spec
from arcana.engine.fused_gpu.call import WARP
from arcana.engine.fused_gpu.function import Fused
from arcana.engine.program.circuit import NUMBERS, Circuit
from arcana.engine.stiffness import check_stiffness
from arcana.engine.surrogates import surrogate_class

MOST_LANES = 128  # of a program instance: one neuron for each thread of four warps


def usable(device: torch.device) -> bool:
    """Whether the kernels run on tensors of this device; Triton's interpreter runs them on the processor."""
    return device.type == "cuda" or (device.type == "cpu" and os.environ.get("TRITON_INTERPRET") == "1")


def why_not(job: Job) -> str | None:
    """Why a job cannot take this route; None if it can."""
    if not usable(job.drive.X.device):
        return f"its tensors are on {job.drive.X.device.type}"
    if importlib.util.find_spec("triton") is None:
        return "Triton is not installed"
    return None


def run(job: Job, every: int) -> Result:
    """Run a job whose tensors lie on one GPU, in float32 or float64; ``every``: steps between checkpoints.

    Recurrent layers go step by step, with a matrix product and a checkpoint after each.
    """
    drive, c, leading, n = job.drive, job.c, job.leading, job.n_out
    surrogate = surrogate_class(job.surrogate_fn)
    assert surrogate is not None
    circuit = Circuit(c.solver, c.leak_saturation, c.live, drive.external is not None, surrogate)
    spec = Spec(
        circuit=circuit,
        feeds=tuple(r for r, w in zip(RECEPTORS, drive.feed, strict=True) if w is not None),
        loops=tuple(r for r, w in zip(RECEPTORS, drive.recurrent, strict=True) if w is not None),
        kind="double" if drive.X.dtype == torch.float64 else "float",
        width=block(n),
        ragged=True,
        record=any(name != "spikes" for name in job.record),
    )
    shape = pack.shape_of(leading, drive.X.shape, job.c_leading, n, 1)
    plan = Plan(spec, shape, c.substeps, 1 if spec.loops else every)
    neuron = to_neuron(job.state, job.technology)
    moving = torch.stack([getattr(neuron, name).expand(*leading, n) for name in circuit.state], -2)
    numbers = torch.stack([getattr(c.k, name.removeprefix("k.")) for name in NUMBERS])
    external = None if drive.external is None else drive.external / job.technology.I0
    counts = [w for w in (*drive.feed, *drive.recurrent) if w is not None]
    spikes, after, peak, record = Fused.apply(  # type: ignore[no-untyped-call]
        plan, numbers, drive.X, moving, external, *counts, *(job.coefficients[name] for name in spec.coefficients)
    )
    highest = peak.view(*leading, n) if c.live.ampa else neuron.ampa.detach()
    check_stiffness(highest + c.dc.detach(), c, job.technology)
    end = _state(circuit, neuron, after.unbind(-2), leading, n)
    records = _records(job, plan, neuron, record, spikes) if job.record else {}
    return Result(spikes, from_neuron(end, job.technology), records)


def block(n: int) -> int:
    """Neurons of a program instance: whole warps, a power of two."""
    lanes = WARP
    while lanes < min(n, MOST_LANES):
        lanes *= 2
    return lanes
