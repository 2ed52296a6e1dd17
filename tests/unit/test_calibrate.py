"""Calibration: only codes change, the data never get worse, and nothing is seen of a chip but spikes."""

from __future__ import annotations

import math
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from chip_networks import biases, chain

import arcana
from arcana.emulate import Emulator
from arcana.engine.stiffness import StiffDriveWarning
from arcana.errors import BadInput
from arcana.graph import NetworkGraph, Population, Projection, Source
from arcana.hardware import load_profile
from arcana.mismatch import MismatchModel
from arcana.nn.temperature import set_temperature
from arcana.quantize.biasgen import BiasGenerator
from arcana.training import EmulatorBoard, calibrate
from arcana.training.calibrate_search import descend

BAD = MismatchModel(0.3).sample(1, seed=11)  # a chip that gets 9 of 16 series right


@pytest.fixture(autouse=True)
def strong_drive_is_fine():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StiffDriveWarning)
        yield


def network(chip):
    """Two halves, each excited by its own two lines and inhibited by those of the other; hidden 8, out 4."""
    strong = biases(chip, Iw_ampa=4e-12, Iw_gabab=2e-13, Idc=2e-11)
    populations = (Population("hidden", 8, 1e-3, strong), Population("out", 4, 1e-3, {**strong, "Idc": 1.5e-11}))
    halves = {"in": np.repeat([0, 1], 2), "hidden": np.repeat([0, 1], 4), "out": np.repeat([0, 1], 2)}

    def between(pre, post, receptor, mine, count):
        alike = halves[post][:, None] == halves[pre][None]
        return Projection.from_matrix(pre, post, receptor, np.where(alike == mine, count, 0))

    projections = (
        between("in", "hidden", "ampa", True, 3), between("in", "hidden", "gabab", False, 2),
        between("hidden", "out", "ampa", True, 2), between("hidden", "out", "gabab", False, 1),
    )  # fmt: skip
    return NetworkGraph((Source("in", 4),), populations, projections, outputs=("out",))


def task(series=16, steps=150):
    """Events: the two lines of the class are half as busy again as the others."""
    y = torch.arange(series) % 2
    rate = torch.full((series, 1, 4), 0.08)
    for k, label in enumerate(y):
        rate[k, 0, 2 * label : 2 * label + 2] = 0.12
    generator = torch.Generator().manual_seed(0)
    return torch.poisson(rate.expand(series, steps, 4), generator=generator), y


@pytest.fixture(scope="module")
def settings():
    return arcana.map_network(network(load_profile("dynapse1")), "dynapse1", note="two halves").configuration()


@pytest.fixture(scope="module")
def calibrated(settings):
    return calibrate(board_of(settings), *task(), classes=2, budget=60)


def board_of(settings, mismatch=BAD):
    return Emulator.from_config(settings, settings.profile.name, mismatch)


class SpikesOnly:
    """A board in a box: it can be programmed and listened to. Codes that it got are kept for the tests."""

    def __init__(self, emulator, populations=None):
        inside = EmulatorBoard(emulator)
        self.config, self.profile = inside.config, inside.profile
        self.runs, self.codes = 0, []

        def run(X):
            self.runs += 1
            spikes = inside.run(X)
            return {name: spikes[name].clone() for name in populations or spikes}

        def set_codes(cores):
            self.codes.append(list(cores))
            inside.set_codes(cores)

        self.run, self.set_codes = run, set_codes


def test_a_bad_chip_gets_better_and_never_worse(calibrated):
    assert calibrated.before.accuracy == 9 / 16
    assert calibrated.after.accuracy >= calibrated.model.accuracy == 14 / 16
    assert calibrated.after.loss <= calibrated.model.loss < calibrated.before.loss
    assert calibrated.stopped == "target"
    assert calibrated.history[0] == calibrated.before.loss
    assert calibrated.history[-1] == calibrated.after.loss
    assert list(calibrated.history) == sorted(calibrated.history, reverse=True)
    assert len(calibrated.history) == calibrated.evaluations < 60


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("objective", ["cross_entropy", "core_rates"])
def test_no_chip_gets_worse(settings, seed, objective):
    X, y = task()
    found = calibrate(
        board_of(settings, MismatchModel(0.3).sample(1, seed)), X, y, objective=objective, classes=2, budget=12
    )
    assert found.after.loss <= found.before.loss
    assert found.after.accuracy >= found.before.accuracy
    assert found.evaluations <= 12


