"""Tasks: fair parts that share nothing, answers that are right, and bad input that is named."""

from __future__ import annotations

import builtins
import gzip
import struct
from itertools import chain

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from arcana.errors import BadFile, BadInput
from arcana.networks.brnn.presentations import Presentation
from arcana.networks.brnn.split import stratified
from arcana.networks.brnn.task import Task
from arcana.networks.brnn.tasks import digits, images, of_file
from arcana.networks.brnn.tasks_synthetic import adding, delayed_match, flip_flop

ROWS = Presentation()
SYNTHETIC = (adding, flip_flop, delayed_match)


def numbered(n, classes=3, shape=(2, 3)):
    """Images of which each says its number in its first pixel, and their classes."""
    X = np.zeros((n, *shape))
    X[:, 0, 0] = np.arange(n) / n
    return X, np.arange(n) % classes


def numbers(task, n):
    return [(part[0][:, 0, 0] * n).round().int().tolist() for part in (task.train, task.validation, task.test)]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.data())
def test_a_stratified_part_holds_its_share_of_every_class(classes, data):
    y, n = torch.tensor(classes), data.draw(st.integers(0, len(classes)))
    taken, left = stratified(y, n, data.draw(st.integers(0, 9)))
    assert sorted(taken.tolist() + left.tolist()) == list(range(len(y)))
    assert len(taken) == n
    for value in set(classes):
        assert abs(int((y[taken] == value).sum()) - n / len(y) * classes.count(value)) <= 1


def test_parts_of_images_share_nothing():
    X, y = numbered(60)
    task = images(X, y, ROWS, seed=1)
    parts = numbers(task, 60)
    assert sorted(chain(*parts)) == list(range(60))
    assert [len(part) for part in parts] == [41, 7, 12]
    assert (task.n_in, task.n_out, task.steps, task.chance) == (3, 3, 2, 1 / 3)
    for (_, labels), part in zip((task.train, task.validation, task.test), parts, strict=True):
        assert labels.tolist() == [k % 3 for k in part]
    assert numbers(images(X, y, ROWS, seed=1), 60) == parts
    assert numbers(images(X, y, ROWS, seed=2), 60) != parts


def test_sizes_that_are_given():
    X, y = numbered(60)
    parts = numbers(images(X, y, ROWS, n_test=30, n_train=20), 60)
    assert [len(part) for part in parts] == [17, 3, 30]
    assert len(set(chain(*parts))) == 50
    assert set(parts[2]) == set(numbers(images(X, y, ROWS, n_test=30), 60)[2])


def test_a_test_set_of_its_own():
    X, y = numbered(20)
    own = (np.ones((9, 2, 3)), np.zeros(9, int))
    task = images(X, y, ROWS, test=own)
    assert sorted(chain(*numbers(task, 20)[:2])) == list(range(20))
    assert (task.test[0] == 1).all()
    assert len(task.test[0]) == 9
    assert len(images(X, y, ROWS, 4, test=own).test[0]) == 4


def test_bytes_are_scaled_and_read_only_arrays_taken():
    X, y = np.full((10, 2, 2, 3), 51, np.uint8), np.arange(10) % 2
    X.flags.writeable = y.flags.writeable = False
    task = images(X, y, ROWS)
    assert task.n_in == 6
    assert torch.allclose(task.train[0], torch.tensor(0.2))


def test_digits():
    from sklearn.datasets import load_digits

    task, found = digits(), load_digits()
    assert [len(part[1]) for part in (task.train, task.validation, task.test)] == [1222, 216, 359]
    assert (task.n_in, task.n_out, task.steps) == (8, 10, 16)
    rows = digits(ROWS)
    X = torch.cat([part[0] for part in (rows.train, rows.validation, rows.test)])
    assert sorted(map(tuple, X.flatten(1).tolist())) == sorted(
        map(tuple, (found.images / 16).reshape(-1, 64).tolist())
    )
    assert abs(task.chance - 0.1) < 0.005


def test_without_scikit_learn(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **more):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(BadInput, match=r"scikit-learn is 'not installed', allowed: pip install '.\[brnn\]'"):
        digits()


NAN = np.full((9, 2, 2), np.nan)


