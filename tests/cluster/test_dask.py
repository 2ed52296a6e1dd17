"""A real Dask cluster: the same numbers, workers that end, and all that can be wrong with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from works import Alone, Waves, calls

import arcana
from arcana.errors import BadInput
from arcana.executors import Checkpoint, Chunk, Dask, WorkersFailed, execute
from arcana.executors.calculate import calculate
from arcana.executors.payload import Payload, by_reference

distributed = pytest.importorskip("distributed")
SMALL = {"processes": True, "dashboard_address": ":0"}


def test_the_same_bit_for_bit_in_any_chunks(address):
    alone = execute(Waves(), [0, 3], [13, 6], chunk=4)
    for chunk in (3, 8):
        assert execute(Waves(), [0, 3], [13, 6], chunk=chunk, executor=address) == alone


def test_a_client_of_the_users_stays_open(cluster):
    with distributed.Client(cluster, set_as_default=False) as client:
        assert execute(Waves(), [0], 5, executor=client) == execute(Waves(), [0], 5)
        assert client.submit(abs, -2).result() == 2


def test_a_function_of_the_users_script_may_be_sent(address):
    assert execute(lambda p, first, n: [first + k / 3 for k in range(n)], [0], 5, chunk=2, executor=address) == {
        (0, chip): 2 * (chip // 2) + chip % 2 / 3 for chip in range(5)
    }


def test_one_chunk_at_a_time_in_a_process_of_several_threads(address):
    assert set(execute(Alone(), [0], 12, chunk=1, executor=address).values()) == {1.0}


def test_a_large_work_is_sent_without_a_warning(address, tmp_path):
    work = Waves(tmp_path)
    work.data = os.urandom(12_000_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert execute(work, [0], 8, chunk=1, executor=address) == execute(Waves(), [0], 8)


def test_an_error_of_the_work_comes_as_it_was_and_the_rest_is_cancelled(address, tmp_path):
    path = tmp_path / "a.ckpt"
    with pytest.raises(BadInput) as caught:
        execute(
            Waves(tmp_path, pause=0.02, refuses=7), [0], 400, chunk=2, executor=address,
            checkpoint=Checkpoint(path, {}),
        )  # fmt: skip
    assert str(caught.value) == "metric of chip 7 is nan, allowed: one finite number (look at it)"
    with Checkpoint(path, {}) as kept:
        assert kept
        assert kept.items() <= execute(Waves(), [0], 400).items()
    time.sleep(0.5)
    assert len(calls(tmp_path)) < 60


def test_all_workers_killed_at_once(address, tmp_path):
    killed = []

    def progress(done, total):
        if done >= 6 and not killed:
            killed.extend({call[0] for call in calls(tmp_path)})
            for worker in killed:
                os.kill(worker, signal.SIGKILL)

    work = Waves(tmp_path, pause=0.02)
    values = execute(work, [0], 40, chunk=2, executor=address, progress=progress)
    assert len(killed) == 2
    assert values == execute(Waves(), [0], 40)
    assert {call[0] for call in calls(tmp_path)} - set(killed)  # by others, to whom the work was sent anew


def test_a_chunk_that_kills_every_worker_ends_the_study(address, tmp_path):
    path = tmp_path / "a.ckpt"
    with pytest.raises(WorkersFailed, match=r"of point 3: every worker that had this chunk ended"):
        execute(Waves(tmp_path, kills=5), [3], 6, chunk=1, executor=address, checkpoint=Checkpoint(path, {}))
    assert 1 <= [call[2] for call in calls(tmp_path)].count(5) <= 2


class TestWhatCanBeWrong:
    def test_nobody_at_the_address(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            nobody = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        begun = time.monotonic()
        with pytest.raises(BadInput) as caught:
            execute(Waves(), [0], 2, executor=Dask(nobody, timeout=1.0))
        assert time.monotonic() - begun < 10
        for part in (f"scheduler is '{nobody}'", "answers within 1 s", "`dask scheduler`"):
            assert part in str(caught.value)
        assert Dask(nobody).timeout == 10

    def test_something_else_at_the_address(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()  # takes the call and never says a word
            silent = f"tcp://127.0.0.1:{other.getsockname()[1]}"
            begun = time.monotonic()
            with pytest.raises(BadInput, match="scheduler is"):
                execute(Waves(), [0], 2, executor=Dask(silent, timeout=1.0))
            assert time.monotonic() - begun < 10

    def test_an_address_of_no_known_kind(self):
        with pytest.raises(BadInput, match="scheduler is 'carrier://pigeon'"):
            execute(Waves(), [0], 2, executor="carrier://pigeon")

    def test_no_workers(self):
        with (
            distributed.LocalCluster(n_workers=0, **SMALL) as empty,
            pytest.raises(BadInput, match=rf"at least one.*waited 0.5 s.*`dask worker {empty.scheduler_address}`"),
        ):
            execute(Waves(), [0], 2, executor=Dask(empty.scheduler_address, timeout=0.5))

    def test_another_arcana_on_the_workers(self, cluster, address):
        def pretend(version):
            import arcana

            arcana.__version__ = version

        with distributed.Client(cluster, set_as_default=False) as client:
            client.run(pretend, "0.0.1")
            try:
                with pytest.raises(BadInput) as caught:
                    execute(Waves(), [0], 2, executor=address)
            finally:
                client.run(pretend, arcana.__version__)
        assert len(caught.value.problems) == 2
        assert f"is '0.0.1', allowed: {arcana.__version__}, as here" in str(caught.value)
        assert caught.value.problems[0].field.startswith("arcana's version on worker tcp://")

    def test_another_arcana_on_a_worker_that_comes_late(self):
        sent = by_reference(Waves())
        answer = calculate(Payload(sent.data, sent.digest, "0.0.1"), Chunk(0, 0, 1), None)
        with pytest.raises(BadInput, match="arcana's version on this worker"):
            raise answer.restored()

    def test_an_asynchronous_client(self):
        import asyncio

        async def ask():
            async with (
                distributed.LocalCluster(n_workers=0, asynchronous=True, **SMALL) as empty,
                distributed.Client(empty, asynchronous=True) as client,
            ):
                Dask(client)

        with pytest.raises(BadInput, match="asynchronous=False"):
            asyncio.run(ask())


CLUSTER = """
import sys, time
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster:
        print(cluster.scheduler_address, flush=True)
        time.sleep(600)
"""


def test_a_cluster_that_goes_away_for_good_does_not_keep_us_waiting(tmp_path):
    script, path = tmp_path / "cluster.py", tmp_path / "a.ckpt"
    script.write_text(CLUSTER)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            executor = Dask(process.stdout.readline().strip(), timeout=2.0, patience=2.0)

            def progress(done, total):
                if done == 4:
                    process.kill()

            begun = time.monotonic()
            with pytest.raises(WorkersFailed):
                execute(
                    Waves(pause=0.1), [0], 400, chunk=2, executor=executor, progress=progress,
                    checkpoint=Checkpoint(path, {}),
                )  # fmt: skip
            assert time.monotonic() - begun < 30
        finally:
            process.kill()
    with Checkpoint(path, {}) as kept:
        assert len(kept) >= 4