def test_only_codes_of_core_biases_change(settings, calibrated):
    before, after = settings.model_dump(), calibrated.config.model_dump()
    changed = set()
    for old, new in zip(before["cores"], after["cores"], strict=True):
        codes = (old.pop("biases"), new.pop("biases"))
        assert list(codes[0]) == list(codes[1])
        changed |= {(old["chip"], old["core"], name) for name in codes[0] if codes[0][name] != codes[1][name]}
    note = after["provenance"].pop("note")
    assert note.startswith(before["provenance"].pop("note") + "; calibrated")
    assert before == after
    assert changed == {(c.chip, c.core, c.bias) for c in calibrated.changes} != set()


def test_the_table_of_changes_says_codes_and_currents(settings, calibrated):
    generator = BiasGenerator(load_profile("dynapse1"))
    old = {(c.chip, c.core): c.biases for c in settings.cores}
    new = {(c.chip, c.core): c.biases for c in calibrated.config.cores}
    for change in calibrated.changes:
        place = (change.chip, change.core)
        assert (change.before, change.after) == (old[place][change.bias], new[place][change.bias])
        for code, current in ((change.before, change.current_before), (change.after, change.current_after)):
            assert current == generator.current(change.bias, code.coarse, code.fine)
        assert str(change) in str(calibrated)
    assert {change.core for change in calibrated.changes} == {0, 1}


def test_currents_stay_within_reach_and_codes_exist(settings):
    found = calibrate(board_of(settings), *task(), classes=2, budget=40, reach=1.5, target=-1.0)
    assert found.changes
    for change in found.changes:
        assert 1 / 1.53 < change.current_after / change.current_before < 1.53  # rounded to a level
        assert 0 <= change.after.coarse <= 7
        assert 0 <= change.after.fine <= 255


def test_a_fresh_emulator_of_the_result_has_the_same_spikes(settings, calibrated):
    X, y = task()
    board = SpikesOnly(board_of(settings))
    calibrate(board, X, y, classes=2, budget=60)
    fresh = board_of(calibrated.config)
    assert board.codes[-1] == calibrated.config.cores
    spikes = board.run(X)
    for name, expected in fresh.net.run(X)[0].items():
        assert torch.equal(spikes[name], expected)
    rates = fresh(X)[0].mean(1).reshape(16, 2, 2).mean(-1)
    assert float((rates.argmax(-1) == y).double().mean()) == calibrated.after.accuracy


def test_weights_of_switched_words_follow_their_codes():
    torch.manual_seed(0)
    chip = load_profile("dynapse2")
    net = chain(chip, recurrent=False, encoder=False)
    for layer in net:
        layer.whole_weights = False
        for name in ("W_ampa", "W_gabab"):
            weight = getattr(layer, name)
            weight.data = torch.rand_like(weight) * 3
    settings = arcana.map_network(net, chip, weights="switch").configuration()
    assert len({w.switches for n in settings.neurons for w in n.cam_words}) > 4
    X = task(4, 100)[0]
    emulator = board_of(settings)
    found = calibrate(emulator, X, objective="core_rates", biases=["SYAM_W0_P", "SOIF_DC_P"], budget=12)
    assert {c.bias for c in found.changes} == {"SYAM_W0_P", "SOIF_DC_P"}
    with set_temperature(emulator.net, 40.0):
        board = EmulatorBoard(emulator)
    board.set_codes(found.config.cores)
    spikes, fresh = board.run(X), board_of(found.config)
    cool = fresh.net.run(X)[0]
    with set_temperature(fresh.net, 40.0):
        for name, expected in fresh.net.run(X)[0].items():
            assert torch.equal(spikes[name], expected)
            assert not torch.equal(cool[name], expected)


