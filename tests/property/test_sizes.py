"""The sizes that people ask for, and networks spread over cores and chips."""

from __future__ import annotations

import numpy as np
import pytest
from walk import walk, wanted

import arcana
from arcana.errors import BadInput
from arcana.graph import NetworkGraph, Population, Projection, Source
from arcana.hardware import load_profile

CHIPS = ("dynapse1", "dynapse2")


def population(chip, name, size, **changed):
    return Population(name, size, 1e-3, {**chip.default_biases(), "refractory": 2e-3, **changed})


def fed(chip, size, outputs=()):
    """Neurons that hear some of 64 lines, and send to nobody."""
    rng = np.random.default_rng(size)
    rows = [(int(i), j, 1) for j in range(size) for i in rng.choice(64, 5, replace=False)]
    return NetworkGraph(
        (Source("in", 64),),
        (population(chip, "x", size),),
        (Projection.of("in", "x", "ampa", rows),),
        None,
        outputs,
    )


@pytest.mark.parametrize("size", [1, 256, 257, 300, 511, 512, 1024, 4096])
def test_sizes_map_on_a_board(size):
    chip = load_profile("dynapse1")
    graph = fed(chip, size)
    mapping = arcana.map_network(graph, chip)
    config = mapping.configuration()
    assert walk(config, chip) == wanted(graph, chip)
    assert len(mapping.report().cores) == -(-size // 256)
    assert len(config.outputs[0].neurons) == size


def test_256_neurons_fill_one_core():
    for name in CHIPS:
        (core,) = arcana.map_network(fed(load_profile(name), 256), name).report().cores
        assert (core.neurons, core.places) == (256, 256)


def test_2048_outputs_are_the_most_that_a_tag_tells_apart():
    chip = load_profile("dynapse2")
    assert len(arcana.map_network(fed(chip, 2048), chip).report().outputs) == 2048
    with pytest.raises(BadInput, match="outputs is 2049, allowed: at most 2048"):
        arcana.map_network(fed(chip, 2049), chip)


def test_4097_are_refused_before_training():
    chip = load_profile("dynapse1")
    with pytest.raises(BadInput, match="neurons is 4097, allowed: at most 4096"):
        arcana.map_network(fed(chip, 4097), chip)
    with pytest.raises(BadInput, match="neurons is 4097, allowed: at most 4096"):
        arcana.DPILayer(2, 4097, profile=chip)
    with pytest.raises(BadInput, match="neurons is 4097, allowed: at most 4096"):
        arcana.Sequential(
            arcana.DPILayer(1, 4000, profile="dynapse1"), arcana.DPILayer(4000, 97, profile="dynapse1")
        )


@pytest.mark.parametrize("name", CHIPS)
def test_64_used_inputs_and_a_thousand_unused_rows(name):
    chip = load_profile(name)
    rows = [(i * 16, 0, 1) for i in range(64)]
    graph = NetworkGraph(
        (Source("in", 1064),), (population(chip, "x", 1),), (Projection.of("in", "x", "ampa", rows),)
    )
    mapping = arcana.map_network(graph, chip)
    assert walk(mapping.configuration(), chip) == wanted(graph, chip)
    assert mapping.report().cores[0].most_words == 64


def spread(chip, parts, size):
    """Populations that share no biases, and so no core; each sends to all, through two receptors."""
    rng = np.random.default_rng(parts)
    populations = tuple(population(chip, f"p{k}", size, Idc=(1 + k) * 1e-12) for k in range(parts))
    projections = []
    for target in populations:
        for source in populations:
            for receptor in ("ampa", "gabab"):
                pre, post = rng.integers(0, size, (2, 3 * size))
                rows = {(int(i), int(j)): int(rng.integers(1, 3)) for i, j in zip(pre, post, strict=True)}
                triples = [(i, j, n) for (i, j), n in rows.items()]
                projections.append(Projection.of(source.name, target.name, receptor, triples))
    names = tuple(p.name for p in populations)
    return NetworkGraph((Source("in", 3),), populations, tuple(projections), outputs=names)


@pytest.mark.parametrize("name", CHIPS)
def test_four_cores(name):
    chip = load_profile(name)
    graph = spread(chip, 4, 40)
    mapping = arcana.map_network(graph, chip)
    assert len(mapping.report().cores) == 4
    assert walk(mapping.configuration(), chip) == wanted(graph, chip)


@pytest.mark.parametrize("name", CHIPS)
def test_four_chips_and_every_output_by_name(name):
    """Sixteen populations that share no biases, and so no core: each sends to itself and the next two."""
    chip = load_profile(name)
    rng = np.random.default_rng(0)
    size, names = 60, tuple(f"p{k}" for k in range(16))
    populations = tuple(population(chip, p, size, Idc=(1 + k) * 1e-12) for k, p in enumerate(names))
    projections = []
    for k in range(16):
        for step, receptor in ((0, "ampa"), (1, "nmda"), (2, "gabab")):
            rows = {(int(i), j): 1 + j % 3 for j in range(size) for i in rng.integers(0, size, 4)}
            triples = [(i, j, n) for (i, j), n in rows.items()]
            projections.append(Projection.of(names[k], names[(k + step) % 16], receptor, triples))
    graph = NetworkGraph((Source("in", 1),), populations, tuple(projections), outputs=names)
    mapping = arcana.map_network(graph, chip)
    config = mapping.configuration()
    assert len({n.chip for n in config.neurons}) == 4
    assert walk(config, chip) == wanted(graph, chip)
    at = {(n.chip, n.core, n.neuron): (n.population, n.index) for n in config.neurons}
    for line in mapping.report().outputs:
        found = at[line.chip[0], line.core[0][1], line.slot]
        assert f"{found[0]}[{found[1]}]" == line.name
    assert len({line.name for line in mapping.report().outputs}) == 16 * size
