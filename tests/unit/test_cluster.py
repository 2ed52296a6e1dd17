"""Bias sets: who can share a core, and what sharing costs."""

from __future__ import annotations

import numpy as np
import pytest

from arcana.errors import BadInput
from arcana.graph import NetworkGraph, Population, Source
from arcana.hardware import load_profile
from arcana.mapping.cluster import cluster
from arcana.mapping.lower import lower

SE1, SE2 = load_profile("dynapse1"), load_profile("dynapse2")


def circuit(chip, *populations):
    """Populations of (size, biases) that differ from the chip's start values."""
    parts = tuple(
        Population(f"p{k}", size, 1e-3, {**chip.default_biases(), "refractory": 2e-3, **biases})
        for k, (size, biases) in enumerate(populations)
    )
    return lower(NetworkGraph((Source("in", 1),), parts, ()), chip)


def test_equal_codes_share_a_set():
    found = cluster(circuit(SE1, (3, {"Idc": 1e-12}), (2, {"Idc": 1.0000001e-12})), SE1, 16, 256)
    assert found.kind.tolist() == [0] * 5
    assert found.moved == ()


def test_different_biases_do_not():
    found = cluster(circuit(SE1, (3, {"Idc": 1e-12}), (2, {"Idc": 5e-12})), SE1, 16, 256)
    assert sorted(np.bincount(found.kind).tolist()) == [2, 3]
    assert found.moved == ()


def test_two_leaks_share_a_core_where_there_are_two():
    leaks = (3, {"Itau_mem": 5e-12}), (2, {"Itau_mem": 2e-11}), (4, {"Itau_mem": 6e-11})
    found = cluster(circuit(SE1, *leaks), SE1, 16, 256)
    assert len(found.sets) == 2
    assert found.kind.tolist() == [0] * 5 + [1] * 4
    assert found.second.tolist() == [False] * 3 + [True] * 2 + [False] * 4
    assert found.sets[0].tau2 == pytest.approx(2e-11)
    assert found.sets[1].tau2 is None
    assert len(cluster(circuit(SE2, *leaks), SE2, 16, 256).sets) == 3


def test_sets_that_are_more_than_cores_are_joined_and_it_is_said():
    currents = [1e-12, 1.1e-12, 1e-11, 1.2e-11]
    net = circuit(SE2, *[(10, {"Idc": c}) for c in currents])
    found = cluster(net, SE2, 2, 256)
    assert len(found.sets) == 2
    assert sorted(s.biases["Idc"] for s in found.sets) == pytest.approx(
        [np.sqrt(currents[0] * currents[1]), np.sqrt(currents[2] * currents[3])]
    )
    assert {m.bias for m in found.moved} == {"Idc"}
    assert {m.population: m.neurons for m in found.moved} == dict.fromkeys(("p0", "p1", "p2", "p3"), 10)
    worst = max(m.largest for m in found.moved)
    assert worst == pytest.approx(np.sqrt(1.2) - 1)
    with pytest.raises(BadInput, match=r"4 bias sets, which need 4 cores.*at most 2 cores"):
        cluster(net, SE2, 2, 256, share="refuse")


def test_joining_leaves_equal_biases_alone():
    net = circuit(SE1, *[(2, {"Idc": c}) for c in (1e-12, 2e-12, 4e-12)])
    found = cluster(net, SE1, 1, 256)
    assert {m.bias for m in found.moved} == {"Idc"}
    untouched = {k: v for k, v in found.sets[0].biases.items() if k != "Idc"}
    assert untouched == {k: v for k, v in net.graph.populations[0].biases.items() if k != "Idc"}


def test_large_sets_need_several_cores():
    net = circuit(SE1, (300, {"Idc": 1e-12}), (300, {"Idc": 5e-12}))
    assert len(cluster(net, SE1, 4, 256).sets) == 2
    assert len(cluster(net, SE1, 3, 256).sets) == 1


def test_biases_of_0_are_no_logarithm():
    found = cluster(circuit(SE2, *[(2, {"Idc": c}) for c in (0.0, 1e-12, 9e-12)]), SE2, 2, 256)
    assert len(found.sets) == 2
    assert all(np.isfinite(list(s.biases.values())).all() for s in found.sets)
    assert max(m.largest for m in found.moved) in (float("inf"), pytest.approx(max(m.largest for m in found.moved)))


def test_all_biases_that_the_chip_cannot_have_are_listed():
    with pytest.raises(BadInput) as error:
        cluster(circuit(SE1, (1, {"Idc": 1.0}), (1, {"Ith": 1e-9})), SE1, 16, 256)
    assert [p.field for p in error.value.problems] == ["p0[0].Idc", "p1[0].Ith"]


def test_exact_biases_are_told_apart_to_the_last_bit():
    net = circuit(SE1, (1, {"Idc": 1e-12}), (1, {"Idc": np.nextafter(1e-12, 1)}))
    assert len(cluster(net, SE1, 16, 256, exact=True).sets) == 2
    assert len(cluster(net, SE1, 16, 256).sets) == 1


def test_a_weight_current_does_not_tell_neurons_apart_where_words_switch_theirs():
    net = circuit(SE2, (1, {"Iw_ampa": 1e-12}), (1, {"Iw_ampa": 9e-12}))
    assert len(cluster(net, SE2, 16, 256).sets) == 2
    assert len(cluster(net, SE2, 16, 256, switched=True).sets) == 1
