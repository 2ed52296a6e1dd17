"""Places, tags and words, in the corners that random networks seldom reach."""

from __future__ import annotations

import numpy as np
import pytest

from arcana.graph import NetworkGraph, Population, Projection, Source
from arcana.hardware import load_profile
from arcana.hardware.defects import DefectMap
from arcana.mapping.circuit import Placement
from arcana.mapping.layout import layout_of
from arcana.mapping.lower import lower, words_of
from arcana.mapping.route import NoRoute, route

SE1, SE2 = load_profile("dynapse1"), load_profile("dynapse2")


def routed(chip, synapses, core, defects=None, lines=1, seed=0):
    """A population ``x`` with (pre, post, count) synapses on given cores; lines have synapses ("in", i, post)."""
    size = len(core)
    biases = chip.default_biases()
    own = [s for s in synapses if s[0] != "in"]
    fed = [(s[1], s[2], 1) for s in synapses if s[0] == "in"]
    projections = [Projection.of("x", "x", "ampa", own)] if own else []
    projections += [Projection.of("in", "x", "ampa", fed)] if fed else []
    graph = NetworkGraph((Source("in", lines),), (Population("x", size, 1e-3, biases),), tuple(projections))
    circuit = lower(graph, chip)
    words = words_of(circuit, True)
    switches = np.zeros_like(words) if chip is SE1 else np.ones_like(words)
    placement = Placement(np.array(core), 0.0, 0.0)
    layout = layout_of(chip, defects)
    return route(circuit, placement, words, switches, layout, chip, defects, seed)


def test_four_cores_of_equal_numbers_reach_one_core():
    """With all 255 senders of four cores on one listener core, every number is used four times: 1,020 tags."""
    cores = [0, 1, 2, 3]
    core = [c for c in cores for _ in range(255)] + [4] * 16
    targets = range(1020, 1036)
    synapses = [(s, targets[s // 64], 1) for s in range(1020)]
    found = routed(SE1, synapses, core)
    tags = [words[0].tag for words in found.srams[:1020]]
    assert len(set(tags)) == 1020
    assert 0 not in tags


def test_the_reserved_place_goes_to_a_neuron_that_does_not_send():
    core = [0] * 256
    found = routed(SE1, [(s, 255, 1) for s in range(64)], core)
    assert sorted(found.slot.tolist()) == list(range(256))
    assert all(len(found.srams[n]) == 0 for n in range(256) if found.slot[n] == 0)


def test_256_senders_do_not_fit_core_0():
    with pytest.raises(NoRoute, match="no place in C0c0"):
        routed(SE1, [(s, s % 4, 1) for s in range(256)], [0] * 256)


def test_more_than_three_chips():
    core = [0, 4, 8, 12]
    with pytest.raises(NoRoute, match=r"chips that x\[0\] sends to is 4, allowed: at most 3"):
        routed(SE1, [(0, k, 1) for k in range(4)], core)


@pytest.mark.parametrize("chip", [SE1, SE2])
def test_hops_lead_to_the_right_chip(chip):
    core = [0, 4, 8, 12]
    found = routed(chip, [(0, 1, 1), (0, 2, 1), (3, 0, 1)], core)
    assert sorted((w.dx, w.dy) for w in found.srams[0] if abs(w.dx) < 2) == [(0, 1), (1, 0)]
    assert [(w.dx, w.dy) for w in found.srams[3] if abs(w.dx) < 2] == [(-1, -1)]


@pytest.mark.parametrize("chip", [SE1, SE2])
def test_dead_words_and_tags_are_left_alone(chip):
    rows = [(0, 0, n, w) for n in range(256) for w in range(10)]  # the first ten words of all neurons
    rows += [(0, 0, None, None, tag) for tag in range(300)]
    found = routed(chip, [("in", k, 0) for k in range(20)], [0], DefectMap.of(rows), lines=20)
    assert min(w.word for w in found.cams[0]) == 10
    assert min(w.tag for w in found.cams[0]) >= 300


def test_words_that_do_not_match_single_tags():
    """Word w of the neuron does not match the w-th smallest tag: another order of words must be found."""
    plain = routed(SE2, [("in", k, 0) for k in range(64)], [0], lines=64)
    held = [w.tag for w in plain.cams[0]]
    rows = [(0, 0, int(plain.slot[0]), w, tag) for w, tag in enumerate(held)]
    found = routed(SE2, [("in", k, 0) for k in range(64)], [0], DefectMap.of(rows), lines=64)
    assert sorted(w.tag for w in found.cams[0]) == sorted(held)
    assert all(held[w.word] != w.tag for w in found.cams[0])


def test_a_neuron_that_needs_good_words_gets_a_good_place():
    rows = [(0, 0, n, w) for n in range(255) for w in range(60)]  # only place 255 has all its words
    synapses = [("in", k, 3) for k in range(50)] + [("in", 0, n) for n in range(3)]
    found = routed(SE1, synapses, [0] * 4, DefectMap.of(rows), lines=50)
    assert found.slot[3] == 255
    assert len(set(found.slot.tolist())) == 4


def test_no_place_with_enough_words():
    rows = [(0, 0, n, w) for n in range(256) for w in range(60)]
    with pytest.raises(NoRoute, match=r"x\[0\]: input words is 5"):
        routed(SE1, [("in", k, 0) for k in range(5)], [0], DefectMap.of(rows), lines=5)


def test_a_crowded_core():
    core = [c for c in range(1, 6) for _ in range(250)] + [0] * 32
    synapses = [(s, 1250 + s // 64, 1) for s in range(1250)]
    with pytest.raises(NoRoute, match="senders that reach C0c0 is 1250, allowed: at most 1023"):
        routed(SE1, synapses, core)
    assert len({w.tag for words in routed(SE2, synapses, core).srams[:1250] for w in words[:1]}) == 1250


def test_lines_may_have_any_tag_that_is_left():
    synapses = [("in", k, k // 64) for k in range(1000)]
    found = routed(SE1, synapses, [0] * 16, lines=1000)
    assert len({e.tag for e in found.inputs}) == 1000
    assert 0 not in {e.tag for e in found.inputs}
