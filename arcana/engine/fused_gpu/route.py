"""A job through the Triton kernels."""

from __future__ import annotations

import importlib.util
import os

import torch

from arcana.engine.compiled import job as compiled
from arcana.engine.drive import Job, Result
from arcana.engine.fused_gpu.call import WARP
from arcana.engine.fused_gpu.function import Fused

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
    looped = any(w is not None for w in job.drive.recurrent)
    return compiled.run(job, Fused, block(job.n_out), 1, 1 if looped else every)


def block(n: int) -> int:
    """Neurons of a program instance: whole warps, a power of two."""
    lanes = WARP
    while lanes < min(n, MOST_LANES):
        lanes *= 2
    return lanes
