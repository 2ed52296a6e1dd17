"""``harden``: what its methods train on, what it leaves behind, and what it refuses."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from chip_networks import START

import arcana
from arcana.errors import BadInput
from arcana.mismatch import MismatchModel
from arcana.model import ADM, DPILayer, Sequential
from arcana.training import Attack, Ramp, Update, harden
from arcana.training.batches import Batches
from arcana.training.harden_checks import METHODS

DT, LINES, CLASSES = 1e-3, 8, 2
MODEL = MismatchModel(0.2)
AT_ONCE = Ramp(0, 0)
RATES = (torch.arange(CLASSES)[:, None] == torch.arange(LINES) % CLASSES) * 0.15 + 0.02
TARGETS = torch.arange(12) % CLASSES
EVENTS = (torch.rand(12, 60, LINES, generator=torch.Generator().manual_seed(0)) < RATES[TARGETS][:, None]).float()


def network(**options) -> Sequential:
    """Two layers, the same at each call; trained counts and one trained bias."""
    torch.manual_seed(0)
    trained = {"train_ampa": True, "train_gabab": True, "train_Itau_mem": True}
    options = {**trained, "Iw_ampa": 2e-11, "Iw_gabab": 2e-12, **START, **options}
    net = Sequential(DPILayer(LINES, 6, DT, **options), DPILayer(6, CLASSES, DT, **options))
    with torch.no_grad():
        for layer in net:
            for weight in (layer.W_ampa, layer.W_gabab):
                weight.copy_(2 * torch.rand(weight.shape))
    return net


def loss(hidden: torch.Tensor, out: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of spike counts; the hidden layer is there."""
    assert hidden.shape[:2] == out.shape[:2] == (len(targets), hidden.shape[1])
    return cross_entropy(out.sum(1) / 2, targets)


def train(net: torch.nn.Module, method: str = "sample", loss=loss, data=(EVENTS, TARGETS), **options):
    options = {"mismatch": MODEL, "updates": 3, "seed": 0, "schedule": AT_ONCE, **options}
    return harden(net, data, loss, method=method, **options)


