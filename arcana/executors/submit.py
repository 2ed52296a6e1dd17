"""Executors of others: anything with ``submit`` that gives futures, as in ``concurrent.futures``."""

from __future__ import annotations

import queue
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from typing import Any

from arcana.executors.calculate import Answer, calculate
from arcana.executors.chunks import Chunk, Work
from arcana.executors.failures import WorkersFailed
from arcana.executors.payload import Payload, by_reference

_LOOK = 60.0  # s


class Submit:
    """The user's own executor. It is neither started nor shut down here, and its workers are not replaced.

    The work goes along with every chunk, and a process calculates one chunk at a time however many threads it has.
    """

    def __init__(self, executor: Any) -> None:
        self.executor = executor

    def pack(self, work: Work) -> Payload:
        """See ``Executor``."""
        return by_reference(work)

    def run(self, packed: Payload, chunks: Sequence[Chunk]) -> Generator[tuple[Chunk, Answer], None, None]:
        """See ``Executor``."""
        futures = {self.executor.submit(calculate, packed, chunk, None): chunk for chunk in chunks}
        try:
            with closing(as_they_end(futures, _LOOK, lambda: None)) as ended:
                for future, chunk in ended:
                    yield chunk, _answer(future, chunk)
        finally:
            for future in futures:
                future.cancel()


def _answer(future: Any, chunk: Chunk) -> Answer:
    try:
        answer: Answer = future.result()
    except Exception as error:  # errors of the work come as a Failure: this is the executor
        raise WorkersFailed(f"{chunk}: the executor did not bring it to an end: {error!r}") from error
    return answer


def as_they_end(
    futures: Mapping[Any, Chunk], patience: float, idle: Callable[[], None]
) -> Generator[tuple[Any, Chunk], None, None]:
    """Futures in the order in which they end; ``idle`` is called whenever none has for ``patience`` seconds."""
    ended: queue.SimpleQueue[tuple[Any, Chunk]] = queue.SimpleQueue()
    for future, chunk in futures.items():
        future.add_done_callback(lambda done, chunk=chunk: ended.put((done, chunk)))
    for _ in futures:
        while True:
            try:
                one = ended.get(timeout=patience)
                break
            except queue.Empty:
                idle()
        yield one
