"""A worker of a local pool: a process that calculates chunks until its pipe ends."""

from __future__ import annotations

import enum
import os
import signal
from contextlib import suppress
from multiprocessing.connection import Connection

from arcana.executors.calculate import attempt, load
from arcana.executors.chunks import Work
from arcana.executors.failures import Failure


class Asks(enum.Enum):
    """What a worker says when it has no answer."""

    WORK = enum.auto()  # started: send the work
    CHUNK = enum.auto()  # loaded: send a chunk


def serve(connection: Connection, threads: int | None) -> None:
    """Ask for the work, then for chunks, until there is no more, or nobody at the other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the caller, who then ends the workers
    if threads is not None:
        os.environ["OMP_NUM_THREADS"] = str(threads)  # for what is imported only with the work
    with suppress(EOFError, OSError):
        connection.send(Asks.WORK)
        data = connection.recv_bytes()
        try:
            work: Work | Failure = load(data)
        except BaseException as error:
            work = Failure.of(error)
        connection.send(Asks.CHUNK)
        while (chunk := connection.recv()) is not None:
            connection.send(work if isinstance(work, Failure) else attempt(work, chunk, threads))
