"""The mapper from outside: what is in the settings it makes, and what it refuses with all reasons."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from chip_networks import loop

import arcana
from arcana.config import ChipConfig
from arcana.errors import BadInput
from arcana.graph import NetworkGraph, Population, Projection, Source
from arcana.hardware import load_profile
from arcana.hardware.defects import DefectMap
from arcana.mapping.decode import decode
from arcana.mapping.pipeline import MappingWarning
from arcana.model import ADM

CHIPS = ("dynapse1", "dynapse2")


def layer(n_in, n_out, chip, **options):
    return arcana.DPILayer(n_in, n_out, profile=chip, refractory=2e-3, **options)


def population(name, size, chip, **changed):
    return Population(name, size, 1e-3, {**chip.default_biases(), "refractory": 2e-3, **changed})


def only(*populations):
    """A ring of populations: each neuron 0 sends to the next population's neuron 0."""
    names = [p.name for p in populations]
    ring = zip(names, names[1:] + names[:1], strict=True)
    projections = tuple(Projection.of(a, b, "ampa", [(0, 0, 1)]) for a, b in ring)
    return NetworkGraph((), populations, projections)


def places(config):
    return [(n.chip, n.core, n.neuron) for n in config.neurons]


def test_what_is_in_the_settings():
    chip = load_profile("dynapse1")
    torch.manual_seed(0)
    net = arcana.Sequential(
        ADM(2, 0.1, [0.2, 0.3], 3, upsample=2), layer(4, 5, chip, recurrent=True), layer(5, 2, chip)
    )
    with torch.no_grad():
        list(net)[1].R_gabaa[1, 4] = 3.4
    config = arcana.map_network(net, chip, seed=5, note="try").configuration()
    assert (config.profile.name, config.profile.hash) == ("dynapse1", chip.hash())
    assert (config.provenance.seed, config.provenance.note) == (5, "try")
    assert config.provenance.arcana_version == arcana.__version__
    assert [(p.name, p.size, p.stage) for p in config.populations] == [("layer0", 5, 0), ("layer1", 2, 1)]
    assert [(i.name, i.size) for i in config.inputs] == [("input", 4)]
    assert [(o.name, len(o.neurons)) for o in config.outputs] == [("layer1", 2)]
    assert config.encoder is not None
    assert config.encoder.threshold_down == pytest.approx([0.2, 0.3], rel=1e-6)
    assert (config.encoder.refractory_steps, config.encoder.upsample) == (3, 2)
    made = [p for p in decode(config, chip).graph.projections if p.source == p.target]
    assert [(p.receptor, p.synapses) for p in made] == [("gabaa", ((4, 1, 3),))]


@pytest.mark.parametrize("name", CHIPS)
def test_the_tables_are_the_connections_of_the_network(name):
    chip = load_profile(name)
    graph = loop(chip)
    made = decode(arcana.map_network(graph, chip).configuration(), chip).graph
    key = lambda p: (p.source, p.target, p.receptor)  # noqa: E731
    assert sorted(made.projections, key=key) == sorted(graph.projections, key=key)
    assert made.outputs == graph.outputs
    assert [(p.name, p.size, p.solver, p.dt) for p in made.populations] == [
        (p.name, p.size, p.solver, p.dt) for p in graph.populations
    ]


@pytest.mark.parametrize("name", CHIPS)
def test_a_place_each_and_no_core_with_two_sets_of_biases(name):
    chip = load_profile(name)
    graph = only(
        *[population(f"a{k}", 100, chip) for k in range(3)],
        *[population(f"b{k}", 2, chip, Idc=1e-11) for k in range(3)],
    )
    config = arcana.map_network(graph, chip).configuration()
    assert len(set(places(config))) == len(config.neurons) == 306
    kinds = {(n.chip, n.core): set() for n in config.neurons}
    for n in config.neurons:
        kinds[n.chip, n.core].add(n.population[0])
    assert all(len(kind) == 1 for kind in kinds.values())
    assert {(c.chip, c.core) for c in config.cores} == set(kinds)


def test_the_same_seed_gives_the_same_file():
    chip = load_profile("dynapse2")
    one, two = (arcana.map_network(loop(chip), chip, seed=3).configuration() for _ in range(2))
    assert one.to_json() == two.to_json()


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("name", CHIPS)
def test_equal_values_for_each_neuron_are_one_value(name, exact):
    chip = load_profile(name)
    each, one = (layer(2, 3, chip, Idc=value) for value in ([2e-12] * 3, 2e-12))
    configs = [arcana.map_network(net, chip, exact=exact).configuration() for net in (each, one)]
    assert configs[0] == configs[1]


