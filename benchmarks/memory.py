"""Peak memory of forward and backward, in a fresh process: ``python -m benchmarks.memory NAME SHAPE STEPS``."""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.arcana_layer import Unavailable
from benchmarks.shapes import SHAPES

MARK = "bytes per neuron-step: "
STATUS, REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def measure(name: str, shape: str, steps: int) -> float:
    """Bytes per neuron-step of a method at a shape.

    Raises:
        Unavailable: with the last line that the process said, if it failed.
    """
    command = [sys.executable, "-m", "benchmarks.memory", name, shape, str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        if line.startswith(MARK):
            return float(line.removeprefix(MARK))
    said = done.stderr.strip().splitlines()
    raise Unavailable(said[-1] if said else f"ended with code {done.returncode}")


def peak(reset: bool = False) -> int:
    """Most bytes that were resident so far, or since the last reset where the system can reset it (Linux)."""
    if reset and REFS.exists():
        try:
            REFS.write_text("5")
        except OSError:
            reset = False
    if STATUS.exists():
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def _run(name: str, shape_name: str, steps: int) -> float:
    from benchmarks.speed import methods

    torch.set_num_threads(1)
    shape = replace(SHAPES[shape_name], steps=steps)
    job = methods(others=False)[name](shape)
    job.train(2)  # imports and compiles what the first call does
    gc.collect()
    before = peak(reset=True)
    job.train(steps)
    return (peak() - before) / (steps * shape.lanes)


if __name__ == "__main__":
    sys.stdout.write(f"{MARK}{_run(sys.argv[1], sys.argv[2], int(sys.argv[3]))}\n")
