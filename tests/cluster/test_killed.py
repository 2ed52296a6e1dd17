"""Acceptance: the same numbers, bit for bit, after ``kill -9`` of a worker and of the main process in the middle.

Real processes: a local pool, and a ``distributed.LocalCluster``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from run_study import CHIPS, POINTS, run, stored
from works import calls, let_through

from arcana.executors import LocalPool

HERE = Path(__file__).parent
TOTAL = CHIPS * len(POINTS)
EARLY, LATER, ALL = 5, 17, 10**9  # calls that are let through: a study that waits is not over before it is killed


@pytest.fixture
def started(tmp_path):
    """Starts ``run_study.py``; ends what is left of it."""
    running = []

    def start(work, where):
        if where == "dask":
            pytest.importorskip("distributed")
        let_through(tmp_path, EARLY)
        command = [sys.executable, HERE / "run_study.py", tmp_path, work, where]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE.parents[1])}
        running.append(
            subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=interruptible)
        )
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stderr.close()


def interruptible():
    """A shell starts what runs in the background with Ctrl-C ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(condition, process, seconds=240.0):
    """Wait until something holds; fail with what the process said if it ended first."""
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.01)


def kept(folder):
    """Chips in the checkpoint, without disturbing who writes it."""
    path = folder / "study.ckpt"
    return len(path.read_text().splitlines()) - 2 if path.exists() else 0


def kill_a_worker(folder, process):
    """Kill a worker that is in the middle of a chunk, for it waits there; returns its process."""
    wait_for(lambda: len(calls(folder)) > EARLY, process)
    worker = calls(folder)[-1][0]
    assert worker != process.pid
    os.kill(worker, signal.SIGKILL)
    return worker


def gone(process):
    """Whether a process has ended; a zombie has."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes as Linux shows them")
@pytest.mark.parametrize(("where", "work"), [("pool", "waves"), ("dask", "study")])
def test_resumed_after_a_killed_worker_and_a_killed_main_process(where, work, started, tmp_path):
    process = started(work, where)
    killed = kill_a_worker(tmp_path, process)
    let_through(tmp_path, LATER)
    wait_for(lambda: len(calls(tmp_path)) > LATER and kept(tmp_path) >= 6, process)  # it goes on without
    process.kill()
    process.wait()
    let_through(tmp_path, ALL)
    workers = {call[0] for call in calls(tmp_path)} - {process.pid}
    assert len(workers) >= 2
    assert killed in workers
    end = time.monotonic() + 30
    while not all(gone(worker) for worker in workers):  # nobody works on for nobody
        assert time.monotonic() < end, "workers outlive the study"
        time.sleep(0.05)

    with stored(tmp_path, work) as finished:
        assert 6 <= len(finished) < TOTAL
    (tmp_path / "calls").unlink()
    other = LocalPool(1) if work == "waves" else None  # and with other chunks
    values = run(tmp_path, work, other, chunk=5)
    again = sum(call[3] for call in calls(tmp_path)) if work == "waves" else len(calls(tmp_path)) - 1  # undisturbed
    assert again == TOTAL - len(finished)
    assert all(values[key] == value for key, value in finished.items())
    assert values == alone(tmp_path, work)


def alone(folder, work):
    """The values of a study that nothing happened to."""
    (folder / "alone").mkdir()
    return run(folder / "alone", work, None, chunk=7)


@pytest.mark.parametrize("where", ["pool", "dask"])
def test_a_study_that_lost_a_worker_gives_the_same(where, started, tmp_path):
    process = started("waves", where)
    kill_a_worker(tmp_path, process)
    let_through(tmp_path, ALL)
    assert process.wait(60) == 0, process.stderr.read()
    rows = json.loads((tmp_path / "values.json").read_text())
    values = {(point, chip): float.fromhex(value) for point, chip, value in rows}
    done = [(call[1], call[2]) for call in calls(tmp_path)]
    assert len(done) > len(set(done)) == TOTAL // 2  # the chunk of the dead was done again
    assert len(done) <= TOTAL // 2 + 6  # with Dask, also results that had not been fetched; not more
    assert values == alone(tmp_path, "waves")


def test_ctrl_c_ends_quickly_and_keeps_what_is_finished(started, tmp_path):
    process = started("waves", "pool")
    wait_for(lambda: len(calls(tmp_path)) > EARLY and kept(tmp_path) >= 4, process)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert said.count("Traceback") == 1  # the workers say nothing
    assert 4 <= kept(tmp_path) < TOTAL
    assert not (tmp_path / "study.ckpt.lock").exists()
    for worker in {call[0] for call in calls(tmp_path)}:
        with suppress(ProcessLookupError):
            os.kill(worker, 0)
            pytest.fail(f"worker {worker} is still there")