def test_it_sees_spikes_alone(settings, calibrated):
    board = SpikesOnly(board_of(settings), populations=["out"])
    found = calibrate(board, *task(), classes=2, budget=60)
    assert found == calibrated
    assert board.runs == found.evaluations


def test_the_emulator_stays_as_it_is(settings):
    X, y = task()
    emulator = board_of(settings)
    before, state = emulator(X)[0], {k: v.clone() for k, v in emulator.state_dict().items()}
    calibrate(emulator, X, y, classes=2, budget=10)
    assert emulator.config is settings
    assert torch.equal(emulator(X)[0], before)
    assert all(torch.equal(state[k], v) for k, v in emulator.state_dict().items())


def test_the_same_chip_gives_the_same_codes(settings, calibrated):
    assert calibrate(board_of(settings), *task(), classes=2, budget=60) == calibrated


def test_labels_are_not_needed(settings):
    X, y = task()
    decided = board_of(settings, None)(X)[0].mean(1).reshape(16, 2, 2).mean(-1).argmax(-1)
    assert not torch.equal(decided, y)
    blind = calibrate(board_of(settings), X, classes=2, budget=15)
    assert blind == calibrate(board_of(settings), X, decided, classes=2, budget=15)
    assert blind.model.accuracy == 1
    assert blind.after.loss < blind.before.loss
    cores = calibrate(board_of(settings), X, objective="core_rates", budget=15)
    assert cores.after.loss < 0.5 * cores.before.loss
    assert cores.after.accuracy is None


def test_objectives_follow_each_other(settings, calibrated):
    X, y = task()
    both = calibrate(board_of(settings), X, y, objective=("core_rates", "cross_entropy"), classes=2, budget=20)
    assert len(both.before.losses) == 2
    assert both.before.loss == calibrated.before.loss
    assert both.after.loss < both.before.loss
    assert both.evaluations <= 20


def test_an_objective_of_ones_own(settings):
    def rate_error(spikes, labels):
        assert labels is None
        return abs(float(spikes.mean()) * 1000 - 40)

    found = calibrate(board_of(settings), task()[0], objective=rate_error, target=0.5, budget=60)
    assert found.stopped == "target"
    assert found.after.loss <= 0.5
    assert abs(found.after.rate - 40) == pytest.approx(found.after.loss, rel=1e-4)


def test_one_run_only_measures(settings):
    seen = []
    found = calibrate(board_of(settings), *task(), classes=2, budget=1, progress=lambda *now: seen.append(now))
    assert (found.evaluations, found.changes, found.stopped) == (1, (), "budget")
    assert found.after == found.before
    assert found.config.cores == settings.cores
    assert seen == [(1, found.before.loss)]


def test_named_biases_alone_change(settings):
    found = calibrate(board_of(settings), *task(), classes=2, biases=["PULSE_PWLK_P"], budget=60, target=-1.0)
    assert {change.bias for change in found.changes} == {"PULSE_PWLK_P"}
    assert found.stopped == "converged"


def test_a_board_that_fails_is_left_with_the_best_codes(settings, calibrated):
    board = SpikesOnly(board_of(settings))
    run, history = board.run, []

    def fails_at_last(X):
        if board.runs == 10:
            raise ConnectionError("the board does not answer")
        return run(X)

    board.run = fails_at_last
    with pytest.raises(ConnectionError):
        calibrate(board, *task(), classes=2, budget=60, progress=lambda *now: history.append(now))
    assert history[-1] == (10, calibrated.history[9])
    ten = calibrate(board_of(settings), *task(), classes=2, budget=10)
    assert board.codes[-1] == ten.config.cores


def test_a_board_that_shows_the_wrong_spikes(settings):
    X, y = task()
    with pytest.raises(BadInput) as error:
        calibrate(SpikesOnly(board_of(settings), populations=["hidden"]), X, y, classes=2)
    assert "board.run()['out']" in str(error.value)
    board = SpikesOnly(board_of(settings))
    run = board.run
    board.run = lambda X: {"out": run(X)["out"][:-1], "other": run(X)["out"]}
    with pytest.raises(BadInput) as error:
        calibrate(board, X, y, classes=2)
    assert "(16, steps, 4)" in str(error.value)
    assert "'other'" in str(error.value)


