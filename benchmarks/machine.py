"""What the machine is, and what it can do at most: the costs that no simulation of these equations gets below."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks import engine_limits
from benchmarks.timing import Spread, Times, interleave

IN_CACHE = 16384  # float32 numbers: input and output stay in a second-level cache, torch's call overhead is small
FEW = 64  # numbers of a call that costs what any call costs
LARGE = 64 * 1024 * 1024  # float32 numbers: larger than any cache
REPORTED = (
    "torch",
    "numpy",
    "llvmlite",
    "norse",
    "snntorch",
    "spikingjelly",
    "sinabs",
    "rockpool",
    "jax",
    "brian2",
    "cython",
)


@dataclass(frozen=True)
class Limits:
    """Measured costs on one thread, the least of the repeats.

    Attributes:
        torch: Nanoseconds per number of torch's own exp, divide and add.
        engine: The same of the engine's vector instructions, and log; empty without the engine.
        copy: Gigabytes per second, read and written.
    """

    torch: dict[str, float]
    engine: dict[str, float]
    copy: float

    def least(self, operation: str) -> float:
        """The cheaper way to do an operation."""
        return min(costs[operation] for costs in (self.torch, self.engine) if operation in costs)


def limits(rounds: int) -> Limits:
    """Measure them. What a call costs by itself (a call with a few numbers) is taken off."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(IN_CACHE, generator=generator) + 0.5
    y, out = x.flip(0).contiguous(), torch.empty_like(x)
    few, large, copy = torch.ones(FEW), torch.ones(LARGE), torch.empty(LARGE)
    jobs: dict[str, Callable[[], object]] = {
        "call": lambda: torch.exp(few, out=few),
        "exp": lambda: torch.exp(x, out=out),
        "divide": lambda: torch.div(x, y, out=out),
        "add": lambda: torch.add(x, y, out=out),
    }
    with_copy = interleave(jobs | {"copy": lambda: copy.copy_(large)}, rounds)
    moved = 2 * large.nbytes / 1e9
    rate = moved / min(with_copy.pop("copy").cpu)
    return Limits(_per_number(with_copy), _engine(rounds), rate)


def _engine(rounds: int) -> dict[str, float]:
    try:
        calls = {operation: engine_limits.compiled(operation, IN_CACHE) for operation in engine_limits.OPERATIONS}
        calls["call"] = engine_limits.compiled("add", FEW)
    except ImportError:
        return {}
    return _per_number(interleave(calls, rounds))


def _per_number(times: dict[str, Times]) -> dict[str, float]:
    least = {name: min(t.cpu) for name, t in times.items()}
    call = least.pop("call")
    return {name: (t - call) * 1e9 / (IN_CACHE - FEW) for name, t in least.items()}


BUSY = "import time\nstart = time.perf_counter()\nfor _ in range({count}): pass\nprint(time.perf_counter() - start)"


def free_cores(rounds: int = 3) -> Spread:
    """Wall time of two busy processes at once over that of one: 1 if two cores are free, 2 if only one is."""
    command = [sys.executable, "-S", "-c", BUSY.format(count=10_000_000)]

    def run(processes: int) -> float:
        started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
        return max(float(p.communicate()[0]) for p in started)

    return Spread.of([run(2) / run(1) for _ in range(rounds)])


def describe(device: str) -> dict[str, str]:
    """Processor, cores, instruction set, versions and date."""
    facts = {
        "date": time.strftime("%Y-%m-%d"),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
    }
    if device.startswith("cuda"):
        facts["GPU"] = torch.cuda.get_device_name(device)
    for package in ("arcana", *REPORTED):
        try:
            facts[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return facts


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    fields: dict[str, str] = {}
    if info.exists():
        for line in info.read_text().splitlines():
            key, _, value = line.partition(":")
            fields.setdefault(key.strip(), value.strip())
    name = fields.get("model name") or platform.processor() or platform.machine()
    where = [f"{key} {fields[key]}" for key in ("cpu family", "model", "stepping") if key in fields]
    return f"{name} ({', '.join(where)})" if where else name
