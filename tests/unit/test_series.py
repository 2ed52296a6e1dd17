"""Labelled series in a file: what is written is read, the demo's and the shipped ones, and every refusal."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
import torch

from arcana.data.series import Series, read_series, write_series
from arcana.demo.network import load_task
from arcana.demo.settings import Settings
from arcana.errors import BadFile

X, Y = np.arange(24, dtype="f4").reshape(2, 4, 3), np.array([1, 0])


def test_what_is_written_is_read(tmp_path):
    series = Series(X, Y, ("still", "größer"), 2e-3)
    found = read_series(write_series(tmp_path / "a.npz", series))
    assert np.array_equal(found.x, X)
    assert np.array_equal(found.y, Y)
    assert (found.class_names, found.dt, found.classes) == (("still", "größer"), 2e-3, 2)
    assert (found.x.dtype, found.y.dtype) == (np.float32, np.int64)


def test_the_same_series_are_the_same_bytes(tmp_path):
    first = write_series(tmp_path / "a.npz", Series(X, Y)).read_bytes()
    assert write_series(tmp_path / "b.npz", Series(X, Y)).read_bytes() == first
    assert read_series(tmp_path / "a.npz").dt is None
    with pytest.raises(BadFile, match="--force"):
        write_series(tmp_path / "a.npz", Series(X, Y), overwrite=False)


@pytest.mark.parametrize("kind", ["f8", "f2", "i4", "u1", "?"])
def test_any_real_numbers_will_do(tmp_path, kind):
    x = (X > 9).astype(kind)
    np.savez(tmp_path / "a.npz", x=x, y=Y.astype("f8"), more=np.zeros(3))
    found = read_series(tmp_path / "a.npz")
    assert np.array_equal(found.x, X > 9)
    assert np.array_equal(found.y, Y)
    assert found.classes == 2


def test_the_shipped_series_are_those_that_the_demo_tests_with():
    found, task = read_series("basic-motions"), load_task(Settings())
    assert torch.equal(torch.from_numpy(found.x), task.test_x)
    assert torch.equal(torch.from_numpy(found.y), task.test_y)
    assert found.class_names == task.class_names
    assert np.abs(task.train_x.numpy().mean((0, 1))).max() < 1e-5
    assert task.train_x.numpy().std((0, 1)) == pytest.approx(np.ones(6), rel=1e-4)


def test_series_as_the_demo_writes_them(tmp_path):
    """0.1 s between two samples, played ten times faster than life."""
    task = load_task(Settings())
    sample = task.upsample * Settings().dt
    assert sample == pytest.approx(0.01)
    series = Series(task.test_x.numpy(), task.test_y.numpy(), task.class_names, sample)
    found = read_series(write_series(tmp_path / "test-series.npz", series))
    assert np.array_equal(found.x, read_series("basic-motions").x)


# what is in the file: what the message must hold
BAD = {
    "no y": ({"x": X}, ["y is None", "numpy.savez"]),
    "nothing": ({"X": X}, ["x is None", "y is None"]),
    "two axes": ({"x": X[0], "y": Y}, ["x is (4, 3) (shape)"]),
    "no series": ({"x": X[:0], "y": Y[:0]}, ["x is (0, 4, 3)", "y is (0,)"]),
    "complex": ({"x": X + 1j, "y": Y}, ["x is 'complex64' (type)", "real numbers"]),
    "text": ({"x": X.astype(str), "y": Y}, ["(type)", "real numbers"]),
    "NaN": ({"x": np.where(X == 7, np.nan, X), "y": Y}, ["x[0, 2, 1] is nan", "1 such values"]),
    "inf": ({"x": np.where(X > 20, np.inf, X), "y": Y}, ["x[1, 3, 0] is inf", "3 such values"]),
    "beyond float32": ({"x": X.astype("f8") * 1e300, "y": Y}, ["e+30", "a finite number"]),
    "too few classes": ({"x": X, "y": Y[:1]}, ["y is 1", "2 classes"]),
    "columns": ({"x": X, "y": Y[:, None]}, ["y is (2, 1) (shape)"]),
    "negative": ({"x": X, "y": Y - 1}, ["y[1] is -1", "1 such entries"]),
    "half a class": ({"x": X, "y": Y + 0.5}, ["y[0] is 1.5", "2 such entries"]),
    "NaN class": ({"x": X, "y": np.array([0, np.nan])}, ["y[1] is nan"]),
    "huge class": ({"x": X, "y": np.array([0, 2**40])}, ["y[1] is 1099511627776"]),
    "named": ({"x": X, "y": np.array(["a", "b"])}, ["class_names"]),
    "beyond the names": ({"x": X, "y": Y, "class_names": np.array(["a"])}, ["y is 1", "0 to 0"]),
    "names that are none": (
        {"x": X, "y": Y, "class_names": np.arange(2)},
        ["class_names is 'int64 of shape (2,)'"],
    ),
    "no step": ({"x": X, "y": Y, "dt": 0.0}, ["dt is 0.0 s", "> 0"]),
    "many steps": ({"x": X, "y": Y, "dt": np.arange(9.0)}, ["dt is (9,) s"]),
    "all at once": (
        {"x": X * np.nan, "y": Y - 1, "dt": -1, "class_names": np.zeros(2)},
        ["x[0, 0, 0] is nan", "y[1] is -1", "dt is -1", "class_names is"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_all_that_is_wrong_is_listed(tmp_path, name):
    arrays, parts = BAD[name]
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(BadFile) as caught:
        read_series(tmp_path / "a.npz")
    text = str(caught.value)
    assert text.startswith(str(tmp_path / "a.npz"))
    assert not [part for part in parts if part not in text], text


def test_objects_are_not_unpickled(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.array([{}, {}], dtype=object), y=Y)
    with pytest.raises(BadFile, match="no pickled objects"):
        read_series(tmp_path / "a.npz")


def test_files_that_are_no_archives(tmp_path):
    np.save(tmp_path / "one.npy", X)
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "text.npz").write_text("x,y\n1,2\n")
    (tmp_path / "folder.npz").mkdir()
    with zipfile.ZipFile(tmp_path / "other.npz", "w") as archive:
        archive.writestr("x.npy", b"not an array")
    whole = write_series(tmp_path / "whole.npz", Series(X, Y)).read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    middle = whole.index(b"x.npy") + 80
    (tmp_path / "damaged.npz").write_bytes(whole[:middle] + bytes(20) + whole[middle + 20 :])
    for name in ("one.npy", "empty.npz", "text.npz", "folder.npz", "other.npz", "cut.npz", "damaged.npz"):
        with pytest.raises(BadFile) as caught:
            read_series(tmp_path / name)
        assert name in str(caught.value)
        assert ".npz archive" in str(caught.value)


def test_names_that_do_not_exist(tmp_path):
    with pytest.raises(BadFile, match="no such file"):
        read_series(tmp_path / "gone.npz")
    with pytest.raises(BadFile, match="did you mean 'basic-motions'"):
        read_series("basic_motions")
