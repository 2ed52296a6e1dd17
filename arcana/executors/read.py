"""The user's ``executor=`` as something that runs chunks."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Protocol

from arcana.errors import BadInput
from arcana.executors.calculate import Answer
from arcana.executors.chunks import Chunk, Work
from arcana.executors.cluster import Dask
from arcana.executors.pool import LocalPool
from arcana.executors.submit import Submit

_ALLOWED = (
    "None or 'inline' (this process), 'processes' or a number of workers (a local pool), LocalPool(...), the "
    "address of a Dask scheduler ('tcp://host:8786'), a Dask client, Dask(...), or anything with `submit`"
)


class Executor(Protocol):
    """What calculates chunks."""

    def pack(self, work: Work) -> Any:
        """The work as it will be sent; an error here comes before anything starts."""

    def run(self, packed: Any, chunks: Sequence[Chunk]) -> Generator[tuple[Chunk, Answer], None, None]:
        """The answers as they come, in any order; all workers are stopped when it is closed."""


class Inline:
    """In this process, one chunk after the other."""

    def pack(self, work: Work) -> Work:
        """The work itself."""
        return work

    def run(self, packed: Work, chunks: Sequence[Chunk]) -> Generator[tuple[Chunk, Answer], None, None]:
        """See ``Executor``. Errors of the work are raised as they are."""
        for chunk in chunks:
            yield chunk, packed(chunk.point, chunk.first, chunk.count)


def read_executor(value: Any) -> Executor:
    """What runs the chunks: see the list in ``docs/scale-out.md``.

    Raises:
        BadInput: for anything else; the message lists what is allowed.
    """
    if value is None or value == "inline":
        return Inline()
    if value == "processes":
        return LocalPool()
    if isinstance(value, int) and not isinstance(value, bool):
        return LocalPool(value)
    if isinstance(value, (Inline, LocalPool, Dask, Submit)):
        return value
    if (isinstance(value, str) and "://" in value) or Dask.is_client(value):
        return Dask(value)
    if callable(getattr(value, "submit", None)):
        return Submit(value)
    raise BadInput.one("executor", value, _ALLOWED)
