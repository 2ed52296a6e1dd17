"""Examples 11 to 13 at small size: circuits that learn to drive."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from loaded import example


def test_the_shipped_solution_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    score = example("11_tap_withdrawal").main(updates=0, folder=tmp_path / "new")
    assert score["solved"] == 1
    assert score["mean"] > 96
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["circuit.png", "drive.png", "taps.png"]


def test_search_then_gradients(tmp_path):
    pytest.importorskip("matplotlib")
    score = example("11_tap_withdrawal").main(
        updates=1, folder=tmp_path, save=tmp_path / "driver.json", candidates=4000
    )
    assert score["searched"] > 80
    assert score["refined"] >= score["searched"]
    assert score["mean"] == score["refined"]
    assert json.loads((tmp_path / "driver.json").read_text())["provenance"]["updates"] == 1


def test_a_circuit_comes_nearer_to_its_teacher():
    found = example("12_behaviour_cloning").main(updates=24, candidates=2000)
    assert found["cloned, distance"] < found["searched, distance"] < 1


def test_reinforcement_learning_keeps_the_best():
    pytest.importorskip("stable_baselines3")
    learning = example("13_reinforcement_learning")
    score, circuit = learning.main(steps=2 * 16 * 32, candidates=2000, rollout=32)
    assert circuit.cell.variant == "exact"
    after = learning.judge_in_gymnasium(circuit, 100, seed=10_000)
    assert score["after"] == pytest.approx(float(after.returns.mean()))
    assert score["before"] > 50
    assert score["after"] > score["before"]


def test_gradients_of_the_policy_reach_the_whole_circuit():
    gymnasium = pytest.importorskip("gymnasium")
    pytest.importorskip("stable_baselines3")
    learning = example("13_reinforcement_learning")
    circuit = learning.TWC("annealed", temperature=0.1).double()
    car = learning.Remembering(gymnasium.make(learning.ENVIRONMENT), circuit)
    seen = [car.reset(seed=0)[0]]
    assert seen[0].shape == car.observation_space.shape
    for k in range(60):
        after, *_ = car.step(np.array([1.0 if k % 40 < 20 else -1.0], np.float32))
        seen.append(after)
    features = learning.Through(car.observation_space, circuit)(torch.from_numpy(np.stack(seen)))
    features[:, 0].sum().backward()
    sensory = [circuit.neurons.index(name) for name in ("PVD", "PLM", "AVM", "ALM")]
    others = [k for k in range(11) if k not in sensory]
    assert (circuit.cell.threshold.grad[others] != 0).all()
    assert (circuit.cell.raw_decay.grad[others] != 0).all()
    for synapses in (circuit.excitatory, circuit.inhibitory):
        assert (synapses.raw.grad[synapses.mask] != 0).all()
    assert (circuit.gaps.raw.grad != 0).all()


def test_what_the_policy_remembers_is_the_circuits_own_past():
    """Through the window from the remembered state comes what the circuit says when it runs from the start."""
    gymnasium = pytest.importorskip("gymnasium")
    pytest.importorskip("stable_baselines3")
    learning = example("13_reinforcement_learning")
    circuit = learning.TWC.solved("annealed", temperature=0.1)
    car = learning.Remembering(gymnasium.make(learning.ENVIRONMENT), circuit)
    now, _ = car.reset(seed=1)
    seen = [now[-2:]] * learning.WINDOW
    for _ in range(40):
        now, *_ = car.step(np.array([0.7], np.float32))
        seen.append(now[-2:])
    through = learning.Through(car.observation_space, circuit)
    with torch.no_grad():
        whole, _ = circuit(torch.from_numpy(np.stack(seen)).double()[None])
        assert through(torch.from_numpy(now)[None])[0, 0].item() == pytest.approx(whole[0, -1].item(), abs=1e-5)
