"""Examples 11 to 13 at small size: circuits that learn to drive."""

from __future__ import annotations

import importlib.util
import json
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


def test_the_shipped_solution_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    score = load("11_tap_withdrawal").main(updates=0, folder=tmp_path / "new")
    assert score["solved"] == 1
    assert score["mean"] > 96
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["circuit.png", "drive.png", "taps.png"]


def test_search_then_gradients(tmp_path):
    pytest.importorskip("matplotlib")
    score = load("11_tap_withdrawal").main(
        updates=1, folder=tmp_path, save=tmp_path / "driver.json", candidates=4000
    )
    assert score["searched"] > 80
    assert score["refined"] >= score["searched"]
    assert score["mean"] == score["refined"]
    assert json.loads((tmp_path / "driver.json").read_text())["provenance"]["updates"] == 1


def test_a_circuit_comes_nearer_to_its_teacher():
    found = load("12_behaviour_cloning").main(updates=24, candidates=2000)
    assert found["cloned, distance"] < found["searched, distance"] < 1


def test_reinforcement_learning_reaches_every_parameter():
    pytest.importorskip("stable_baselines3")
    example = load("13_reinforcement_learning")
    score, circuit = example.main(steps=2 * 16 * 32, candidates=2000, rollout=32)
    start = example.TWC().double()
    example.search(start.connectome, n=2000, seed=0).best.load_into(start, 0)
    for (name, before), after in zip(start.named_parameters(), circuit.parameters(), strict=True):
        changed = (before != after).flatten()
        assert changed.any(), name
    assert score["before"] == pytest.approx(
        float(example.judge_in_gymnasium(start, 100, seed=10_000).returns.mean())
    )
