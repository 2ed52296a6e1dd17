"""The study: chips that do not depend on how they are run, under every condition, and refusals."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from chip_networks import chain, waves

import arcana
from arcana.analysis import Accuracy, RobustnessStudy, robustness
from arcana.analysis.draws import Chips
from arcana.analysis.subject import BoardSubject, without_words
from arcana.emulate import Emulator
from arcana.errors import ArcanaWarning, BadInput
from arcana.hardware.registry import load_profile
from arcana.mapping.decode import decode
from arcana.nn.chips import on_chips

MODEL = arcana.MismatchModel(0.2)
CHIP = load_profile("dynapse1")


@pytest.fixture(autouse=True)
def strong_drive_is_fine():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def rate(spikes, _):
    """Mean number of spikes: differs from chip to chip, and tells bit for bit."""
    return spikes.double().mean()


@pytest.fixture(scope="module")
def net():
    return chain(CHIP)


@pytest.fixture(scope="module")
def board(net):
    return arcana.map_network(net, CHIP, seed=0)


DATA = torch.cat([waves(200), 0.5 * waves(200), waves(200).flip(1)]), torch.zeros(3, dtype=torch.long)
EVERY = {
    "mismatch alone": {},
    "temperature": {"temperature": 60.0},
    "dead neurons": {"dead_neurons": 0.3},
    "drift": {"drift": 0.2},
    "noise": {"noise": 0.05},
    "jitter": {"jitter": 3e-3},
    "dropped": {"dropped": 0.3},
    "spurious": {"spurious": 20.0},
    "all": {"temperature": -20.0, "dead_neurons": 0.1, "drift": 0.1, "noise": 0.02, "jitter": 2e-3, "dropped": 0.1,
            "spurious": 5.0},
}  # fmt: skip


@pytest.mark.parametrize("kind", ["net", "board"])
@pytest.mark.parametrize("name", [*EVERY, "dead words"])
def test_a_chip_alone_is_the_chip_of_the_run(kind, name, net, board):
    if kind == "net" and name == "dead words":
        pytest.skip("a network that is not mapped has no words")
    conditions = EVERY.get(name, {"dead_cams": 0.3})
    study = RobustnessStudy(
        net if kind == "net" else board, rate, DATA, MODEL, scale=(0, 1), n_chips=5, seed=4, **conditions
    )
    whole = study.run(chunk=5)
    for other in (study.run(chunk=2), study.run(chunk=1)):
        assert [p.values for p in other.points] == [p.values for p in whole.points]
    for point in (0, 1):
        assert [study.value(point, k) for k in range(5)] == list(whole.points[point].values)
    assert len(set(whole.points[1].values)) > 1  # chips do differ
    assert whole.clean > 0


def test_float_weights_do_not_depend_on_the_chunk_either():
    torch.manual_seed(1)
    net = arcana.DPILayer(40, 30, recurrent=True, Idc=4e-11, Itau_mem=2e-12, Igain_mem=8e-11, Iw_ampa=1e-12)
    for name in ("W_nmda", "W_gabaa", "W_gabab"):
        getattr(net, name).data.zero_()
    net.W_ampa.data, net.R_ampa.data = torch.rand(30, 40), 0.3 * torch.rand(30, 30)
    net.whole_weights = False
    data = (torch.rand(4, 150, 40) < 0.05).float(), torch.zeros(4)
    study = RobustnessStudy(net, rate, data, MODEL, scale=1, n_chips=7)
    threads = torch.get_num_threads()
    first = study.run(chunk=7).points[0].values
    try:
        torch.set_num_threads(1)
        second = study.run(chunk=3).points[0].values
    finally:
        torch.set_num_threads(threads)
    assert first == second
    assert len(set(first)) > 1


def test_a_network_on_a_chip_is_what_on_chips_makes_of_it(net):
    study = RobustnessStudy(net, rate, DATA, MODEL, scale=1, n_chips=3, seed=9)
    with on_chips(net, MODEL.sample(3, seed=9)), torch.no_grad():
        expected, _ = net(DATA[0])
    assert all(torch.equal(study.spikes(0, k), expected[k]) for k in range(3))


def test_a_board_is_the_emulator_with_that_mismatch(board):
    study = RobustnessStudy(board, rate, DATA, MODEL, scale=1, n_chips=3, seed=9)
    emulator = Emulator.from_config(board.configuration(), CHIP, mismatch=MODEL.sample(1, seed=9, first=2))
    assert torch.equal(study.spikes(0, 2), emulator(DATA[0])[0])


def test_what_is_given_may_be_the_file_the_settings_the_mapping_or_the_emulator(board, tmp_path):
    config = board.configuration()
    forms = [config.save(tmp_path / "c.json"), config, board, Emulator.from_config(config, CHIP)]
    found = [robustness(form, rate, DATA, MODEL, scale=1, n_chips=2).points[0].values for form in forms]
    assert found[0] == found[1] == found[2] == found[3]


def test_the_network_that_was_given_is_left_alone_and_not_followed(net):
    before = {name: value.clone() for name, value in net.state_dict().items()}
    study = RobustnessStudy(net, rate, DATA, MODEL, scale=1, n_chips=2)
    first = study.run().points[0].values
    assert net.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    with torch.no_grad():
        net[1].W_ampa.add_(1)
    try:
        assert study.run().points[0].values == first
    finally:
        with torch.no_grad():
            net[1].W_ampa.sub_(1)


def test_at_scale_0_all_chips_are_one(board):
    report = robustness(board, rate, DATA, MODEL, scale=0, n_chips=4)
    assert set(report.points[0].values) == {report.clean}


def test_dead_neurons_never_spike(board):
    subject = BoardSubject(board.configuration(), CHIP)
    chips = Chips(arcana.MismatchModel(0.0), 1, 0, dead_neurons=1.0)
    study = RobustnessStudy(board, rate, DATA, MODEL, scale=0, n_chips=1, dead_neurons=1.0)
    assert not subject.run(DATA[0], chips, study.conditions[0]).any()
    assert study.value(0, 0) == 0


def test_all_dead_words_leave_nothing_but_the_neurons_own_firing(board):
    study = RobustnessStudy(board, rate, DATA, MODEL, scale=0, n_chips=1, dead_cams=1.0)
    config = board.configuration()
    silent = without_words(config, 1.0, 0, 0)
    assert not any(n.cams for n in silent.neurons)
    alone = Emulator(silent, CHIP, decode(silent, CHIP))
    assert torch.equal(study.spikes(0, 0), alone(DATA[0])[0])
    assert study.value(0, 0) != RobustnessStudy(board, rate, DATA, MODEL, scale=0, n_chips=1).clean()


def test_dead_words_are_a_share_of_all_and_belong_to_their_place(board):
    config = board.configuration()
    words = sum(len(n.cams) for n in config.neurons)
    left = [sum(len(n.cams) for n in without_words(config, 0.2, 0, chip).neurons) for chip in range(300)]
    assert np.mean(left) / words == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / (300 * words)))
    shuffled = config.model_copy(update={"neurons": config.neurons[::-1]})
    kept = {(n.core, n.neuron): n.cams for n in without_words(shuffled, 0.2, 0, 1).neurons}
    assert kept == {(n.core, n.neuron): n.cams for n in without_words(config, 0.2, 0, 1).neurons}


def test_codes_on_and_off_of_one_network(net):
    study = RobustnessStudy(net, rate, DATA, MODEL, scale=0, quantised=(False, True), n_chips=1)
    report = study.run()
    exact, codes = (p.values[0] for p in report.points)
    assert exact != codes
    assert report.clean == exact
    plain = RobustnessStudy(net, rate, DATA, MODEL, scale=0, n_chips=1).run()
    assert plain.clean == exact  # exact currents are the network itself


def test_events_may_be_the_input():
    net = chain(CHIP, encoder=False)
    data = (torch.rand(3, 150, 4) < 0.1).float(), torch.zeros(3)
    report = robustness(net, rate, data, MODEL, scale=1, n_chips=2, jitter=2e-3, dropped=0.1)
    assert len(set(report.points[0].values)) == 2


@pytest.fixture(scope="module")
def report():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return robustness(
            chain(CHIP), rate, DATA, MODEL, scale=(0, 1), temperature=(0, 60), n_chips=3, seed=2, threshold=0.01
        )


class TestReport:
    def test_one_row_for_each_chip_and_point(self, report):
        rows = list(report.rows())
        assert len(rows) == 12
        assert [row["chip"] for row in rows[:4]] == [0, 1, 2, 0]
        assert rows[-1]["temperature"] == 60
        assert rows[-1]["scale"] == 1
        assert rows[-1]["seed"] == 2
        assert rows[-1]["value"] == report.points[3].values[2]

    def test_the_worst_chip_is_named(self, report):
        point = report.points[2]
        assert point.values[point.worst_chip] == point.summary.worst == min(point.values)

    def test_provenance_tells_what_was_run(self, report):
        assert {"arcana", "network", "series", "targets", "metric", "seed"} <= report.provenance.keys()
        assert report.metric == "rate"

    def test_the_table_has_a_line_for_each_point(self, report):
        assert report.table().row_count == 4
        assert report.varied == ("scale", "temperature")

    def test_the_default_threshold_is_nine_tenths_of_clean(self, net):
        report = robustness(net, rate, DATA, MODEL, scale=0, n_chips=1)
        assert report.threshold == pytest.approx(0.9 * report.clean)


class TestRefusals:
    def test_all_arguments_are_judged_together(self, net):
        with pytest.raises(BadInput) as caught:
            RobustnessStudy(net, 3, DATA, 0.2, scale=-1, n_chips=0, seed=-1, threshold=float("nan"), temprature=20)
        fields = " ".join(problem.field for problem in caught.value.problems)
        for name in ("metric", "mismatch", "n_chips", "seed", "threshold", "scale"):
            assert name in fields
        assert "temprature" in str(caught.value)

    def test_a_scale_that_makes_a_cv_above_1(self, net):
        with pytest.raises(BadInput):
            RobustnessStudy(net, rate, DATA, MODEL, scale=(1, 6))

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (None, "pair"),
            ((torch.zeros(0, 5, 2), torch.zeros(0)), "none of them 0"),
            ((torch.zeros(3, 5), torch.zeros(3)), "series, time, channels"),
            ((torch.full((1, 5, 2), float("nan")), torch.zeros(1)), "finite"),
            ((torch.zeros(3, 5, 2), torch.zeros(2)), "one for each series"),
            (([[1.0]], [1]), "tensor or an array"),
        ],
    )
    def test_data(self, net, data, said):
        with pytest.raises(BadInput, match=said):
            RobustnessStudy(net, rate, data, MODEL)

    def test_the_wrong_number_of_channels(self, net):
        data = torch.zeros(1, 20, 3), torch.zeros(1)
        with pytest.raises(BadInput):
            robustness(net, rate, data, MODEL, scale=0, n_chips=1)

    @pytest.mark.parametrize("value", [float("nan"), torch.ones(2), None, "good"])
    def test_a_metric_that_gives_no_number_names_the_chip(self, net, value):
        def odd(spikes, _):
            return value

        with pytest.raises(BadInput, match="one finite number"):
            robustness(net, odd, DATA, MODEL, scale=1, n_chips=2)

    def test_the_chip_is_named(self, net):
        clean = RobustnessStudy(net, rate, DATA, MODEL, scale=1).clean()

        def odd(spikes, _):
            return 1.0 if rate(spikes, _) == clean else float("nan")

        with pytest.raises(BadInput, match="chip 0 at scale 1"):
            robustness(net, odd, DATA, MODEL, scale=1, n_chips=2)

    def test_something_that_is_no_network(self):
        with pytest.raises(BadInput, match="a network of DPI layers"):
            RobustnessStudy(torch.nn.Linear(2, 2), rate, DATA, MODEL)

    def test_conditions_that_cannot_be(self):
        net = chain(CHIP, encoder=False)
        data = torch.zeros(1, 20, 4), torch.zeros(1)
        with pytest.raises(BadInput) as caught:
            RobustnessStudy(net, rate, data, MODEL, dead_cams=0.1, noise=0.1)
        assert [problem.field for problem in caught.value.problems] == ["dead_cams", "noise"]

    def test_settings_that_hold_codes_have_no_exact_currents(self, board):
        with pytest.raises(BadInput, match="either codes or exact currents"):
            RobustnessStudy(board, rate, DATA, MODEL, quantised=False)

    def test_a_chip_beyond_the_study(self, net):
        study = RobustnessStudy(net, rate, DATA, MODEL, scale=1, n_chips=2)
        with pytest.raises(BadInput) as caught:
            study.value(1, 2)
        assert [problem.field for problem in caught.value.problems] == ["point", "chip"]


def test_accuracy_of_a_board(board):
    report = robustness(board, Accuracy(), DATA, MODEL, scale=(0, 1), n_chips=3)
    assert all(0 <= value <= 1 for point in report.points for value in point.values)


def below_zero(spikes, _):
    return -1 - spikes.double().mean()


def test_a_metric_that_is_not_above_zero_needs_a_threshold(board):
    with pytest.raises(BadInput, match=r"threshold is None.*not above 0.*the value is -1.*does a chip work"):
        robustness(board, below_zero, DATA, MODEL, scale=1, n_chips=2)
    report = robustness(board, below_zero, DATA, MODEL, scale=1, n_chips=2, threshold=-5.0)
    assert report.points[0].summary.yield_ == 1


@pytest.mark.parametrize("threshold", [90, -0.1, 1.01])
def test_a_threshold_is_within_the_bounds_of_the_metric(board, threshold):
    with pytest.raises(BadInput, match=r"threshold is .* a number from 0 to 1.*90 % is written 0.9"):
        RobustnessStudy(board, Accuracy(), DATA, MODEL, threshold=threshold)


@pytest.mark.parametrize("metric", [lambda spikes: 1.0, lambda a, b, c: 1.0])
def test_a_metric_takes_spikes_and_targets(board, metric):
    with pytest.raises(BadInput, match=r"metric is .* a function of spikes and targets"):
        RobustnessStudy(board, metric, DATA, MODEL)


def test_a_metric_that_gives_text_is_refused(board):
    with pytest.raises(BadInput, match=r"is '0.5', allowed: one finite number"):
        robustness(board, lambda spikes, y: "0.5", DATA, MODEL, n_chips=1)


def eats_targets(spikes, targets):
    """A careless metric: it sees each target once."""
    left = len(targets) if isinstance(targets, list) else int((targets >= 0).sum())
    targets.clear() if isinstance(targets, list) else targets.fill_(-1)
    return left


@pytest.mark.parametrize("targets", [DATA[1], [["a"], ["b"], ["c"]]])
def test_what_a_metric_does_to_the_targets_is_not_seen_by_the_next_chip(board, targets):
    report = robustness(board, eats_targets, (DATA[0], targets), MODEL, scale=1, n_chips=3)
    assert report.points[0].values == (3, 3, 3)
    assert report.clean == 3


def test_a_network_that_guesses_is_doubted(board):
    with pytest.warns(ArcanaWarning, match="no better than guessing among 3 classes"):
        robustness(board, Accuracy(3), DATA, MODEL, scale=0, n_chips=1, threshold=0.5)


def test_arrays_and_other_types_of_numbers_may_come_in(net, board):
    X, y = DATA
    for given in (net, board):
        wanted = robustness(given, rate, DATA, MODEL, scale=1, n_chips=2)
        for data in ((X.numpy(), y.numpy()), (X.double(), y), (X.double().numpy(), y)):
            assert robustness(given, rate, data, MODEL, scale=1, n_chips=2).points == wanted.points


def test_where_the_first_value_is_that_is_no_number(board):
    X = DATA[0].clone()
    X[1, 7, 0] = torch.nan
    with pytest.raises(BadInput, match=r"1 values, the first nan.*series 1, step 7, channel 0"):
        RobustnessStudy(board, rate, (X, DATA[1]), MODEL)
    with pytest.raises(BadInput, match=r"complex64.*real numbers"):
        RobustnessStudy(board, rate, (X.to(torch.complex64), DATA[1]), MODEL)


@pytest.mark.parametrize(("name", "value"), [("spurious", 1e9), ("jitter", 100.0)])
def test_disturbances_beyond_reason_are_refused(board, name, value):
    with pytest.raises(BadInput, match=f"{name} is .* a number from 0 to"):
        RobustnessStudy(board, rate, DATA, MODEL, **{name: value})
