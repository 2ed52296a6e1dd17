"""The local pool with real processes: the same numbers, errors as they were, workers that end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from works import Threads, Waves, calls, own_children

from arcana.errors import BadInput
from arcana.executors import Checkpoint, LocalPool, WorkersFailed, execute


def test_the_same_bit_for_bit_from_one_worker_and_four_in_any_chunks():
    alone = execute(Waves(), [0, 1], [13, 6], chunk=4)
    for workers, chunk in [(1, 3), (4, 2), (4, 8)]:
        assert execute(Waves(), [0, 1], [13, 6], chunk=chunk, executor=workers) == alone
    assert own_children() == []


def test_torch_has_as_many_threads_as_was_said():
    values = execute(Threads(), [0], 2, chunk=1, executor=LocalPool(1, threads=3))
    assert values[0, 1] == 3  # the first chunk has torch loaded


def test_a_killed_worker_is_replaced_and_its_chunk_done_again(tmp_path):
    work = Waves(tmp_path, kills=5, times=2)
    assert execute(work, [0], 12, chunk=2, executor=2) == execute(Waves(), [0], 12)
    assert [call[2] for call in calls(tmp_path)].count(4) == 3
    assert len({call[0] for call in calls(tmp_path)}) >= 3


def test_a_chunk_that_kills_every_worker_is_named(tmp_path):
    path = tmp_path / "a.ckpt"
    with pytest.raises(WorkersFailed, match=r"chips 4 to 5 of point 3: 3 workers ended .*killed by SIGKILL"):
        execute(Waves(tmp_path, kills=5), [3], 6, chunk=2, executor=1, checkpoint=Checkpoint(path, {}))
    with Checkpoint(path, {}) as kept:
        assert kept == execute(Waves(), [3], 4)
    assert own_children() == []


@pytest.mark.parametrize("executor", [None, 2])
def test_an_error_of_the_work_comes_as_it_was_and_ends_the_others(executor, tmp_path):
    path, begun = tmp_path / "a.ckpt", time.monotonic()
    with pytest.raises(BadInput) as caught:
        execute(
            Waves(tmp_path, pause=0.02, refuses=7), [0], 400, chunk=2, executor=executor,
            checkpoint=Checkpoint(path, {}),
        )  # fmt: skip
    assert type(caught.value) is BadInput
    assert str(caught.value) == "metric of chip 7 is nan, allowed: one finite number (look at it)"
    assert caught.value.problems[0].hint == "look at it"
    with Checkpoint(path, {}) as kept:
        assert {(0, chip) for chip in range(4)} <= set(kept)
        assert kept.items() <= execute(Waves(), [0], 400).items()
    assert len(calls(tmp_path)) < 20
    assert time.monotonic() - begun < 30
    assert own_children() == []


def test_an_error_in_the_callers_progress_ends_the_workers():
    def progress(done, total):
        if done:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        execute(Waves(pause=0.1), [0], 100, chunk=1, executor=2, progress=progress)
    assert own_children() == []


def test_a_large_work_is_sent_to_each_worker(tmp_path):
    work = Waves(tmp_path)
    work.data = os.urandom(8_000_000)  # far more than a pipe holds
    assert execute(work, [0], 8, chunk=1, executor=2) == execute(Waves(), [0], 8)


SCRIPT = """
import sys
sys.path.insert(0, {here!r})
from works import Waves
from arcana.executors import execute

class Mine(Waves):
    pass

{guard}
    print(sorted(execute(Mine(), [0], 3, executor=2).values()))
"""


def run_script(folder, guard):
    path = folder / "script.py"
    path.write_text(SCRIPT.format(here=str(Path(__file__).parent), guard=guard))
    return subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=60)


def test_a_class_of_the_users_script_will_do(tmp_path):
    ended = run_script(tmp_path, "if __name__ == '__main__':")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == str(sorted(execute(Waves(), [0], 3).values()))


def test_a_script_without_its_guard_is_told(tmp_path):
    ended = run_script(tmp_path, "if True:")
    assert ended.returncode != 0
    assert "must start a pool under `if __name__ == '__main__':`" in ended.stderr.splitlines()[-1]


def test_a_pool_of_the_users_own():
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert execute(Waves(), [0, 1], 9, chunk=2, executor=pool) == execute(Waves(), [0, 1], 9)


def test_a_module_that_workers_cannot_import_is_named(tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text("from works import Waves\nclass Mine(Waves): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    import only_here

    work = only_here.Mine()
    monkeypatch.undo()
    with pytest.raises(BadInput, match=r"work is .*only_here.*workers must be able to import"):
        execute(work, [0], 3, executor=1)
