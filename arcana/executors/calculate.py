"""What a worker does: load the work once, calculate chunks one after the other."""

from __future__ import annotations

import pickle
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import arcana
from arcana.errors import BadInput
from arcana.executors.chunks import Chunk, Work
from arcana.executors.failures import Failure
from arcana.executors.payload import Payload
from arcana.executors.versions import check_version

Answer: TypeAlias = list[float] | Failure

# A work changes its network while it runs (mismatch on, mismatch off): never two chunks at once in one process
_ONE_AT_A_TIME = threading.Lock()
_loaded: dict[str, Work] = {}


def calculate(payload: Payload, chunk: Chunk, threads: int | None) -> Answer:
    """The values of a chunk, or what went wrong."""
    with _ONE_AT_A_TIME:
        try:
            check_version(payload.version, arcana.__version__, "this worker")
            if payload.digest not in _loaded:
                _loaded.clear()
                _loaded[payload.digest] = load(payload.data)
        except BaseException as error:
            return Failure.of(error)
        return attempt(_loaded[payload.digest], chunk, threads)


def attempt(work: Work, chunk: Chunk, threads: int | None) -> Answer:
    """The values of a chunk from a work that is loaded, or what went wrong."""
    try:
        with torch_threads(threads):
            return work(chunk.point, chunk.first, chunk.count)
    except BaseException as error:
        return Failure.of(error)


def load(data: bytes) -> Work:
    """The work from its bytes.

    Raises:
        BadInput: if a module that it needs is not there.
    """
    try:
        work: Work = pickle.loads(data)
    except (ImportError, AttributeError) as error:
        hint = "workers must be able to import what the caller imports"
        raise BadInput.one("work", str(error), "a work that a worker can load", hint=hint) from error
    return work


@contextmanager
def torch_threads(threads: int | None) -> Iterator[None]:
    """Torch on so many threads inside the block, if torch is in use at all; None leaves it alone."""
    torch = sys.modules.get("torch")
    if torch is None or threads is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
