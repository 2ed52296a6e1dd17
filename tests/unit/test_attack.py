"""The attack on the mismatch: its slope, its ball, and that it makes things worse."""

from __future__ import annotations

import math

import pytest
import torch

import arcana
from arcana.errors import BadInput
from arcana.mismatch import MismatchModel
from arcana.model import DPILayer, Sequential
from arcana.nn.chips import apply_mismatch
from arcana.nn.sequential import dpi_layers
from arcana.surrogate import step
from arcana.training import Attack

PA, STEPS = 1e-12, 15
EVENTS = (torch.rand(2, STEPS, 5, generator=torch.Generator().manual_seed(1)) < 0.3).double()
SPREAD = {"Itau_mem": 0.2, "Igain_mem": 0.1, "Idc": 0.3, "Iw_ampa": 0.2, "Inmda_thr": 0.2}
CV = MismatchModel(SPREAD | {"Iw_ahp": 0.2})  # the adaptation is off: 0 A


def network() -> Sequential:
    """Two layers that do not spike within the run (Ith is far away), so that the membrane currents are smooth."""
    options = {"Ith": 1e-6, "Idc": 20 * PA, "train_ampa": True, "surrogate_fn": step}
    weights = {"Iw_ampa": 2 * PA, "Iw_gabab": 0.2 * PA}
    return Sequential(DPILayer(5, 5, **weights, **options), DPILayer(5, 2, **weights, **options)).double()


def smooth(net: Sequential):
    """Mean ln Imem of both layers, each with these events."""

    def loss() -> torch.Tensor:
        currents = [layer.run(EVENTS, record=("Imem",)).records["Imem"] for layer in net]
        return sum(current.log().mean() for current in currents)

    return loss


def move(net: Sequential, path: str, bias: str, neuron: int, by: float) -> float:
    layer = dpi_layers(net)[path]
    before = layer.mismatch_factors()
    moved = before[bias].clone()
    moved[neuron] += by
    layer.set_mismatch({bias: moved})
    with torch.no_grad():
        value = smooth(net)().item()
    layer.set_mismatch({bias: before[bias]})
    return value


@pytest.fixture(autouse=True)
def reference():
    """Currents are recorded together with gradients, which the compiled kernels do not do."""
    with arcana.use_engine("reference"):
        yield


def test_the_slope_of_the_mismatch_is_that_of_differences():
    """d loss / d ln f of each neuron and bias by autograd, as the attack takes it, against central differences."""
    net, h = network(), 1e-5
    apply_mismatch(net, CV.sample(1, seed=3))
    leaves = {}
    for path, layer in dpi_layers(net).items():
        for name in SPREAD:
            leaves[path, name] = layer.mismatch_factors()[name].clone().requires_grad_()
            layer.set_mismatch({name: leaves[path, name]})
    slopes = torch.autograd.grad(smooth(net)(), list(leaves.values()))
    for layer in dpi_layers(net).values():
        layer.set_mismatch({name: value.detach() for name, value in layer.mismatch_factors().items()})
    largest = 0.0
    for (path, name), slope in zip(leaves, slopes, strict=True):
        for neuron in range(len(slope)):
            difference = (move(net, path, name, neuron, h) - move(net, path, name, neuron, -h)) / (2 * h)
            assert float(slope[neuron]) == pytest.approx(difference, rel=1e-5, abs=1e-9), (path, name)
            largest = max(largest, abs(difference))
    assert largest > 0.01  # there was something to compare


@pytest.mark.parametrize("chips", [None, 1, 3])
@pytest.mark.parametrize("steps", [1, 3])
def test_the_attack_makes_it_worse_and_stays_in_its_ball(chips, steps):
    net, attack = network(), Attack(steps, radius=0.5)
    if chips:
        apply_mismatch(net, CV.sample(chips, seed=3))
    loss = smooth(net)
    centre = {path: layer.mismatch_factors() for path, layer in dpi_layers(net).items()}
    clean = loss().item()
    worst = attack(net, loss, CV, (0, 0))
    assert loss().item() > clean + 0.05
    moved = 0
    for path, table in worst.items():
        for name, value in table.items():
            before = centre[path].get(name, torch.zeros(()))
            limit = 0.5 * math.sqrt(math.log1p(CV.cv_of(name) ** 2))
            assert float((value - before).abs().max()) <= limit * (1 + 1e-12), name
            assert not value.requires_grad
            assert torch.equal(dpi_layers(net)[path].mismatch_factors()[name], value)
            moved += not torch.equal(value, before.expand_as(value))
    assert moved == 2 * len(SPREAD)  # Inmda_thr has no slope here, but starts anywhere in the ball too


def test_more_steps_find_no_better_chip():
    net = network()
    loss, found = smooth(net), []
    for steps in (1, 4):
        for layer in dpi_layers(net).values():
            layer.remove_mismatch()
        Attack(steps)(net, loss, CV, (0, 0))
        found.append(loss().item())
    assert found[1] >= found[0] - 1e-6


def test_what_is_off_and_what_does_not_spread_is_left_alone():
    net = network()
    worst = Attack()(net, smooth(net), CV, (0, 0))
    first, second = worst.values()
    assert set(first) == set(second) == set(SPREAD)


def test_the_start_follows_from_the_stream():
    """Where the loss has no slope, z stays where it started: evenly spread over the ball."""
    found = []
    for stream in ((0, 0), (0, 0), (0, 1), (1, 0)):
        net = network()
        worst = Attack(1, 2.0)(net, lambda net=net: 0 * smooth(net)(), CV, stream)
        found.append(torch.cat([value for table in worst.values() for value in table.values()]))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    assert not torch.equal(found[0], found[3])
    assert found[0].unique().numel() == found[0].numel()


def test_parameters_get_no_gradient_from_the_attack():
    net = network()
    Attack()(net, smooth(net), CV, (0, 0))
    assert all(p.grad is None for p in net.parameters())


def test_settings_are_refused_together():
    with pytest.raises(BadInput, match="steps") as error:
        Attack(steps=0, radius=-1.0)
    assert [p.field for p in error.value.problems] == ["steps", "radius"]
    with pytest.raises(BadInput, match="radius"):
        Attack(radius=math.inf)
    with pytest.raises(BadInput, match="steps"):
        Attack(steps=True)
