"""Studies in chunks: the same values whatever the split, errors as they were, arguments that are refused."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "cluster"))  # tests are imported with importlib

from works import Waves, calls

from arcana.errors import BadFile, BadInput, NotPublished
from arcana.executors import Chunk, Dask, LocalPool, WorkersFailed, execute, read_executor
from arcana.executors.chunks import cut, keys_of
from arcana.executors.failures import Failure
from arcana.executors.payload import by_reference, by_value


@given(
    points=st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True),
    many=st.integers(1, 30),
    size=st.integers(1, 40),
    data=st.data(),
)
def test_chunks_are_what_is_left_each_chip_once(points, many, size, data):
    keys = keys_of(points, many, size)
    finished = data.draw(st.sets(st.sampled_from(keys)))
    chunks = cut(keys, finished, size)
    assert [key for chunk in chunks for key in chunk.keys] == [key for key in keys if key not in finished]
    assert all(1 <= chunk.count <= size for chunk in chunks)
    if not finished:  # and none is smaller than need be
        assert len(chunks) == len(points) * math.ceil(many / size)


def test_values_are_keyed_by_point_and_chip_in_order_whatever_the_split():
    work = Waves()
    expected = {(p, c): work(p, c, 1)[0] for p, many in ((1, 5), (4, 3)) for c in range(many)}
    for chunk in (1, 2, 8):
        values = execute(work, [4, 1], [3, 5], chunk=chunk)
        assert values == expected
        assert list(values) == sorted(expected)


def test_progress_counts_chips():
    seen = []
    execute(Waves(), [0, 1], 5, chunk=3, progress=lambda *at: seen.append(at))
    assert seen == [(0, 10), (3, 10), (5, 10), (8, 10), (10, 10)]


def test_numpy_numbers_are_numbers():
    points = np.arange(2).tolist()
    values = execute(lambda p, f, n: list(np.arange(f, f + n, dtype=np.float32)), points, np.int64(3))
    assert values[1, 2] == 2.0
    assert all(type(value) is float for value in values.values())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"points": []}, ["points"]),
        ({"points": [0, 0]}, ["points"]),
        ({"points": [0, -1], "n_chips": 0, "chunk": 0}, ["points[1]", "n_chips", "chunk"]),
        ({"n_chips": [1, 2]}, ["n_chips"]),
        ({"n_chips": [1.5]}, ["n_chips"]),
        ({"n_chips": "3"}, ["n_chips"]),
        ({"chunk": True}, ["chunk"]),
        ({"chunk": 2.0}, ["chunk"]),
    ],
)
def test_arguments_that_do_not_fit(arguments, named):
    with pytest.raises(BadInput) as caught:
        execute(Waves(), **{"points": [0], "n_chips": 3, **arguments})
    assert [p.field for p in caught.value.problems] == named


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ([1.0], "the work's result for chips 2 to 3 of point 0 is 1, allowed: a list of 2 numbers"),
        (3.0, "is 'float', allowed: a list of 2 numbers"),
        ([1.0, math.nan], "the work's result for chip 3 of point 0 is nan, allowed: a number"),
        ([None, 1.0], "the work's result for chip 2 of point 0 is None, allowed: a number"),
    ],
)
def test_results_that_are_none(result, said):
    def work(point, first, count):
        return [0.0, 0.0] if first == 0 else result

    with pytest.raises(BadInput) as caught:
        execute(work, [0], 4, chunk=2)
    assert said in str(caught.value)


def test_infinity_is_a_number():
    assert execute(lambda p, f, n: [math.inf] * n, [0], 1) == {(0, 0): math.inf}


class TestExecutor:
    @pytest.mark.parametrize("value", [None, "inline"])
    def test_in_this_process(self, value, tmp_path):
        execute(Waves(folder=tmp_path), [0], 1, executor=value)
        assert calls(tmp_path) == [(os.getpid(), 0, 0, 1)]

    def test_a_pool(self):
        assert read_executor(3).workers == 3
        assert read_executor(3).threads == 1
        assert read_executor("processes").workers >= 1
        pool = LocalPool(2, threads=4)
        assert read_executor(pool) is pool

    @pytest.mark.parametrize("value", ["dask", "localhost:8786", True, 2.0, [], object()])
    def test_what_is_allowed_is_listed(self, value):
        with pytest.raises(BadInput) as caught:
            read_executor(value)
        for known in ("'inline'", "'processes'", "LocalPool", "tcp://host:8786", "Dask client", "`submit`"):
            assert known in str(caught.value)

    def test_sizes_of_a_pool(self):
        with pytest.raises(BadInput) as caught:
            LocalPool(workers=0, threads=1.5, deaths=None)
        assert [p.field for p in caught.value.problems] == ["workers", "threads", "deaths"]
        with pytest.raises(BadInput, match="workers"):
            read_executor(-1)

    def test_anything_with_submit(self, tmp_path):
        work = Waves(folder=tmp_path)
        with ThreadPoolExecutor(3) as threads:
            assert execute(work, [0, 1], 7, chunk=2, executor=threads) == execute(Waves(), [0, 1], 7)
        assert len(calls(tmp_path)) == 8

    def test_an_executor_that_gives_up_says_at_which_chunk(self):
        class GivesUp:
            def submit(self, function, *args):
                future = Future()
                future.set_exception(ConnectionError("cable"))
                return future

        with pytest.raises(WorkersFailed, match=r"chips 0 to 1 of point 5.*cable"):
            execute(Waves(), [5], 2, executor=GivesUp())


class TestDaskThatIsNotThere:
    def test_without_distributed_it_says_what_to_install(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "distributed", None)
        with pytest.raises(BadInput, match=r"pip install '.\[cluster\]'"):
            read_executor("tcp://127.0.0.1:8786")

    def test_arguments(self):
        with pytest.raises(BadInput) as caught:
            Dask("host", timeout=0, threads=0, patience="long")
        assert [p.field for p in caught.value.problems] == ["where", "timeout", "patience", "threads"]


class Needy(Exception):
    """Its ``__init__`` takes what ``args`` does not hold."""

    def __init__(self, chip, why):
        super().__init__(f"chip {chip}: {why}")
        self.chip = chip


class TestFailures:
    @pytest.mark.parametrize(
        "error",
        [
            BadInput.one("metric of chip 17", -1.5, "one finite number", "Hz", "look"),
            BadFile("a.txt", BadInput.one("x", 1, "2").problems),
            NotPublished("I0", "dynapse1", "this"),
            KeyError("spikes"),
            OSError(28, "No space left on device"),
            ValueError(),
            Needy(3, "silent"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_type_message_and_parts_stay(self, error):
        back = Failure.of(error).restored()
        assert type(back) is type(error)
        assert str(back) == str(error)
        assert back.args == error.args
        assert {k: v for k, v in vars(back).items() if k != "__notes__"} == vars(error)
        assert "in a worker" in back.__notes__[0]

    def test_one_that_cannot_travel_is_told_in_words(self):
        error = ValueError("bad")
        error.held = lambda: None
        back = Failure.of(error).restored()
        assert type(back) is WorkersFailed
        assert "ValueError: bad" in str(back)


def at_the_top(spikes, targets):
    """A metric that can be sent."""


class TestPickling:
    def test_the_part_that_does_not_go_is_named(self):
        work = Waves()
        work.parts = {"data": [1, 2], "metrics": [at_the_top, lambda spikes, targets: 0.0]}
        with pytest.raises(BadInput) as caught:
            execute(work, [0], 1, executor=LocalPool(1))
        (problem,) = caught.value.problems
        assert problem.field == "work.parts['metrics'][1]"
        assert "at the top of a module" in problem.hint

    def test_a_thing_that_cannot_be_copied(self):
        work = Waves()
        work.log = sys.stdout
        with pytest.raises(BadInput) as caught:
            by_reference(work)
        assert caught.value.problems[0].field.startswith("work.log")

    def test_a_lambda_may_travel_by_value(self):
        pytest.importorskip("cloudpickle")
        import pickle

        assert pickle.loads(by_value(lambda p, f, n: [2.0] * n).data)(0, 0, 2) == [2.0, 2.0]
        with pytest.raises(BadInput, match="work"):
            by_value(x for x in ())

    def test_what_is_typed_in_at_a_prompt(self):
        typed = (
            "from arcana.executors import execute\n"
            "class Typed:\n    def __call__(self, p, f, n): return [0.0] * n\n"
            "execute(Typed(), [0], 1, executor=1)"
        )
        ended = subprocess.run([sys.executable, "-c", typed], capture_output=True, text=True, timeout=60)
        assert "BadInput: work is <__main__.Typed" in ended.stderr
        assert "put it into a file, and import it" in ended.stderr


def test_neither_torch_nor_dask_is_loaded_for_it():
    ask = "import sys, arcana.executors; print([m for m in ('torch', 'distributed', 'dask') if m in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout.strip() == "[]"


def test_a_chunk_says_what_it_is():
    assert str(Chunk(2, 8, 8)) == "chips 8 to 15 of point 2"
    assert str(Chunk(0, 5, 1)) == "chip 5 of point 0"
