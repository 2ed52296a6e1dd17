"""Interleaved timing: every round runs each job once, so that a machine that slows down slows all of them."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

SHORTEST = 0.02  # [s]: a job that is faster is run several times a round


@dataclass(frozen=True)
class Spread:
    """Median, least and greatest of some repeats."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """The spread of values."""
        return cls(statistics.median(values), min(values), max(values))

    def __mul__(self, factor: float) -> Spread:
        return Spread(self.median * factor, self.low * factor, self.high * factor)

    def __str__(self) -> str:
        if self.low == self.high:
            return number(self.median)
        return f"{number(self.median)} ({number(self.low)}-{number(self.high)})"


@dataclass
class Times:
    """Seconds of one call in every round: of the processor (all threads) and of the clock on the wall."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)


def number(value: float) -> str:
    """Three significant digits."""
    if value == 0 or not abs(value) < float("inf"):
        return f"{value:g}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) >= 1e-3 else f"{value:.2e}"


def ratio(of: list[float], to: list[float]) -> Spread:
    """``of`` / ``to``, round by round."""
    return Spread.of([a / b for a, b in zip(of, to, strict=True)])


def once(job: Callable[[], object], count: int = 1) -> tuple[float, float]:
    """Processor and wall seconds of one of ``count`` calls."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(count):
        job()
    return (time.process_time() - cpu) / count, (time.perf_counter() - wall) / count


def interleave(jobs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """Time every job in every round, after one call of each that is not counted."""
    counts = {name: max(1, round(SHORTEST / max(once(job)[1], 1e-6))) for name, job in jobs.items()}
    times = {name: Times() for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            cpu, wall = once(job, counts[name])
            times[name].cpu.append(cpu)
            times[name].wall.append(wall)
    return times
