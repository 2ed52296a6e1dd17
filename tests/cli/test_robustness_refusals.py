"""``arcana robustness``: lines and files that are refused, and leave nothing behind."""

from __future__ import annotations

import json

import numpy as np
import pytest
from study_lines import RUN, waves

from arcana.data.series import Series, write_series

pytestmark = pytest.mark.filterwarnings("ignore::arcana.errors.ArcanaWarning")


# what is added to RUN: what stderr must hold
TABLE = {
    "--chips 0 --chunk 0 --workers 0": ["--chips is 0", "--chunk is 0", "--workers is 0"],
    "--chips 1000000000": ["--chips is 1000000000", "1 to 1,000,000"],
    "--chips=-1": ["--chips is -1"],
    "--scale abc": ["--scale is 'abc'", "0,0.1,0.2"],
    "--scale 0,,1": ["--scale is '0,,1'"],
    "--scale=-0.1": ["scale is -0.1"],
    "--scale 1.5": ["1.5", "at most 1"],
    "--scale nan": ["scale is nan"],
    "--scale 0.1,0.1": ["scale is (0.1, 0.1)", "each value once"],
    "--seed -1": ["seed is -1"],
    "--threshold nan": ["threshold is nan"],
    "--threshold 90 --scale 0.1,0.1 --seed -3 --mismatch 20 --jitter 50": [
        "--threshold is 90.0",
        "--scale is (0.1, 0.1)",
        "--seed is -3",
        "--mismatch is 20.0",
        "--jitter is 50.0 s",
    ],
    "--scale=": ["--scale is ''"],
    "-o /proc/nowhere": ["a folder that can be written", "/proc"],
    "--temperature hot,-300": ["--temperature is 'hot'"],
    "--quantised maybe": ["--quantised is 'maybe'", "on, off"],
    "--quantised on,off": ["quantised is False", "pass the network itself"],
    "--temperature -300": ["temperature is -300.0 °C", "-55 to 125"],
    "--dead-neurons 1.5 --dropped=-1 --drift 2": ["--dead-neurons is 1.5", "--dropped is -1.0", "--drift is 2.0"],
    "--dead-cams nan --noise=-1 --spurious=-1": ["--dead-cams is nan", "--noise is -1.0", "--spurious is -1.0 Hz"],
    "--jitter 1mm --spurious 5s": ["--jitter is '1mm' s", "--spurious is '5s' Hz"],
    "--require-yield 95": ["--require-yield is 95.0"],
    "--mismatch 20": ["--mismatch is 20.0", "10 % is written 0.1"],
    "--mismatch gone.json": ["gone.json", "no such file"],
    "--mismatch hand.csv": ["hand.csv", "JSON"],
    "--mismatch odd.json": ["odd.json", "did you mean 'Itau_mem'?"],
    "--classes 1": ["--classes is 1"],
    "--classes 2": ["y is 2", "0 to 1"],
    "--classes 4": ["classes is 4", "divisor of the 3 outputs"],
    "--workers 2 --scheduler tcp://x:1": ["--workers and --scheduler"],
    "--scheduler localhost": ["--scheduler is 'localhost'", "tcp://"],
    "--checkpoint other.ck": ["other.ck", "another study"],
    "--checkpoint hand.csv": ["hand.csv", "checkpoint"],
    "--checkpoint no/chips.ck": ["no", "an existing folder"],
    "--sensitivity --chips 1 --scale 0": ["--sensitivity", "a --scale at which", "at least 2"],
    "--profile dynapse2": ["'dynapse2'"],
    "--data gone.npz": ["gone.npz", "no such file"],
    "--data basic-motion": ["did you mean 'basic-motions'?"],
    "--data basic-motions": ["channels of x is 6", "2"],
    "--data hand.csv": ["hand.csv", ".npz"],
    "--data nan.npz": ["nan.npz", "x[1, 2, 0]", "nan"],
    "--data labels.npz": ["labels.npz", "y[0] is -1"],
    "--data slow.npz": ["dt of the data is 0.01 s"],
    "--data many.npz": ["classes is 6", "--classes says how many"],
    "--data two.npz --classes 3": ["--classes is 3, allowed: 2, as the data names them"],
    "-o hand.csv": ["a folder that can be written"],
    "-o hand.csv/out": ["hand.csv"],
    "-o full": ["full/robustness.json", "--force"],
}


@pytest.fixture
def broken(folder):
    """``folder`` with what is wrong in one way each."""
    x, y = waves(), np.arange(6) % 3
    gap = x.copy()
    gap[1, 2, 0] = np.nan
    np.savez(folder / "nan.npz", x=gap, y=y)
    np.savez(folder / "labels.npz", x=x, y=y - 1)
    np.savez(folder / "slow.npz", x=x, y=y, dt=0.01)
    write_series(folder / "two.npz", Series(x, y % 2, ("left", "right"), 1e-3))
    np.savez(folder / "many.npz", x=x, y=np.arange(6) - 0)
    (folder / "odd.json").write_text(json.dumps({"cv": {"Itau_men": 0.1}, "distribution": "normal"}))
    (folder / "full").mkdir()
    (folder / "full" / "robustness.json").write_text("{}")
    fingerprint = {"seed": 99}
    from arcana.executors import Checkpoint

    with Checkpoint(folder / "other.ck", fingerprint):
        pass
    return folder


def everything(folder):
    return {str(p.relative_to(folder)): p.is_file() and p.read_bytes() for p in folder.rglob("*")}


@pytest.mark.parametrize("line", TABLE)
def test_bad_line(run, broken, line):
    before = everything(broken)
    done = run(f"{RUN} {line}")
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert "Traceback" not in done.output
    assert not [part for part in TABLE[line] if part not in done.stderr], done.stderr
    assert everything(broken) == before


def test_settings_that_cannot_be_used(run, broken):
    data = json.loads((broken / "dynapse1.json").read_text())
    (broken / "newer.json").write_text(json.dumps({**data, "version": 99}))
    before = everything(broken)
    for name, part in {"gone.json": "no such file", "newer.json": "newer arcana", "hand.csv": "JSON"}.items():
        done = run(RUN.replace("dynapse1.json", name))
        assert (done.exit_code, done.stdout) == (2, "")
        assert part in done.stderr
    assert everything(broken) == before
