"""A folder with a recording, an event list and settings files, and the commands run in it."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from study_lines import waves

import arcana
from arcana.cli import app
from arcana.data.series import Series, write_series
from arcana.hardware import load_profile
from arcana.model import ADM

START = {
    "Itau_mem": 2e-12,
    "Igain_mem": 8e-11,
    "Idc": 4e-11,
    "refractory": 4e-3,
    "Iw_ampa": 2e-12,
    "Iw_gabab": 1e-13,
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs ``arcana`` with a line of arguments, in ``tmp_path``."""
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    return lambda line: runner.invoke(app, line.split() if isinstance(line, str) else line)


@pytest.fixture
def files(tmp_path):
    """Recording ``hand.csv`` (2 channels, 0.3 s), and settings with an encoder and without."""
    rows = [f"{k / 1000:.3f},{math.sin(k / 20):.5f},{math.cos(k / 30):.5f}" for k in range(300)]
    (tmp_path / "hand.csv").write_text("\n".join(["time,left,right", *rows, ""]))
    (tmp_path / "flat.csv").write_text("time,left\n" + "".join(f"{k / 1000},1\n" for k in range(9)))
    for name in ("dynapse1", "dynapse2"):
        chip = load_profile(name)
        torch.manual_seed(0)
        layer = arcana.DPILayer(4, 3, profile=chip, **START)
        net = arcana.Sequential(ADM(2, 0.1, 0.1, 0), layer)
        arcana.map_network(net, chip, seed=7, note="try").configuration().save(tmp_path / f"{name}.json")
        arcana.map_network(layer, chip).configuration().save(tmp_path / f"{name}-events.json")
    return SimpleNamespace(folder=tmp_path, names=sorted(p.name for p in tmp_path.iterdir()))


@pytest.fixture
def folder(files):
    """Settings with three outputs, and six series of three classes."""
    x, y = waves().astype("f4"), np.arange(6) % 3
    write_series(files.folder / "series.npz", Series(x, y, ("left", "right", "still"), 1e-3))
    return files.folder
