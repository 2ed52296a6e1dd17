"""Workers of a Dask cluster: as many machines as there are."""

from __future__ import annotations

import asyncio
import importlib
import uuid
import warnings
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from typing import Any

from arcana.errors import BadInput, Problems
from arcana.executors.calculate import Answer, calculate
from arcana.executors.chunks import Chunk, Work
from arcana.executors.failures import WorkersFailed
from arcana.executors.payload import Payload, by_value
from arcana.executors.submit import as_they_end
from arcana.executors.versions import asking, check_workers


class Dask:
    """A running Dask cluster. A worker that is lost is done without, or replaced, and its chunk done again.

    Args:
        where: Address of the scheduler ("tcp://host:8786"), or a ``distributed.Client``.
        timeout: Longest wait for the scheduler, and then for a first worker [s].
        threads: Torch threads of each worker; None leaves torch its choice.
        patience: With no result and no worker for so long [s], the study stops.

    Raises:
        BadInput: for values that are not allowed, or if ``distributed`` is not installed.
    """

    def __init__(self, where: Any, timeout: float = 10.0, threads: int | None = 1, patience: float = 60.0) -> None:
        problems = Problems()
        if not self.is_client(where) and not (isinstance(where, str) and "://" in where):
            problems.note("where", where, "the address of a scheduler, like tcp://host:8786, or a Dask client")
        elif getattr(where, "asynchronous", False):
            problems.note("where", where, "a client with asynchronous=False")
        for name, value in (("timeout", timeout), ("patience", patience)):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                problems.note(name, value, "a number > 0", "s")
        if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
            problems.note("threads", threads, "a whole number >= 1")
        problems.raise_if_any()
        self.where, self.timeout, self.threads, self.patience = where, timeout, threads, patience
        self._distributed = _imported()

    @staticmethod
    def is_client(value: Any) -> bool:
        """Whether this is a Dask client; asked without importing Dask."""
        return any(f"{c.__module__}.{c.__qualname__}" == "distributed.client.Client" for c in type(value).__mro__)

    def pack(self, work: Work) -> Payload:
        """See ``Executor``."""
        return by_value(work)

    def run(self, packed: Payload, chunks: Sequence[Chunk]) -> Generator[tuple[Chunk, Answer], None, None]:
        """See ``Executor``."""
        with self._client() as client:
            self._check_workers(client, packed)
            run = uuid.uuid4().hex
            with warnings.catch_warnings():  # it would have large data scattered; those are lost with their workers
                warnings.filterwarnings("ignore", message="Sending large graph")
                # A task and not scattered data, so that it can be made again when all of its holders are gone
                sent = client.submit(_itself, packed, key=f"arcana-work-{run}")
            futures = {}
            try:
                for k, chunk in enumerate(chunks):
                    task = client.submit(calculate, sent, chunk, self.threads, key=f"arcana-chunk-{run}-{k}")
                    futures[task] = chunk
                with closing(as_they_end(futures, self.patience, lambda: self._check_alive(client))) as ended:
                    for future, chunk in ended:
                        yield chunk, self._answer(future, chunk)
            finally:
                with suppress(Exception):  # the scheduler may be gone
                    client.cancel(list(futures))

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """The user's client, or one of ours that is closed in the end."""
        if not isinstance(self.where, str):
            yield self.where
            return
        try:
            self._knock(self.where)
            client = self._distributed.Client(self.where, timeout=self.timeout, set_as_default=False)
        except Exception as error:  # whatever may follow when something else answers there
            allowed = f"the address of a running scheduler that answers within {self.timeout:g} s"
            hint = f"{str(error) or 'no answer'}; start one with `dask scheduler`"
            raise BadInput.one("scheduler", self.where, allowed, hint=hint) from error
        with client:
            yield client

    def _knock(self, address: str) -> None:
        """Raise an error unless a scheduler answers: a client waits for ever for somebody who says nothing."""

        async def ask() -> None:
            secrets = self._distributed.Security().get_connection_args("client")
            async with self._distributed.rpc(address, connection_args=secrets) as scheduler:
                await asyncio.wait_for(scheduler.identity(), self.timeout)

        with ThreadPoolExecutor(1) as thread:  # of its own: in a notebook, this one has a loop already
            thread.submit(asyncio.run, ask()).result()

    def _check_workers(self, client: Any, payload: Payload) -> None:
        address = client.scheduler.address
        try:
            client.wait_for_workers(1, timeout=self.timeout)
        except TimeoutError as error:
            hint = f"waited {self.timeout:g} s; start some with `dask worker {address}`"
            raise BadInput.one(f"workers of the scheduler {address}", 0, "at least one", hint=hint) from error

        check_workers(client.run(asking(), on_error="ignore"), payload.version)

    def _check_alive(self, client: Any) -> None:
        """Called when nothing has come for a while.

        Raises:
            WorkersFailed: if there is nothing that could still come.
        """
        if client.status != "running" or not client.nthreads():
            raise WorkersFailed(
                f"no worker at the scheduler {client.scheduler.address}, and no result for {self.patience:g} s"
            )

    def _answer(self, future: Any, chunk: Chunk) -> Answer:
        try:
            answer: Answer = future.result()
        except self._distributed.scheduler.KilledWorker as error:
            raise WorkersFailed(f"{chunk}: every worker that had this chunk ended. {error}") from error
        except Exception as error:  # errors of the work come as a Failure: this is the cluster
            raise WorkersFailed(f"{chunk}: the cluster did not bring it to an end: {error!r}") from error
        return answer


def _itself(payload: Payload) -> Payload:
    return payload


def _imported() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError as error:
        hint = "pip install '.[cluster]'"
        raise BadInput.one("executor", "Dask", "an executor that is installed", hint=hint) from error
