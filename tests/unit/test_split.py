"""More inputs than a neuron has words: refused with numbers, pruned, or sent through relays."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

import arcana
from arcana.errors import BadInput
from arcana.graph import NetworkGraph, Population, Projection, Source
from arcana.hardware import load_profile
from arcana.mapping.layout import layout_of
from arcana.mapping.lower import lower
from arcana.mapping.relay import relay_population
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
    assert ("weights='switch'" in first.hint) == (name == "dynapse2")
    assert (last.field, last.value) == ("further neurons with too many input words", 3)


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
