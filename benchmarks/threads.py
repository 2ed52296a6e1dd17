"""Two threads against one, by the clock on the wall."""

from __future__ import annotations

from functools import partial

import torch

from benchmarks.jobs import Job
from benchmarks.timing import Spread, Times, once


def two_over_one(job: Job, steps: int, rounds: int) -> dict[str, tuple[Spread, Spread]]:
    """Wall seconds with one thread over those with two, and the seconds with one, by phase."""
    found = {}
    try:
        for phase in ("forward", "train"):
            run = partial(getattr(job, phase), steps)
            times = {1: Times(), 2: Times()}
            for count in (1, 2):
                torch.set_num_threads(count)
                run()
            for _ in range(rounds):
                for count, kept in times.items():
                    torch.set_num_threads(count)
                    kept.wall.append(once(run)[1])
            gain = [a / b for a, b in zip(times[1].wall, times[2].wall, strict=True)]
            found[phase] = Spread.of(gain), Spread.of(times[1].wall)
    finally:
        torch.set_num_threads(1)
    return found
