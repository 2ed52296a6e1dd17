"""Random networks on a board: a clean mapping that gives the network back exactly, or true reasons why not."""

from __future__ import annotations

import os
import warnings
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_networks import defects as random_defects
from random_networks import network
from walk import walk, wanted

import arcana
from arcana.config import ChipConfig
from arcana.errors import ArcanaWarning, BadInput
from arcana.hardware import load_profile
from arcana.mapping.drc import check

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
SIZES = st.one_of(st.integers(1, 12), st.integers(1, 40), st.integers(1, 40), st.integers(40, 120))


def try_to_map(graph, chip, defects, seed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ArcanaWarning)
        return arcana.map_network(graph, chip, defects=defects, seed=seed)


def is_right(graph, chip, defects, seed):
    try:
        mapping = try_to_map(graph, chip, defects, seed)
    except BadInput as error:
        assert_true(error.problems, graph, chip)
        return
    config = mapping.configuration()
    assert [v for v in check(config, chip, defects) if v.severity == "error"] == []
    assert walk(config, chip) == wanted(graph, chip)
    assert_no_defect_is_used(config, defects)
    assert {lines.name: len(lines.neurons) for lines in config.outputs} == {
        p.name: p.size for p in graph.populations if p.name in graph.output_names
    }
    assert ChipConfig.model_validate_json(config.to_json(), strict=False).to_json() == config.to_json()


def assert_no_defect_is_used(config, defects):
    for n in config.neurons:
        for row in defects.rows:
            if (row.chip, row.core) == (n.chip, n.core) and row.neuron in (None, n.neuron):
                if row.cam is None and row.tag is None:
                    raise AssertionError(f"dead neuron {row} is used")
                hit = [w for w in n.cams if row.cam in (None, w[0]) and row.tag in (None, w[1])]
                assert not hit, (row, hit)


def assert_true(problems, graph, chip):
    """Each reason of a refusal is held against the network itself."""
    assert problems
    need = Counter()
    for p in graph.projections:
        for _, post, count in p.synapses:
            need[f"{p.target}[{post}]"] += count
    for problem in problems:
        field, value = problem.field, problem.value
        if field.endswith(": input words"):
            assert need[field.removesuffix(": input words")] == value
            assert value > int(problem.allowed.removeprefix("at most ").split()[0])
        elif field == "further neurons with too many input words":
            assert sum(n > chip.fan_in for n in need.values()) >= value
        elif field == "neurons":
            assert sum(p.size for p in graph.populations) == value
        else:  # what a search did not find: it must say that it is no proof
            assert "not proven" in problem.hint, problem


@pytest.mark.parametrize("part", range(4))
@settings(max_examples=125 if NIGHTLY else 25, deadline=None, suppress_health_check=list(HealthCheck))
@given(neurons=SIZES, seed=st.integers(0, 2**28))
def test_se1(part, neurons, seed):
    """500 networks by `make nightly`, 100 in CI; in four parts, so that they can run side by side."""
    chip, seed = load_profile("dynapse1"), 4 * seed + part
    is_right(network(neurons, seed, chip), chip, random_defects(seed, chip), seed % 7)


@settings(max_examples=100 if NIGHTLY else 40, deadline=None, suppress_health_check=list(HealthCheck))
@given(SIZES, st.integers(0, 2**30))
def test_se2(neurons, seed):
    chip = load_profile("dynapse2")
    is_right(network(neurons, seed, chip), chip, random_defects(seed, chip), seed % 7)


@pytest.mark.parametrize(
    ("name", "neurons", "seed"),
    [
        ("dynapse1", 600, 3),
        pytest.param("dynapse1", 3000, 2, marks=pytest.mark.slow),
        ("dynapse2", 1500, 1),
    ],
)
def test_large(name, neurons, seed):
    chip = load_profile(name)
    graph = network(neurons, seed, chip, most_in=60)
    is_right(graph, chip, random_defects(seed, chip), seed)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(2, 80), st.integers(0, 2**30))
def test_the_same_seed_gives_the_same_file(neurons, seed):
    chip = load_profile("dynapse1")
    graph = network(neurons, seed, chip, most_in=60)
    try:
        one, two = (try_to_map(graph, chip, None, 3).configuration().to_json() for _ in range(2))
    except BadInput:
        return
    assert one == two
