"""A job through the kernels for the processor."""

from __future__ import annotations

from arcana.engine.compiled import job as compiled
from arcana.engine.drive import Job, Result
from arcana.engine.fused_cpu.function import Fused

# Bytes of the lanes that are worked on together, and the measured cost of a lane: several registers of the widest
# kind let the processor overlap their work
LANE_COST = {256: 1.0, 128: 1.1, 64: 1.45}


def run(job: Job, every: int) -> Result:
    """Run a job whose tensors lie on the processor, in float32 or float64; ``every``: steps between checkpoints."""
    width = _width(job.n_out, job.drive.X.element_size())
    return compiled.run(job, Fused, width, width, every)


def _width(n: int, size: int) -> int:
    """The number of lanes for which n neurons, filled up to whole rows of lanes, cost least."""
    return min((w // size for w in LANE_COST), key=lambda w: -(-n // w) * w * LANE_COST[w * size])
