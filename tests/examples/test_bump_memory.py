"""Example 15 at half its length: a ring learns to remember."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_a_direction_is_kept_for_three_seconds(tmp_path):
    pytest.importorskip("matplotlib")
    before, after = load("15_bump_memory").main(updates=100, out=tmp_path / "bump.png")
    assert before > 60
    assert after <= 10
    assert (tmp_path / "bump.png").read_bytes()[:4] == b"\x89PNG"