def same(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    x, y = a.state_dict(), b.state_dict()
    return x.keys() == y.keys() and all(torch.equal(x[name], y[name]) for name in x)


# --- the methods --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("chips", [1, 2])
def test_every_method_trains_repeats_itself_and_leaves_no_mismatch(method, chips):
    nets, histories = [network(), network()], []
    for net in nets:
        histories.append(train(net, method, chips=chips))
        assert all(not layer.mismatch_factors() for layer in net)
        assert all((layer.solver, layer.substeps, layer.whole_weights) == ("rk4", None, True) for layer in net)
    assert histories[0] == histories[1]
    assert same(*nets)
    assert not same(nets[0], network())
    assert [u.number for u in histories[0]] == [0, 1, 2]
    assert [u.scale for u in histories[0]] == [0.0 if method == "plain" else 1.0] * 3
    assert all((u.worst is not None) == (method in ("attack", "both")) for u in histories[0])


@pytest.mark.parametrize("method", ["sample", "attack", "both"])
def test_another_seed_is_another_training(method):
    nets = [network(), network()]
    for seed, net in enumerate(nets):
        train(net, method, seed=seed)
    assert not same(*nets)


def test_plain_knows_no_mismatch():
    nets = [network(), network()]
    train(nets[0], "plain", mismatch=None)
    train(nets[1], "plain")
    assert same(*nets)


@pytest.mark.parametrize("method", ["sample", "attack", "both"])
def test_without_mismatch_every_method_is_plain(method):
    """Scale 0 from the schedule; the batches and windows are the same for all methods."""
    nets = [network(), network()]
    options = {"schedule": lambda progress: 0.0, "batch": 5, "window": 40}
    histories = [train(net, m, **options) for net, m in zip(nets, (method, "plain"), strict=True)]
    assert histories[0] == histories[1]
    assert same(*nets)


def test_training_makes_the_loss_smaller():
    history = train(network(), "sample", updates=30, whole_from=None)
    assert sum(u.loss for u in history[-5:]) < 0.5 * sum(u.loss for u in history[:5])


def test_the_chips_of_an_update_are_those_of_the_seed():
    net, seen = network(), []

    def looking(hidden, out, targets):
        seen.append(net[0].mismatch_factors()["Ith"].clone())
        return loss(hidden, out, targets)

    train(net, "sample", looking, chips=2, seed=5, schedule=lambda progress: 0.5)
    assert len(seen) == 3 * 2  # once for each chip
    for update in range(3):
        drawn = MODEL.scaled(0.5).sample(2, seed=5, first=2 * update).log_factors("0", "Ith", 6)
        assert torch.equal(seen[2 * update], torch.from_numpy(drawn).unsqueeze(1).float())


def test_several_chips_are_the_mean_of_each_alone():
    """Loss and gradient: the first update of two chips has the mean loss of the chips, one by one."""
    drawn = MODEL.sample(2, seed=0)
    alone = []
    for k in range(2):
        net = network()
        with arcana.nn.chips.on_chips(net, MODEL.chip(0, k)), torch.no_grad():
            for layer in net:
                layer.solver, layer.substeps, layer.whole_weights = "heun", 2, False
            hidden = net[0](EVENTS)[0]
            alone.append(float(loss(hidden, net[1](hidden)[0], TARGETS)))
    assert drawn.n_chips == 2
    assert train(network(), "sample", chips=2, updates=1, substeps=2)[0].loss == pytest.approx(
        sum(alone) / 2, rel=1e-6
    )


def test_the_attack_finds_worse_chips_than_the_dice():
    """Mean loss of the attacked chips against that of random ones, on the untrained network."""
    options = {"updates": 6, "count_rate": 1e-9, "bias_rate": 1e-9, "whole_from": None}
    history = train(network(), "both", attack=Attack(2, radius=0.5), **options)
    assert sum(u.worst for u in history) > 1.2 * sum(u.loss for u in history)


def test_beta_weighs_the_attack():
    nets = [network(), network(), network()]
    train(nets[0], "attack", beta=0.0)
    train(nets[1], "attack", beta=1.0)
    train(nets[2], "plain")
    assert same(nets[0], nets[2])
    assert not same(nets[1], nets[2])


# --- the schedule -------------------------------------------------------------------------------------------------


def test_the_ramp():
    ramp = Ramp(0.25, 0.75)
    assert [ramp(p) for p in (0, 0.25, 0.5, 0.75, 1)] == [0, 0, 0.5, 1, 1]
    assert [Ramp(0, 0)(p) for p in (0, 0.5)] == [1, 1]
    assert [Ramp(0.5, 0.5)(p) for p in (0.4, 0.5)] == [0, 1]


def test_training_follows_the_schedule():
    history = train(network(), "both", updates=4, schedule=Ramp(0.25, 0.75))
    assert [u.scale for u in history] == [0, 0, 0.5, 1]
    assert [u.worst is None for u in history] == [True, True, False, False]


@pytest.mark.parametrize(
    ("values", "fields"), [((-0.1, 0.5), ["start"]), ((0.5, 0.2), ["full"]), ((None, 2), ["start", "full"])]
)
def test_ramps_that_cannot_be(values, fields):
    with pytest.raises(BadInput) as error:
        Ramp(*values)
    assert [p.field for p in error.value.problems] == fields


# --- data ---------------------------------------------------------------------------------------------------------


def test_batches_are_parts_of_the_data():
    batches = Batches(EVENTS, TARGETS, batch=5, window=40, seed=1)
    for k in range(4):
        X, y = batches(k)
        assert (X.shape, y.shape) == ((5, 40, LINES), (5,))
        for series, target in zip(X, y, strict=True):
            places = [(EVENTS[target == TARGETS][:, i : i + 40] == series).all((1, 2)).any() for i in range(21)]
            assert any(places)
    whole = Batches(EVENTS, TARGETS, batch=None, window=None, seed=1)(0)
    assert torch.equal(whole[0], EVENTS)
    assert torch.equal(whole[1], TARGETS)


def test_data_may_be_a_function_of_the_update():
    asked, nets = [], [network(), network()]

    def data(update: int):
        asked.append(update)
        return EVENTS, TARGETS

    train(nets[0], data=data)
    train(nets[1])
    assert asked == [0, 1, 2]
    assert same(*nets)


def test_an_encoder_in_front_is_run_and_not_trained():
    signal = torch.sin(torch.arange(60) / 20.0)[None, :, None] * torch.linspace(1, 2, LINES // 2)
    encoder, net = ADM(LINES // 2, 0.3, 0.3, 0), network()
    train(Sequential(encoder, *net), data=(signal, TARGETS[:1]))
    events = network()
    train(events, data=(encoder(signal), TARGETS[:1]))
    assert same(net, events)


def test_a_layer_alone_can_be_trained():
    net = copy.deepcopy(network()[0])
    history = train(net, "both", lambda out, targets: out.mean())
    assert len(history) == 3
    assert not net.mismatch_factors()


# --- what a chip can hold -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"profile": "dynapse2", "weight_switches": 4}])
def test_weights_are_those_of_the_chip_from_a_share_of_the_updates_on(options):
    net, whole = network(**options), []

    def looking(*spikes_and_targets):
        whole.append(tuple(layer.whole_weights for layer in net))
        return loss(*spikes_and_targets)

    train(net, "sample", looking, updates=5, whole_from=0.6)
    assert whole == [(False, False)] * 3 + [(True, True)] * 2
    assert all(layer.whole_weights for layer in net)
    if options:
        assert all(bool(layer.switch_currents().all()) for layer in net)
    else:
        assert all(torch.equal(c, c.round()) for layer in net for c in layer.counts().values())


def test_none_leaves_the_weights_alone():
    net = network()
    net[0].whole_weights = False
    train(net, whole_from=None)
    assert [layer.whole_weights for layer in net] == [False, True]


def test_parameters_stay_legal():
    net = network(fan_in=4)
    train(net, "both", updates=5, count_rate=5.0, bias_rate=5.0)
    for layer in net:
        assert min(layer.W_ampa.min().item(), layer.W_gabab.min().item()) >= 0
        assert (layer.W_ampa + layer.W_gabab).sum(-1).max().item() <= 4 * (1 + 1e-5)
        assert layer.log_Itau_mem.low <= float(layer.log_Itau_mem.detach()) <= layer.log_Itau_mem.high


def test_the_solver_is_the_one_that_was_asked_for_and_put_back():
    net, seen = network(), set()

    def looking(*spikes_and_targets):
        seen.add((net[0].solver, net[0].substeps, net.training))
        return loss(*spikes_and_targets)

    net.eval()
    train(net, loss=looking, solver="heun", substeps=3)
    assert seen == {("heun", 3, True)}
    assert (net[0].solver, net[0].substeps, net.training) == ("rk4", None, False)
    seen.clear()
    train(net, loss=looking, solver=None)
    assert seen == {("rk4", None, True)}


def test_an_error_in_the_middle_leaves_no_mismatch_and_the_own_solver():
    net = network()

    def breaking(update: Update):
        if update.number == 1:
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        train(net, "both", progress=breaking)
    assert all(not layer.mismatch_factors() for layer in net)
    assert [(layer.solver, layer.substeps) for layer in net] == [("rk4", None)] * 2


def test_an_error_in_the_middle_leaves_whole_weights_as_they_were():
    net = network()
    for layer in net:
        layer.whole_weights = True

    def fails(*_):
        assert not net[0].whole_weights
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(net, loss=fails)
    assert [layer.whole_weights for layer in net] == [True, True]


def test_progress_is_told_each_update():
    told: list[Update] = []
    assert train(network(), progress=told.append) == tuple(told)


# --- bad input ----------------------------------------------------------------------------------------------------


def test_everything_wrong_is_listed():
    with pytest.raises(BadInput) as error:
        harden(
            torch.nn.Linear(2, 2), (EVENTS, TARGETS), None, mismatch=0.2, method="atack", updates=0, seed=-1,
            schedule=1.0, chips=1.5, attack="hard", beta=-1, batch=0, window=True, whole_from=2, count_rate=0,
            bias_rate=float("nan"), clip=None, solver="rk", substeps=0,
        )  # fmt: skip
    fields = [p.field for p in error.value.problems]
    assert sorted(fields) == sorted(
        ["net", "loss", "mismatch", "method", "updates", "seed", "schedule", "chips", "attack", "beta", "batch",
         "window", "whole_from", "count_rate", "bias_rate", "clip", "solver", "substeps"]
    )  # fmt: skip
    assert "did you mean 'attack'" in str(error.value)
    assert "did you mean 'rk4'" in str(error.value)


def test_only_plain_goes_without_a_model():
    with pytest.raises(BadInput, match="mismatch"):
        train(network(), "sample", mismatch=None)


def test_a_network_without_anything_to_train_is_refused():
    with pytest.raises(BadInput, match="train_ampa=True"):
        train(network(train_ampa=False, train_gabab=False, train_Itau_mem=False))


def test_a_trained_encoder_is_refused():
    encoder = ADM(LINES // 2, 0.3, 0.3, 0, train_thresholds=True)
    with pytest.raises(BadInput, match="encoder"):
        train(Sequential(encoder, *network()), data=(torch.zeros(1, 9, LINES // 2), TARGETS[:1]))


@pytest.mark.parametrize(
    "data", [EVENTS, (EVENTS[0], TARGETS), (EVENTS, TARGETS[:3]), (EVENTS[:0], TARGETS[:0]), (EVENTS / 0, TARGETS)]
)
def test_bad_data_are_refused(data):
    with pytest.raises(BadInput, match="data"):
        train(network(), data=data)
    with pytest.raises(BadInput, match="data"):
        train(network(), data=lambda update: data)


def test_batch_and_window_are_for_data_that_stay():
    with pytest.raises(BadInput) as error:
        train(network(), data=lambda update: (EVENTS, TARGETS), batch=2, window=3)
    assert [p.field for p in error.value.problems] == ["batch", "window"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (lambda out: out.sum(1), "one number"),
        (lambda out: 1.0, "one number"),
        (lambda out: out.sum() * float("nan"), "finite"),
    ],
)
def test_a_loss_that_is_no_number_is_refused(value, said):
    net = network()
    with pytest.raises(BadInput, match=said):
        train(net, loss=lambda hidden, out, targets: value(out))
    assert not net[0].mismatch_factors()


@pytest.mark.parametrize("value", [1.5, -0.1, None, float("nan")])
def test_a_schedule_that_leaves_its_range_is_refused(value):
    with pytest.raises(BadInput, match=r"schedule\(0\)"):
        train(network(), schedule=lambda progress: value)


def test_more_series_or_steps_than_there_are_is_refused():
    with pytest.raises(BadInput) as caught:
        train(network(), batch=len(EVENTS) + 1, window=EVENTS.shape[1] + 1)
    assert [(p.field, p.unit) for p in caught.value.problems] == [("batch", "series"), ("window", "steps")]


def test_a_loss_without_gradient_is_refused():
    with pytest.raises(BadInput, match="a number without gradient"):
        train(network(), loss=lambda hidden, out, targets: out.detach().mean())


@pytest.mark.parametrize("radius", [0, -1, 5.1, float("inf"), "1"])
def test_no_attack_goes_where_no_chip_is(radius):
    with pytest.raises(BadInput, match=r"radius is .* up to 5"):
        Attack(radius=radius)