@pytest.mark.parametrize(
    ("X", "y", "texts"),
    [
        (NAN, np.zeros(9, int), ["images is '36 of 36 values', allowed: finite numbers from 0 to 1"]),
        (NAN + 1, np.zeros(8, int), ["36 of 36 values", r"labels is '\(8,\) of int64', allowed: \(9,\)"]),
        (np.full((9, 2, 2), 1.01), np.zeros(9, int), ["36 of 36 values"]),
        (np.zeros((9, 4)), np.zeros(9), [r"images is \(9, 4\)", "labels is .* of float64"]),
        (np.zeros((0, 2, 2)), np.zeros(0, int), ["none of them 0"]),
        (np.zeros((9, 2, 2), int), np.arange(9) - 1, ["images is 'int64'", r"labels is \[-1, 7\]"]),
        (np.zeros((9, 2, 2)), np.full(9, 2**62), ["labels is "]),
        ([[1.0], [1.0, 2.0]], [0, 1], ["images and labels is 'ValueError'"]),
        ("images", "labels", [r"images is \(\)", "labels is "]),
    ],
)  # fmt: skip
def test_bad_images(X, y, texts):
    for text in texts:
        with pytest.raises(BadInput, match=text) as caught:
            images(X, y, ROWS)
        assert len(caught.value.problems) == len(texts)


def test_bad_sizes_and_seeds():
    X, y = numbered(9)
    for more, text in (
        ({"n_test": 8}, "n_test is 8, allowed: a whole number from 1 to 7"),
        ({"n_test": 0}, "n_test is 0"),
        ({"n_test": 2.0}, "n_test is 2.0"),
        ({"n_train": 8}, "n_train is 8, allowed: a whole number from 2 to 7"),
        ({"n_test": 10, "test": (X, y)}, "n_test is 10, allowed: a whole number from 1 to 9"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"test": (X[:, :1], y)}, r"test images is \(1, 3\)"),
        ({"test": (X, y[1:])}, "test labels is"),
        ({"presentation": Presentation("snake", 8, 4)}, "window is 8 pixels, allowed: 6 at most"),
    ):
        with pytest.raises(BadInput, match=text):
            images(X, y, **{"presentation": ROWS, **more})
    with pytest.raises(BadInput, match="n_test is 1, allowed: a whole number from 1 to 0, with 2 images"):
        images(X[:2], y[:2], ROWS)


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def test_files_of_both_kinds(tmp_path):
    X = np.random.default_rng(0).integers(0, 256, (20, 4, 4), dtype=np.uint8)
    y = np.arange(20, dtype=np.uint8) % 4
    expected = images(X, y, ROWS, 5, 3)
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(idx(X)))
    with pytest.raises(BadFile, match=r"t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte\.gz"):
        of_file(path, ROWS)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(y))
    task = of_file(path, ROWS, 5, 3)
    assert torch.equal(task.test[0], expected.test[0])
    assert torch.equal(task.train[1], expected.train[1])
    assert len(of_file(path, ROWS, test=path).test[0]) == 20
    with pytest.raises(BadFile, match="a name with 'images' in it"):
        of_file(tmp_path / "t10k-labels-idx1-ubyte", ROWS)

    for name, n in (("data_batch_1.bin", 12), ("test_batch.bin", 5)):
        (tmp_path / name).write_bytes(b"".join(bytes([k % 10]) + bytes(3072) for k in range(n)))
    assert of_file(tmp_path / "data_batch_1.bin").n_in == 24
    both = of_file(tmp_path)
    assert [len(part[1]) for part in (both.train, both.validation, both.test)] == [10, 2, 5]
    (tmp_path / "notes.txt").write_text("nothing of this kind")
    with pytest.raises(BadFile, match="a multiple of 3073"):
        of_file(tmp_path / "notes.txt")
    for damaged in (b"", b"text", bytes([1, 0, 8, 3]) + bytes(40)):
        (tmp_path / "t10k-images-idx3-ubyte").write_bytes(damaged)
        with pytest.raises(BadFile, match="no IDX header"):
            of_file(tmp_path / "t10k-images-idx3-ubyte")


def whole(task):
    parts = (task.train, task.validation, task.test)
    return torch.cat([X for X, _ in parts]), torch.cat([y for _, y in parts])


@pytest.mark.parametrize("make", SYNTHETIC)
@given(length=st.integers(3, 25), size=st.integers(10, 60), seed=st.integers(0, 99))
def test_what_is_drawn(make, length, size, seed):
    task = make(length, size, seed)
    X, y = whole(task)
    assert X.shape == (size, length, task.n_in)
    for series, answer in zip(X.tolist(), y.tolist(), strict=True):
        assert RIGHT[make](series) == pytest.approx(answer)


