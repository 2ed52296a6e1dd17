"""What a user waits for: the import, the first result after installation, the first result of a later process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from benchmarks.arcana_layer import Unavailable
from benchmarks.timing import Spread

TORCH = "import torch"
IMPORT = "import arcana"
FIRST = """
import torch, arcana
torch.set_num_threads(1)
layer = arcana.DPILayer(64, 256, train_ampa=True)
spikes, _ = layer((torch.rand(1, 10, 64) < 0.05).float())
spikes.sum().backward()
"""
CACHE = "ARCANA_CACHE_DIR"


def seconds(rounds: int) -> dict[str, Spread]:
    """Wall time in a fresh process after the start of the interpreter, interleaved."""
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as empty:
            for name, code in (
                ("import torch", TORCH),
                ("import arcana", IMPORT),
                ("first result, empty cache", FIRST),
                ("first result, later process", FIRST),
            ):
                taken.setdefault(name, []).append(_process(code, {CACHE: empty}))
    return {name: Spread.of(values) for name, values in taken.items()}


def _process(code: str, settings: dict[str, str]) -> float:
    begun = "import time as _t; print(_t.time())\n"
    ending = "\nprint(_t.time())"
    done = subprocess.run(
        [sys.executable, "-c", begun + code + ending],
        env=os.environ | settings, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Unavailable(done.stderr.strip().splitlines()[-1])
    first, *_, last = done.stdout.split()
    return float(last) - float(first)
