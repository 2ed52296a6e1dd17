"""More inputs than a neuron has words: refused with numbers, pruned, or sent through relays."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

import arcana
from arcana.errors import BadInput
from arcana.graph import NetworkGraph, Population, Projection, Source
from arcana.hardware import load_profile
from arcana.mapping.layout import layout_of
from arcana.mapping.lower import lower
from arcana.mapping.relay import lost_share, relay_population
from arcana.mapping.split import split_fan_in
from arcana.nn.from_graph import Staged

CHIPS = ("dynapse1", "dynapse2")


def dense(chip, lines=200, neurons=3, count=1):
    """Every neuron hears every line; the last one only a few."""
    biases = {**chip.default_biases(), "refractory": 2e-3}
    rows = [(i, j, count) for j in range(neurons) for i in range(lines if j < neurons - 1 else 5)]
    return NetworkGraph(
        (Source("in", lines),),
        (Population("x", neurons, 1e-3, biases),),
        (Projection.of("in", "x", "ampa", rows),),
    )


def split(chip, graph, how, switched=False):
    return split_fan_in(lower(graph, chip), chip, layout_of(chip), switched, how)


@pytest.mark.parametrize("name", CHIPS)
def test_refused_with_numbers_and_choices(name):
    chip = load_profile(name)
    with pytest.raises(BadInput) as error:
        arcana.map_network(dense(chip, neurons=14), chip)
    first, *_, last = error.value.problems
    assert str(first).startswith("x[0]: input words is 200, allowed: at most 64")
    assert "split='prune'" in first.hint
    assert "split='relay'" in first.hint
    assert "weights='switch'" not in first.hint  # it takes a word for each of 200 senders
    assert (last.field, last.value) == ("further neurons with too many input words", 3)


@pytest.mark.parametrize("name", CHIPS)
def test_switches_are_advised_where_they_help(name):
    chip = load_profile(name)
    graph = dense(chip, lines=40, count=3)
    with pytest.raises(BadInput) as error:
        arcana.map_network(graph, chip)
    assert all(("weights='switch'" in p.hint) == (name == "dynapse2") for p in error.value.problems)
    if name == "dynapse2":
        arcana.map_network(graph, chip, weights="switch")
        with pytest.raises(BadInput) as error:
            arcana.map_network(dense(chip, lines=100), chip, weights="switch")
        assert "weights='switch'" not in str(error.value)


def test_nothing_happens_where_all_fit():
    chip = load_profile("dynapse1")
    circuit = lower(dense(chip, lines=64), chip)
    assert split_fan_in(circuit, chip, layout_of(chip), False, "prune") == (circuit, None)


def test_prune_leaves_the_smallest_out():
    chip = load_profile("dynapse1")
    rows = [(i, 0, 1 + i // 20) for i in range(60)]  # 20 of each of 1, 2, 3: 120 words
    graph = dense(chip, lines=60)
    graph = NetworkGraph(graph.sources, graph.populations, (Projection.of("in", "x", "ampa", rows),))
    circuit, cost = split(chip, graph, "prune")
    assert circuit.count.sum() == 64
    kept = Counter(dict(zip(circuit.pre.tolist(), circuit.count.tolist(), strict=True)))
    assert [kept[i] for i in range(20)] == [0] * 20
    assert [kept[i] for i in range(40, 60)] == [3] * 20
    assert (cost.neurons, cost.most, cost.removed) == (1, 120, 56)
    assert cost.share == pytest.approx(56 / 120)
    (lost,) = cost.pruned
    assert (lost.neuron, lost.needed, lost.removed, lost.share) == ("x[0]", 120, 56, cost.share)
    assert lost.senders[:21] == (*((f"in[{i}]", 1) for i in range(20)), ("in[20]", 2))


def test_the_report_of_pruning_names_neurons_and_words():
    chip = load_profile("dynapse1")
    rows = [(i, 0, 1) for i in range(66)] + [(i, 1, 1 + i) for i in range(12)]
    graph = dense(chip, lines=66, neurons=2)
    graph = NetworkGraph(graph.sources, graph.populations, (Projection.of("in", "x", "ampa", rows),))
    mapping = arcana.map_network(graph, chip, split="prune")
    text = str(mapping.report())
    for part in (
        "2 neurons needed up to 78 input words; 16 words were left out, at most 17.9 % of a neuron's weight",
        "x[1]    78            14        17.9 %         in[0], in[1] x2, in[2] x3, in[3] x4 and 1 more",
        "x[0]    66            2         3.0 %          in[0], in[1]",
    ):
        assert part in text, text
    assert mapping.report().to_dict()["split"]["pruned"][1]["senders"] == (("in[0]", 1), ("in[1]", 1))


def test_the_report_of_relays_says_what_they_lose():
    """64 senders of 20 Hz in pairs: 40 events a second in each relay, of which 0.08 / 1.08 are lost."""
    chip = load_profile("dynapse1")
    graph = dense(chip, lines=100, neurons=2)
    plain, rated = (
        arcana.map_network(graph, chip, split="relay", rates=rates).report() for rates in (None, {"in": 20})
    )
    assert plain.split.lost is None
    assert rated.split.senders == plain.split.senders == (2,) * 50
    assert rated.split.lost == pytest.approx(0.08 / 1.08)
    assert "50 relays were added, with 2 senders each. Events that meet in one are lost: R d / (1 + R d)" in str(
        plain
    )
    assert "are lost: about 7.4 % at the given rates (if in Hz); R d / (1 + R d)" in str(rated)
    assert "docs/mapping.md" in str(plain)


def test_the_estimate_weights_relays_by_their_events():
    assert lost_share(np.array([0.0, 500.0])) == pytest.approx(0.5)
    assert lost_share(np.array([100.0, 500.0])) == pytest.approx((100 / 6 + 250) / 600)
    assert lost_share(np.zeros(2)) == 0


def test_prune_of_switched_weights_keeps_the_largest():
    chip = load_profile("dynapse2")
    graph = dense(chip, lines=70)
    rows = [(i, 0, 0.5 + i) for i in range(70)]
    graph = NetworkGraph(graph.sources, graph.populations, (Projection.of("in", "x", "ampa", rows),))
    circuit, cost = split(chip, graph, "prune", switched=True)
    assert circuit.pre.tolist() == list(range(6, 70))
    assert cost.removed == 6


@pytest.mark.parametrize("name", CHIPS)
def test_relays_carry_every_synapse(name):
    """Followed through the relays, every neuron still hears every line as often as before."""
    chip = load_profile(name)
    graph = dense(chip, count=2)
    circuit, cost = split(chip, graph, "relay")
    through = {p.source: p for p in circuit.graph.projections if p.source.startswith("relay")}
    (relay,) = through
    into = {}
    for p in circuit.graph.projections:
        if p.target == relay:
            for pre, k, count in p.synapses:
                assert count == 1
                into.setdefault(k, []).append(pre)
    heard = Counter()
    for p in circuit.graph.projections:
        for pre, post, count in p.synapses:
            if p.target == "x":
                for line in into[pre] if p.source == relay else [pre]:
                    heard[line, post] += count
    assert heard == Counter({(i, j): n for i, j, n in graph.projections[0].synapses})
    need = Counter()
    for p in circuit.graph.projections:
        for _, post, count in p.synapses:
            need[p.target, post] += count
    assert max(need.values()) <= 64
    assert cost.relays == sum(p.size for p in circuit.graph.populations if p.name == relay)
    assert circuit.graph.output_names == ("x",)


def test_equal_blocks_share_their_relays():
    chip = load_profile("dynapse1")
    few, many = (split(chip, dense(chip, neurons=n), "relay")[1].relays for n in (2, 12))
    assert few == many


def test_unequal_weights_cannot_be_joined():
    chip = load_profile("dynapse1")
    graph = dense(chip, lines=12)
    rows = [(i, 0, 1 + i) for i in range(12)]  # 78 words, no two alike
    graph = NetworkGraph(graph.sources, graph.populations, (Projection.of("in", "x", "ampa", rows),))
    with pytest.raises(BadInput, match=r"x\[0\]: words with relays is 78, allowed: at most 64 .*equal weight"):
        split(chip, graph, "relay")


@pytest.mark.parametrize("name", CHIPS)
@pytest.mark.parametrize("dt", [1e-3, 2e-4])
def test_a_relay_passes_on_one_spike_for_one_event(name, dt):
    chip = load_profile(name)
    like = Population("like", 1, dt, chip.default_biases())
    relay = relay_population("relay", 1, like, chip)
    graph = NetworkGraph(
        (Source("in", 4),), (relay,), (Projection.of("in", "relay", "ampa", [(i, 0, 1) for i in range(4)]),)
    )
    steps = round(0.2 / dt)
    X = torch.zeros(1, steps, 4)
    times = [round(0.01 * k / dt) for k in range(1, 18)]
    for k, step in enumerate(times):
        X[0, step, k % 4] = 1
    spikes = Staged(graph, chip).run(X)[0]["relay"][0, :, 0]
    delays = [int(a) - b for a, b in zip(spikes.nonzero().flatten(), times, strict=True)]
    assert min(delays) >= 0
    assert max(delays) * dt <= 1e-3


def test_a_wrong_choice():
    chip = load_profile("dynapse1")
    with pytest.raises(BadInput, match="split is 'cut', allowed: None, 'relay' or 'prune'"):
        arcana.map_network(dense(chip), chip, split="cut")