def test_bias_groups_go_to_cores_of_their_own():
    chip = load_profile("dynapse1")
    net = layer(2, 3, chip, Idc=[2e-12, 3e-11], bias_groups=[0, 1, 0])
    config = arcana.map_network(net, chip).configuration()
    core = {n.index: (n.chip, n.core) for n in config.neurons}
    assert core[0] == core[2] != core[1]
    (made,) = decode(config, chip).graph.populations
    assert made.values("Idc") == pytest.approx([2e-12, 3e-11, 2e-12], rel=0.06)


def test_only_the_leak_differs_neurons_share_a_core_by_the_second_leak():
    chip = load_profile("dynapse1")
    graph = only(population("a", 3, chip), population("b", 3, chip, Itau_mem=2e-11))
    config = arcana.map_network(graph, chip).configuration()
    assert len(config.cores) == 1
    assert {n.population for n in config.neurons if n.tau2} in ({"a"}, {"b"})
    leaks = {p.name: p.values("Itau_mem")[0] for p in decode(config, chip).graph.populations}
    assert leaks["a"] == pytest.approx(5e-12, rel=0.03)
    assert leaks["b"] == pytest.approx(2e-11, rel=0.03)


def test_more_bias_sets_than_cores():
    chip = load_profile("dynapse1")
    graph = only(*[population(f"p{k}", 2, chip, Idc=1e-12 * (1 + k)) for k in range(17)])
    with pytest.warns(MappingWarning, match="16 bias sets had to do: Idc of p15 moved"):
        mapping = arcana.map_network(graph, chip)
    assert len(mapping.configuration().cores) == 16
    assert {(m.population, m.bias) for m in mapping.report().moved} == {("p15", "Idc"), ("p16", "Idc")}
    with pytest.raises(BadInput, match=r"17 bias sets, which need 17 cores.*at most 16 cores"):
        arcana.map_network(graph, chip, share="refuse")


def test_too_many_input_words_are_refused_split_or_pruned():
    chip = load_profile("dynapse1")
    rows = [(0, 7, 40), (1, 7, 25), (0, 8, 64)]
    graph = NetworkGraph(
        (Source("input", 2),), (population("p", 9, chip),), (Projection.of("input", "p", "ampa", rows),)
    )
    with pytest.raises(BadInput) as error:
        arcana.map_network(graph, chip)
    (problem,) = error.value.problems
    assert (problem.field, problem.value, problem.allowed) == ("p[7]: input words", 65, "at most 64")
    assert "split='prune' or split='relay'" in problem.hint
    mapping = arcana.map_network(graph, chip, split="prune")
    (made,) = decode(mapping.configuration(), chip).graph.projections
    assert made.synapses == ((0, 7, 40), (0, 8, 64), (1, 7, 24))
    cost = mapping.report().split
    assert (cost.how, cost.neurons, cost.most, cost.removed, cost.share) == ("prune", 1, 65, 1, 1 - 64 / 65)


@pytest.mark.parametrize("name", CHIPS)
def test_relays_reach_every_sender(name):
    chip = load_profile(name)
    rows = [(k, 0, 1) for k in range(70)]
    graph = NetworkGraph(
        (Source("input", 70),), (population("p", 1, chip),), (Projection.of("input", "p", "ampa", rows),)
    )
    mapping = arcana.map_network(graph, chip, split="relay")
    config = mapping.configuration()
    assert max(len(n.cams) for n in config.neurons) <= 64
    found = decode(config, chip).graph
    assert sum(p.size for p in found.populations) == 1 + mapping.report().split.relays
    ends = [[(p.source, i, p.target, j) for i, j, _ in p.synapses] for p in found.projections]
    links = [link for part in ends for link in part]
    through = {(source, i) for source, i, target, j in links if target == "p"}
    heard = {(target, j) for source, i, target, j in links if source == "input"}
    assert {i for source, i, _, _ in links if source == "input"} == set(range(70))
    assert heard - {("p", 0)} <= through  # what a relay hears goes on


def test_fractions_are_counted_on_se1_and_switched_on_se2():
    rows = [(0, 0, 0.5), (1, 0, 1.0), (0, 1, 1.5), (1, 1, 2.0)]
    for name in CHIPS:
        chip = load_profile(name)
        graph = NetworkGraph(
            (Source("input", 2),), (population("p", 2, chip),), (Projection.of("input", "p", "ampa", rows),)
        )
        config = arcana.map_network(graph, chip, exact=True).configuration()
        made = decode(config, chip).graph
        weights = {(i, j): n * made.populations[0].values("Iw_ampa")[j] for i, j, n in made.projections[0].synapses}
        wanted = {(i, j): n * graph.populations[0].values("Iw_ampa")[j] for i, j, n in rows}
        assert weights == pytest.approx(wanted, rel=1e-9)
        words = [len(n.cams) for n in sorted(config.neurons, key=lambda n: n.index)]
        assert max(words) <= 64
        assert name == "dynapse1" or words == [2, 2]


