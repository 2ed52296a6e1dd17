"""Workers on this machine: processes of their own, replaced when they end."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence

from arcana.errors import Problems
from arcana.executors.calculate import Answer
from arcana.executors.chunks import Chunk, Work
from arcana.executors.payload import Payload, by_reference
from arcana.executors.team import Team


class LocalPool:
    """A pool of processes on this machine, started fresh (not forked) for each study.

    A worker that ends (killed, out of memory) is replaced and its chunk done again.

    Args:
        workers: How many; None takes one for each processor that this process may use.
        threads: Torch threads of each worker; None leaves torch its choice.
        deaths: So many workers may end at one chunk before the study stops.

    Raises:
        BadInput: for numbers that are not whole or below 1.
    """

    def __init__(self, workers: int | None = None, threads: int | None = 1, deaths: int = 3) -> None:
        problems = Problems()
        for name, value in (("workers", workers), ("threads", threads), ("deaths", deaths)):
            if value is None and name != "deaths":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                problems.note(name, value, "a whole number >= 1")
        problems.raise_if_any()
        self.workers = workers or _processors()
        self.threads, self.deaths = threads, deaths

    def pack(self, work: Work) -> Payload:
        """See ``Executor``."""
        return by_reference(work)

    def run(self, packed: Payload, chunks: Sequence[Chunk]) -> Generator[tuple[Chunk, Answer], None, None]:
        """See ``Executor``."""
        team = Team(packed, chunks, self.threads, self.deaths)
        try:
            yield from team.answers(min(self.workers, len(chunks)))
        finally:
            team.stop()


def _processors() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity else os.cpu_count() or 1
