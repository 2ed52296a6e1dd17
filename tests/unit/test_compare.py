"""Agreement: each number against spikes that were set by hand, and against a real board."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from chip_networks import chain, events, waves

import arcana
from arcana.errors import BadInput
from arcana.hardware import load_profile

SHAPE = (2, 10, 3)


class Fixed(torch.nn.Module):
    """Answers with spikes that were set, as a network or as a board."""

    def __init__(self, spikes, plain=False):
        super().__init__()
        self.spikes, self.plain = spikes, plain

    def forward(self, X):
        return self.spikes if self.plain else (self.spikes, None)


def compare(net, board, plain=False):
    return arcana.agreement(Fixed(net, plain), Fixed(board), torch.zeros(1))


def spikes(*places):
    found = torch.zeros(SHAPE)
    for place in places:
        found[place] = 1
    return found


def test_the_same():
    some = spikes((0, 3, 1), (1, 9, 2))
    found = compare(some, some.clone())
    assert found == arcana.Agreement(60, 1.0, 2, 0, 0, 0.0, None)
    assert found.same
    assert str(found) == "all 2 spikes in 60 neuron-steps are the same"


def test_missed_and_extra():
    found = compare(spikes((0, 3, 1), (1, 9, 2), (1, 9, 0)), spikes((0, 4, 1), (1, 9, 2)))
    assert (found.spikes, found.missed, found.extra) == (3, 2, 1)
    assert found.equal == pytest.approx(57 / 60)
    assert found.first == (0, 3, 1)
    assert not found.same
    # Rates per step by (series, neuron): 0.1 is missing at (1, 0); the mean rate of the network is 3 / 60
    assert found.rate_error == pytest.approx(math.sqrt(0.1**2 / 6) / (3 / 60))
    text = str(found)
    for part in ("95.000 % of 60", "2 of 3 spikes missed, 1 extra", "series 0, step 3, neuron 1", "81.65 %"):
        assert part in text


def test_two_spikes_in_a_step_are_not_one():
    found = compare(2 * spikes((0, 3, 1)), spikes((0, 3, 1)))
    assert (found.same, found.missed, found.extra, found.spikes) == (False, 0, 0, 2)


def test_a_silent_network():
    quiet = compare(spikes(), spikes())
    assert quiet.same
    assert math.isnan(quiet.rate_error)
    loud = compare(spikes(), spikes((1, 0, 0)))
    assert (loud.extra, loud.first) == (1, (1, 0, 0))
    assert math.isnan(loud.rate_error)
    assert "0 of 0 spikes missed, 1 extra" in str(loud)


def test_a_network_that_answers_with_spikes_alone():
    assert compare(spikes((0, 1, 2)), spikes((0, 1, 2)), plain=True).same


def test_other_outputs_are_refused():
    with pytest.raises(BadInput, match=r"outputs of the emulator is \(2, 10, 3\), allowed: \(2, 10, 4\)"):
        compare(torch.zeros(2, 10, 4), spikes())


@pytest.mark.parametrize("name", ["dynapse1", "dynapse2"])
def test_a_board(name):
    chip = load_profile(name)
    net = chain(chip)
    exact, coded = (
        arcana.Emulator.from_config(arcana.map_network(net, chip, exact=exact).configuration(), chip)
        for exact in (True, False)
    )
    same = arcana.agreement(net, exact, waves())
    assert same.same
    assert same.spikes == net(waves())[0].sum() > 10
    near = arcana.agreement(net, coded, waves())
    differ = (net(waves())[0] != coded(waves())[0]).double().mean()
    assert near.equal == pytest.approx(1 - float(differ))
    assert not near.same
    coded.set_mismatch(arcana.MismatchModel(0.1).sample(3))
    with pytest.raises(BadInput, match=r"\(3, 1, 250, 3\)"):
        arcana.agreement(net, coded, waves())


def test_nothing_is_left_to_train():
    chip = load_profile("dynapse1")
    net = chain(chip, encoder=False)
    board = arcana.Emulator.from_config(arcana.map_network(net, chip, exact=True).configuration(), chip)
    before = [p.clone() for p in net.parameters()]
    arcana.agreement(net, board, events(4).requires_grad_())
    assert all(p.grad is None for p in net.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))
