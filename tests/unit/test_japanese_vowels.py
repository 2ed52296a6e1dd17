"""The JapaneseVowels recordings: their numbers, the script that made the file, and one length for all."""

from __future__ import annotations

import hashlib
import runpy
import zipfile
from pathlib import Path

import numpy as np
import pytest

from arcana.data import japanese_vowels, shipped
from arcana.data.japanese_vowels import load_japanese_vowels, stretched
from arcana.errors import BadFile, BadInput

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_japanese_vowels.py"
TEXT = """#a comment
@problemName JapaneseVowels
@classLabel true 1 2
@data
0.5,-1.25E-4:1,2:2
-27.822042:5.000001:1
"""


def make(wheel: Path, target: Path) -> int:
    return runpy.run_path(str(SCRIPT))["main"]([str(wheel), "--output", str(target)])


def small_wheel(path: Path, text: str = TEXT) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for part in ("TRAIN", "TEST"):
            archive.writestr(f"aeon/datasets/data/JapaneseVowels/JapaneseVowels_{part}.ts", text)
    return path


# --- the numbers --------------------------------------------------------------------------------------------------


def test_it_is_what_the_archive_describes():
    data = load_japanese_vowels()
    assert (data.train_x.shape, data.test_x.shape, data.train_x.dtype) == ((270, 29, 12), (370, 29, 12), np.float32)
    assert np.bincount(data.train_y).tolist() == [30] * 9
    assert np.bincount(data.test_y).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    lengths = np.concatenate([data.train_lengths, data.test_lengths])
    assert (lengths.min(), lengths.max()) == (7, 29)
    assert data.class_names == tuple(f"speaker {k}" for k in range(1, 10))


@pytest.mark.parametrize(
    ("part", "frames", "start", "digest"),
    [
        (
            "train",
            4274,
            [1.860936, -0.207383, 0.261557],
            "b531e6680122bee893af0ee8794a696bb7caad40d5abe04cc19dd8be9bc61172",
        ),
        (
            "test",
            5687,
            [1.635533, 0.024848, 0.432087],
            "7c71160980b89a87419481f63e5e0687879d87e97d824d2d77393df866943db5",
        ),
    ],
)
def test_it_has_the_float32_values_of_the_text(part, frames, start, digest):
    """The first numbers are typed off the archive's text; the digest is that of float32(text), frame by frame."""
    data = load_japanese_vowels()
    x, lengths = getattr(data, f"{part}_x"), getattr(data, f"{part}_lengths")
    there = np.arange(x.shape[1]) < lengths[:, None]
    assert x[0, 0, :3].tolist() == np.float32(start).tolist()
    assert there.sum() == frames
    assert hashlib.sha256(x[there].astype("<f4").tobytes()).hexdigest() == digest
    assert not x[~there].any()
    assert x[there].any(-1).all()


def test_each_call_gives_arrays_of_its_own():
    first = load_japanese_vowels()
    first.train_x[:] = 0
    assert load_japanese_vowels().train_x.any()


def test_the_speakers_can_be_told_apart():
    """By the nearest mean of the stretched training series: labels and series belong together."""
    data = load_japanese_vowels()
    x, z = (
        stretched(*pair, 20).mean(1)
        for pair in ((data.train_x, data.train_lengths), (data.test_x, data.test_lengths))
    )
    centres = np.stack([x[data.train_y == k].mean(0) for k in range(9)])
    nearest = ((z[:, None] - centres) ** 2).sum(-1).argmin(1)
    assert (nearest == data.test_y).mean() > 0.85


# --- one length ---------------------------------------------------------------------------------------------------


def test_stretching_goes_from_the_first_frame_to_the_last_on_straight_lines():
    x = np.array([[[0.0], [1.0], [4.0]], [[2.0], [3.0], [0.0]], [[7.0], [0.0], [0.0]]])
    made = stretched(x, np.array([3, 2, 1]), 5)
    assert made[..., 0].tolist() == [[0, 0.5, 1, 2.5, 4], [2, 2.25, 2.5, 2.75, 3], [7, 7, 7, 7, 7]]


def test_what_is_long_enough_already_stays():
    data = load_japanese_vowels()
    row = int(data.train_lengths.argmax())
    frames = int(data.train_lengths[row])
    one = slice(row, row + 1)
    made = stretched(data.train_x[one], data.train_lengths[one], frames)
    np.testing.assert_allclose(made, data.train_x[one, :frames], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("samples", [1, 0, 2.0, True])
def test_bad_lengths_are_refused(samples):
    with pytest.raises(BadInput, match="samples"):
        stretched(np.zeros((1, 3, 2)), np.array([3]), samples)


def test_bad_series_are_refused():
    with pytest.raises(BadInput, match="lengths"):
        stretched(np.zeros((2, 3, 2)), np.array([3, 4]), 5)
    with pytest.raises(BadInput, match="lengths"):
        stretched(np.zeros((2, 3, 2)), np.array([0, 3]), 5)
    with pytest.raises(BadInput, match="shapes"):
        stretched(np.zeros((2, 3, 2)), np.array([3]), 5)


# --- the script ---------------------------------------------------------------------------------------------------


def test_the_script_keeps_every_number_and_repeats_itself(tmp_path, monkeypatch):
    wheel = small_wheel(tmp_path / "aeon.whl")
    assert make(wheel, tmp_path / "again.npz") == make(wheel, tmp_path / japanese_vowels.FILE) == 0
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / japanese_vowels.FILE).read_bytes()
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    data = load_japanese_vowels()
    text = [[[0.5, 1], [-1.25e-4, 2]], [[-27.822042, 5.000001], [0, 0]]]
    assert data.train_x.tolist() == np.float32(text).tolist()
    assert (data.test_y.tolist(), data.test_lengths.tolist()) == ([1, 0], [2, 1])
    assert data.class_names == ("speaker 1", "speaker 2")


def test_the_script_refuses_what_it_would_have_to_round(tmp_path, capsys):
    wheel = small_wheel(tmp_path / "aeon.whl", TEXT.replace("5.000001", "5.0000015"))
    assert make(wheel, tmp_path / "a.npz") == 2
    assert "at most 6" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.npz"))


@pytest.mark.parametrize("content", [None, b"no zip"])
def test_the_script_names_a_wrong_wheel(tmp_path, capsys, content):
    wheel = tmp_path / "wrong.whl"
    if content:
        wheel.write_bytes(content)
    assert make(wheel, tmp_path / "a.npz") == 2
    assert "wrong.whl" in capsys.readouterr().err


def test_a_damaged_installation_is_said_to_be_one(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    with pytest.raises(BadFile, match="reinstall arcana"):
        load_japanese_vowels()