def is_sum(series):
    marked = [k for k, (_, mark) in enumerate(series) if mark == 1]
    assert len(marked) == 2
    assert marked[0] < len(series) // 2 <= marked[1]
    assert all(mark in (0, 1) and 0 <= value <= 1 for value, mark in series)
    return [sum(series[k][0] for k in marked)]


def is_last(series):
    pulses = [value for (value,) in series if value]
    assert set(pulses) <= {-1.0, 1.0}
    return pulses[-1] == 1


def is_same(series):
    shown = max(1, len(series) // 10)
    assert all(sum(step) == (k < shown or k >= len(series) - shown) for k, step in enumerate(series))
    return series[0] == series[-1]


RIGHT = {adding: is_sum, flip_flop: is_last, delayed_match: is_same}


@pytest.mark.parametrize("make", SYNTHETIC)
def test_seeds_and_chance(make):
    first, again, other = (make(20, 1000, seed) for seed in (4, 4, 5))
    assert torch.equal(first.train[0], again.train[0])
    assert not torch.equal(first.train[0], other.train[0])
    assert [len(part[1]) for part in (first.train, first.validation, first.test)] == [680, 120, 200]
    if first.kind == "classes":
        assert abs(whole(first)[1].double().mean() - 0.5) < 5 * 0.5 / 1000**0.5
        assert 0.5 <= first.chance < 0.6


def test_options():
    X, _ = whole(delayed_match(9, 400, cues=4))
    assert X.shape[2] == 4
    assert {(a.argmax().item(), b.argmax().item()) for a, b in zip(X[:, 0], X[:, -1], strict=True)} == {
        (a, b) for a in range(4) for b in range(4)
    }
    X = whole(flip_flop(200, 500, rate=0.25))[0]
    assert abs((X[:, 1:] != 0).double().mean() - 0.25) < 0.01


def test_bad_options():
    with pytest.raises(BadInput, match=r"(?s)length is 1 steps.*size is 9 series.*seed is None") as caught:
        adding(1, 9, None)
    assert len(caught.value.problems) == 3
    with pytest.raises(BadInput, match=r"(?s)cues is 1.*length is 2 steps"):
        delayed_match(2, cues=1)
    with pytest.raises(BadInput, match=r"(?s)rate is nan.*length is 0"):
        flip_flop(0, rate=float("nan"))


def test_losses_and_scores():
    task = adding(5, 50)
    y = torch.tensor([[0.0], [1.0], [2.0]])
    assert task.score(y, y) == 1
    assert task.score(torch.ones(3, 1), y) == 0  # the mean
    assert task.score(torch.zeros(3, 1), y) == -1.5
    assert task.loss(torch.zeros(3, 1), y).item() == pytest.approx(5 / 3)
    task, out = flip_flop(5, 50), torch.tensor([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0]])
    assert task.score(out, torch.tensor([0, 1, 1])) == pytest.approx(2 / 3)
    assert task.loss(torch.zeros(3, 2), torch.tensor([0, 1, 1])).item() == pytest.approx(np.log(2))


def test_tasks_made_by_hand():
    X, y = torch.zeros(4, 3, 2), torch.tensor([0, 1, 1, 0])
    assert Task("own", (X, y), (X, y), (X, y), 2).n_in == 2
    for parts, n_out, kind, texts in (
        (((X, y), (X[:, :2], y), (X * torch.nan, y)), 2, "classes", ["validation X", "test X is '24 values'"]),
        (((X, y + 1), (X, y.float()), (X, y[1:])), 2, "classes", ["train y is .1, 2.", "validation y", "test y"]),
        (((X, y), (X[:0], y[:0]), ([1], y)), 2, "classes", ["test is .'list', 'Tensor'."]),
        (((X, y), (X[:0], y[:0]), (X, y)), 2, "classes", ["validation X is"]),
        (
            ((X, y[:, None].float()), (X, X[:, 0, :1]), (X, y[:, None] / 0.0)),
            1,
            "values",
            ["validation y is .0.0., .*R.2 needs some spread", "test y is '4"],
        ),
        (((X, y),) * 3, 0, "names", ["kind is 'names'", "n_out is 0"]),
    ):
        for text in texts:
            with pytest.raises(BadInput, match=text) as caught:
                Task("own", *parts, n_out, kind)
            assert len(caught.value.problems) == len(texts)
