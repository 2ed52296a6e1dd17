"""The page on the tap withdrawal circuit says what is true, and the shipped solution solves the task."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from arcana.networks import TWC
from arcana.networks.gym_judge import judge_in_gymnasium
from arcana.networks.mountain_car import at_goal, drive, grid, move, starts
from arcana.networks.parameter_file import read_parameters, write_parameters
from arcana.networks.search import search
from arcana.networks.through_time import judge, refine

PAGE = (Path(__file__).parents[2] / "docs" / "tap-withdrawal.md").read_text(encoding="utf-8")


def block(language, number=0):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)[number]


def test_the_first_snippet_runs():
    pytest.importorskip("gymnasium")
    names = {}
    exec(block("python").replace("episodes=100", "episodes=3"), names)
    assert names["trace"].action.shape == (1, 5)
    assert names["trace"].E.shape == (1, 5, 11)
    assert {(c.source, c.target) for c in names["twc"].graph().gap_junctions} == {("PLM", "PVC"), ("AVM", "AVD")}


def test_a_circuit_of_ones_own(tmp_path):
    (tmp_path / "mine.json").write_text(block("json"))
    circuit = TWC.from_connectome(tmp_path / "mine.json")
    action, _ = circuit(torch.rand(2, 30, 1))
    assert action.shape == (2, 30)
    assert action.abs().max() > 0


def test_the_shipped_solution_solves_gymnasiums_task():
    pytest.importorskip("gymnasium")
    found = judge_in_gymnasium(TWC.solved(), episodes=100, seed=5000)
    assert found.solved.all()
    assert found.returns.mean() >= 96


def test_our_car_is_gymnasiums():
    """The same actions from the same start, up to the float32 in which gymnasium keeps its car."""
    gymnasium = pytest.importorskip("gymnasium")
    env, generator = gymnasium.make("MountainCarContinuous-v0"), torch.Generator().manual_seed(3)
    ends = set()
    for k in range(5):
        theirs = env.reset(seed=k)[0]
        ours = torch.from_numpy(theirs).double()[None]
        push = 0.0
        for t in range(400):
            if t % 40 == 0:  # long pushes: the car meets both walls
                push = 2.4 * torch.rand((), generator=generator).item() - 1.2 if k else (-1.0) ** (t // 40)
            theirs, _, arrived, _, _ = env.step([push])
            ours = move(ours, torch.tensor([push], dtype=torch.float64))
            assert (ours[0] - torch.from_numpy(theirs)).abs().max() < 1e-4
            assert bool(at_goal(ours)) == arrived
            ends |= {"wall"} if theirs[0] <= -1.2 else set()
            if arrived:
                ends.add("goal")
                break
    assert ends


def test_search_finds_a_driver():
    found = search(TWC().connectome, seed=0)
    assert found.score > 96
    assert 0.001 < found.solved < 0.01


def test_search_gives_the_same_again():
    first, again = (search(TWC().connectome, n=300, elites=4, episodes=5, seed=1) for _ in range(2))
    assert torch.equal(first.best.weight, again.best.weight)
    assert torch.equal(first.scores, again.scores)


def test_refinement_improves_a_handicapped_driver():
    circuit = TWC.solved()
    with torch.no_grad():
        circuit.cell.raw_decay += 0.005
        circuit.cell.threshold += 0.002
    before = judge(circuit, grid(64, torch.float64)).returns.mean()
    done = refine(circuit, updates=2, cars=4, judges=64)
    after = judge(circuit, grid(64, torch.float64)).returns.mean()
    assert done.before == before
    assert done.after == after >= before
    assert len(done.history) == 2


def test_parameters_make_a_round_trip(tmp_path):
    circuit = TWC.solved()
    write_parameters(circuit, tmp_path / "p.json", {"from": "a test"})
    other = TWC().double()
    assert read_parameters(other, tmp_path / "p.json") == {"from": "a test"}
    assert other.parameters_table() == circuit.parameters_table()


def test_a_car_that_is_not_driven_stays_in_the_valley():
    done = drive(lambda seen: torch.zeros(len(seen), dtype=seen.dtype), starts(5, torch.Generator(), torch.float64))
    assert not done.solved.any()
    assert (done.steps == 999).all()
    assert (done.returns == 0).all()