def test_all_that_is_wrong_is_listed(settings):
    X, y = task()
    with pytest.raises(BadInput) as error:
        calibrate(
            board_of(settings, MismatchModel(0.1).sample(2)), torch.where(X > 1, math.nan, X), y[:-1].float(),
            objective=("cross_entropi", "core_rates"), classes=3, biases=["IF_DC", "IF_AHW_P"], budget=0, reach=1.0,
            target=math.nan,
        )  # fmt: skip
    fields = [problem.field for problem in error.value.problems]
    assert fields == [
        "emulator", "X", "objective", "classes", "y", "budget", "reach", "target",
        "bias of profile 'dynapse1'", "C0c0.IF_AHW_P", "C0c1.IF_AHW_P",
    ]  # fmt: skip
    assert "did you mean 'cross_entropy'?" in str(error.value)
    assert "did you mean 'IF_DC_P'?" in str(error.value)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"X": torch.zeros(0, 10, 4)}, "X"),
        ({"X": torch.zeros(3, 4)}, "X"),
        ({"X": [1.0]}, "X"),
        ({"X": torch.zeros(16, 10, 5)}, "X"),
        ({"classes": None}, "classes"),
        ({"y": None, "classes": None}, "classes"),
        ({"y": -torch.ones(16, dtype=torch.int64)}, "y"),
        ({"y": torch.full((16,), 4)}, "y"),
        ({"y": torch.arange(16) % 4, "classes": 2}, "y"),
        ({"y": torch.zeros(15, dtype=torch.int64)}, "y"),
        ({"objective": ()}, "objective"),
        ({"objective": lambda spikes, y: math.nan}, "objective 0"),
        ({"objective": lambda spikes, y: spikes.mean(1)}, "objective"),
        ({"objective": lambda spikes, y: "high"}, "objective"),
        ({"biases": []}, "biases"),
        ({"budget": True}, "budget"),
    ],
)
def test_bad_input(settings, change, field):
    X, y = task()
    arguments = {"X": X, "y": y, "classes": 2, **change}
    with pytest.raises(BadInput) as error:
        calibrate(board_of(settings), **arguments)
    assert field in [problem.field for problem in error.value.problems]


def test_a_chip_without_codes_is_refused(settings):
    X, y = task()
    exact = arcana.map_network(network(load_profile("dynapse1")), "dynapse1", exact=True).configuration()
    with pytest.raises(BadInput, match="exact currents of C0c0"):
        calibrate(board_of(exact), X, y, classes=2)
    board = SpikesOnly(board_of(settings))
    board.profile = load_profile("ideal")
    with pytest.raises(BadInput, match="bias generator has codes"):
        calibrate(board, X, y, classes=2)
    with pytest.raises(BadInput, match="missing: profile, set_codes, run"):
        calibrate(type("Half", (), {"config": settings})(), X, y)


def test_a_bias_that_more_than_a_core_shares_is_refused():
    chip = load_profile("dynapse2")
    board = board_of(arcana.map_network(network(chip), chip).configuration())
    shared = next(name for name, bias in chip.bias.items() if bias.scope != "core")
    with pytest.raises(BadInput, match="a bias that the neurons of one core share"):
        calibrate(board, *task(), classes=2, biases=[shared])


def test_the_search_finds_the_bottom_of_a_bowl():
    def loss(moves):
        return (moves[0] - 0.7) ** 2 + (moves[1] + 0.4 - moves[0]) ** 2

    asked = []

    def loss_at(moves):
        asked.append(loss(moves))
        return asked[-1]

    start = np.zeros(3)  # the third does nothing
    assert descend(loss_at, start, loss(start), 1.0, lambda: False) == "converged"
    assert min(asked) < 0.01 * loss(start)
    assert descend(lambda moves: None, start, loss(start), 1.0, lambda: False) == "budget"
    assert descend(loss_at, start, loss(start), 1.0, lambda: min(asked) < 1) == "target"
