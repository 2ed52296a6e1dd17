"""The workers of a local pool, each with its own pipe: who died at which chunk is always known."""

from __future__ import annotations

import signal
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from arcana.executors.calculate import Answer
from arcana.executors.chunks import Chunk
from arcana.executors.failures import WorkersFailed
from arcana.executors.payload import Payload
from arcana.executors.worker import Asks, serve

_STILLBORN = 3  # workers in a row that end before they have loaded the work
_GRACE = 5.0  # s, for a worker to end


@dataclass(eq=False)
class Member:
    """A worker: its process, our end of its pipe, and what it has in hand."""

    process: SpawnProcess
    connection: Connection
    chunk: Chunk | None = None


class Team:
    """Gives chunks to workers, takes their answers, replaces those that end.

    Args:
        payload: Sent to each worker once.
        chunks: What is to be done.
        threads: Torch threads of each worker.
        deaths: So many workers may end at one chunk.
    """

    def __init__(self, payload: Payload, chunks: Sequence[Chunk], threads: int | None, deaths: int) -> None:
        self._payload, self._threads, self._most = payload, threads, deaths
        self._waiting = deque(chunks)
        self._deaths: Counter[Chunk] = Counter()
        self._stillborn = 0
        self._members: dict[Connection, Member] = {}
        self._leaving: list[Member] = []

    def answers(self, workers: int) -> Iterator[tuple[Chunk, Answer]]:
        """The answers as they come.

        Raises:
            WorkersFailed: if a chunk ends its worker again and again, or workers do not even start.
        """
        left = len(self._waiting)
        for _ in range(workers):
            self._hire()
        while left:
            for connection in wait(list(self._members)):
                assert isinstance(connection, Connection)
                done = self._attend(self._members[connection])
                if done is not None:
                    left -= 1
                    yield done

    def stop(self) -> None:
        """End all workers, whatever they are at."""
        for member in self._members.values():
            member.process.terminate()
        for member in (*self._members.values(), *self._leaving):
            member.process.join(_GRACE)
            if member.process.exitcode is None:
                member.process.kill()
                member.process.join()
            member.connection.close()
        self._members.clear()
        self._leaving.clear()

    def _hire(self) -> None:
        # Not forked: torch's threads do not survive a fork
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, self._threads), daemon=True)
        process.start()
        theirs.close()  # so that the pipe ends when the worker does
        self._members[ours] = Member(process, ours)

    def _attend(self, member: Member) -> tuple[Chunk, Answer] | None:
        """Take what a worker has to say, and give it what it needs next."""
        try:
            said: Asks | Answer = member.connection.recv()
            if said is Asks.WORK:
                member.connection.send_bytes(self._payload.data)
                return None
        except (EOFError, OSError):
            self._replace(member)
            return None
        self._stillborn = 0
        chunk, member.chunk = member.chunk, None
        self._give(member)
        return None if isinstance(said, Asks) or chunk is None else (chunk, said)

    def _give(self, member: Member) -> None:
        """The next chunk; a worker for whom there is none may go."""
        if self._waiting:
            member.chunk = self._waiting.popleft()
        with suppress(OSError):  # it is dead: the next look at its pipe says so
            member.connection.send(member.chunk)
        if member.chunk is None:
            self._leaving.append(self._members.pop(member.connection))

    def _replace(self, member: Member) -> None:
        """Bury a worker, put its chunk back, hire another."""
        del self._members[member.connection]
        self._leaving.append(member)
        member.process.join(_GRACE)
        how = _cause(member.process.exitcode)
        if member.chunk is None:
            self._stillborn += 1
            if self._stillborn >= _STILLBORN:
                raise WorkersFailed(
                    f"{_STILLBORN} workers in a row ended before they had loaded the work ({how}; their own "
                    "messages are above). A script must start a pool under `if __name__ == '__main__':`"
                )
        else:
            self._deaths[member.chunk] += 1
            if self._deaths[member.chunk] >= self._most:
                raise WorkersFailed(
                    f"{member.chunk}: {self._most} workers ended while they calculated this chunk ({how}). If "
                    "memory is short, take fewer workers or smaller chunks"
                )
            self._waiting.appendleft(member.chunk)
        self._hire()


def _cause(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        with suppress(ValueError):
            return f"killed by {signal.Signals(-exitcode).name}"
    return f"exit code {exitcode}"
