"""Agreement: each number against spikes that were set by hand, and against a real board."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from types import SimpleNamespace

import networkx as nx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from chip_networks import chain, events, loop, waves

import arcana
from arcana.errors import BadInput
from arcana.hardware import load_profile
from arcana.nn.from_graph import Staged

SHAPE = (2, 10, 3)


class Fixed(torch.nn.Module):
    """Answers with spikes that were set."""

    def __init__(self, spikes, plain=False):
        super().__init__()
        self.spikes, self.plain = spikes, plain

    def forward(self, X):
        return self.spikes if self.plain else (self.spikes, None)


class Board(arcana.Emulator):
    """A board that does so, in steps of 1 ms."""

    def __init__(self, spikes):
        torch.nn.Module.__init__(self)
        self.spikes, self.net = spikes, SimpleNamespace(dt=1e-3)

    def forward(self, X, state=None):
        return self.spikes, None


def compare(net, board, plain=False, **options):
    return arcana.agreement(Fixed(net, plain), Board(board), torch.zeros(1), **options)


def spikes(*places):
    found = torch.zeros(SHAPE)
    for place in places:
        found[place] = 1
    return found


def test_the_same():
    some = spikes((0, 3, 1), (1, 9, 2))
    found = compare(some, some.clone())
    assert found == arcana.Agreement(60, 1.0, 2, 0, 0, 0.0, None, 5e-3, 2, 0)
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
    for part in (
        "95.000 % of 60", "2 of 3 spikes missed, 1 extra; within 5 ms 1 missed and 0 extra", "81.65 %",
        "series 0, step 3, neuron 1",
    ):  # fmt: skip
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


@pytest.mark.parametrize(
    ("mine", "board", "steps", "pairs"),
    [
        ([0, 4], [2, 6], 2, 2),
        ([0, 4], [2, 6], 1, 0),
        ([0, 4], [2], 2, 1),  # a spike of the board is one spike's only
        ([4, 5], [3, 4], 1, 2),
        ([4, 5], [4, 5], 0, 2),
        ([5], [1, 9], 4, 1),
        ([1, 9], [5], 3, 0),
    ],
)
def test_spikes_are_paired_in_time_and_each_once(mine, board, steps, pairs):
    network, chip = (spikes(*((1, step, 2) for step in at)) for at in (mine, board))
    found = compare(network, chip, within=steps * 1e-3)
    assert (found.near, found.strange) == (pairs, len(board) - pairs)


def test_pairs_stay_within_their_neuron_and_series():
    assert compare(spikes((0, 3, 1)), spikes((0, 3, 2))).near == 0
    assert compare(spikes((0, 3, 1)), spikes((1, 3, 1))).near == 0
    assert compare(2 * spikes((0, 3, 1)), spikes((0, 3, 1), (0, 5, 1))).near == 2


@given(st.lists(st.integers(0, 9), max_size=6), st.lists(st.integers(0, 9), max_size=6), st.integers(0, 4))
def test_no_pairing_has_more_pairs(mine, board, steps):
    """Against the largest matching of all, found by networkx."""
    network, chip = (sum((spikes((0, step, 0)) for step in at), spikes()) for at in (mine, board))
    reach = nx.Graph()
    reach.add_nodes_from(("net", k) for k in range(len(mine)))
    reach.add_edges_from(
        (("net", k), ("board", j)) for k, a in enumerate(mine) for j, b in enumerate(board) if abs(a - b) <= steps
    )
    most = len(nx.bipartite.maximum_matching(reach, [("net", k) for k in range(len(mine))])) // 2
    assert compare(network, chip, within=steps * 1e-3).near == most


@pytest.mark.filterwarnings("ignore::arcana.engine.stiffness.StiffDriveWarning")  # relays are driven hard by design
@pytest.mark.parametrize("how", ["relay", "prune"])
def test_a_graph_and_a_mapping_are_the_network_before_it_was_split(how):
    """100 inputs do not fit: what the board does is compared with the network that was asked for."""
    chip = load_profile("dynapse1")
    text = (
        "input in 100\npopulation E 2 refractory=2ms Itau_mem=2pA Igain_mem=80pA Itau_ampa=100pA Iw_ampa=40pA\n"
        "population F 3 refractory=2ms Itau_mem=2pA Igain_mem=80pA Itau_ampa=100pA Iw_ampa=40pA\n"
        "in -> E ampa\nin[0:9] -> F ampa\noutputs F E\n"
    )
    graph = arcana.read_netlist(text, chip)
    mapping = arcana.map_network(graph, chip, split=how, exact=True)
    assert mapping.network is graph
    board = arcana.Emulator.from_config(mapping, chip)
    X = (torch.rand(1, 300, 100, generator=torch.Generator().manual_seed(1)) < 0.02).float()
    found = arcana.agreement(mapping, board, X)
    assert found == arcana.agreement(graph, board, X)
    staged = Staged(graph, chip).run(X)[0]
    wanted = torch.cat([staged["F"], staged["E"]], -1)
    assert found.spikes == wanted.sum() > 20
    assert found.missed == ((wanted > 0) & (board(X)[0] == 0)).sum() > 0
    few = torch.zeros(1, 300, 100)
    few[0, ::20, 3] = 1  # one line alone, which nothing meets and which F hears directly
    assert arcana.agreement(mapping, board, few).steps == 300 * 5


def test_a_graph_without_splitting_is_its_board():
    chip = load_profile("dynapse2")
    mapping = arcana.map_network(loop(chip), chip, exact=True)
    board = arcana.Emulator.from_config(mapping, chip)
    assert arcana.agreement(loop(chip), board, events(4)).same
    signal = arcana.map_network(chain(chip), chip, exact=True)
    found = arcana.agreement(signal, arcana.Emulator.from_config(signal, chip), waves())
    assert found.same
    assert found.spikes > 10


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