@pytest.mark.parametrize("name", CHIPS)
def test_defects_are_avoided(name):
    chip = load_profile(name)
    dead = [(0, core, k) for core in range(4) for k in range(256)]
    config = arcana.map_network(loop(chip), chip, defects=DefectMap.of(dead)).configuration()
    assert 0 not in {n.chip for n in config.neurons}
    words = [(c, k, None, 0) for c in range(4) for k in range(4)]  # word 0 of every neuron
    config = arcana.map_network(loop(chip), chip, defects=DefectMap.of(words)).configuration()
    assert min(row[0] for n in config.neurons for row in n.cams) == 1


def test_all_that_the_chip_cannot_do_is_listed_at_once():
    chip = load_profile("dynapse1")
    biases = {**chip.default_biases(), "Ith": 1e-9}  # and no refractory period
    graph = NetworkGraph((), (Population("p", 2, 1e-3, biases), population("q", 2, chip, Idc=1.0)), ())
    with pytest.raises(BadInput) as error:
        arcana.map_network(graph, chip)
    found = {p.field: p for p in error.value.problems}
    assert sorted(found) == ["p[0].Ith", "p[0].refractory", "q[0].Idc"]
    assert "its layout fixes it" in str(found["p[0].Ith"])
    assert (found["q[0].Idc"].value, found["q[0].Idc"].unit) == (1.0, "A")


def test_constants_of_another_chip_are_refused():
    chip = load_profile("dynapse1")
    with pytest.raises(BadInput, match="make the layers with profile='dynapse1'"):
        arcana.map_network(arcana.DPILayer(2, 3, refractory=2e-3), chip)


def test_a_profile_without_tables():
    with pytest.raises(BadInput, match="profile is 'ideal', allowed: a chip with routing tables"):
        arcana.map_network(arcana.DPILayer(2, 3), "ideal")


@pytest.mark.parametrize("name", CHIPS)
def test_neurons_without_synapses(name):
    """Nothing to place by, and nothing wrong with it."""
    chip = load_profile(name)
    graph = NetworkGraph((), (population("p", 3, chip),), ())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        config = arcana.map_network(graph, chip).configuration()
    assert len(set(places(config))) == 3


@pytest.mark.parametrize("name", CHIPS)
def test_small_networks_map_without_warnings(name):
    chip = load_profile(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for net in (layer(2, 3, chip), layer(1, 1, chip), loop(chip)):
            arcana.map_network(net, chip)


def test_exact_currents_stay_as_they_are_and_the_file_holds_them(tmp_path):
    chip = load_profile("dynapse2")
    graph = loop(chip)
    config = arcana.map_network(graph, chip, exact=True).configuration()
    assert not any(core.biases for core in config.cores)
    again = ChipConfig.load(config.save(tmp_path / "exact.json"))
    made = decode(again, chip).graph
    for mine, theirs in zip(made.populations, graph.populations, strict=True):
        for bias in theirs.biases:
            assert mine.values(bias).tolist() == theirs.values(bias).tolist(), (mine.name, bias)


def test_stages_of_the_network_are_those_of_the_file():
    chip = load_profile("dynapse1")
    config = arcana.map_network(loop(chip), chip).configuration()
    assert [(p.name, p.stage) for p in config.populations] == [("e", 0), ("i", 0), ("out", 1)]
    graph = loop(chip)
    alike = tuple(replace(p, solver="rk4", stage=0) for p in graph.populations)
    config = arcana.map_network(replace(graph, populations=alike), chip).configuration()
    assert [p.stage for p in config.populations] == [0, 0, 0]


def test_modules_without_a_counterpart_on_the_chip():
    with pytest.raises(BadInput) as error:
        arcana.map_network(arcana.Sequential(arcana.DPILayer(4, 2), torch.nn.Linear(2, 2)), "dynapse1")
    assert [p.value for p in error.value.problems] == ["Linear"]
    with pytest.raises(BadInput, match="an encoder only"):
        arcana.map_network(arcana.Sequential(ADM(2, 0.1, 0.1, 0)), "dynapse1")
    with pytest.raises(BadInput, match="net is 'Linear', allowed: a DPILayer"):
        arcana.map_network(torch.nn.Linear(2, 2), "dynapse1")
