"""The export: what a chip can hold goes in, everything else is refused at once."""

from __future__ import annotations

import pytest
import torch

import arcana
from arcana.errors import BadInput
from arcana.graph import NetworkGraph, Population, Projection, Source
from arcana.hardware import load_profile
from arcana.model import ADM


def layer(n_in, n_out, chip, **options):
    return arcana.DPILayer(n_in, n_out, profile=chip, refractory=2e-3, **options)


def test_what_is_in_the_settings():
    chip = load_profile("dynapse1")
    torch.manual_seed(0)
    net = arcana.Sequential(
        ADM(2, 0.1, [0.2, 0.3], 3, upsample=2), layer(4, 5, chip, recurrent=True), layer(5, 2, chip)
    )
    with torch.no_grad():
        list(net)[1].R_gabaa[1, 4] = 3.4
    config = arcana.configure(arcana.graph_of(net), chip, seed=5, note="try")
    assert (config.profile.name, config.profile.hash) == ("dynapse1", chip.hash())
    assert (config.provenance.seed, config.provenance.note) == (5, "try")
    assert config.provenance.arcana_version == arcana.__version__
    assert [(p.name, p.size, p.chip, p.core) for p in config.populations] == [
        ("layer0", 5, 0, 0),
        ("layer1", 2, 0, 1),
    ]
    assert [(i.name, i.size) for i in config.inputs] == [("input", 4)]
    assert config.encoder is not None
    assert config.encoder.threshold_down == pytest.approx([0.2, 0.3], rel=1e-6)
    assert (config.encoder.refractory_steps, config.encoder.upsample) == (3, 2)
    loop = [c for c in config.connections if c.source == c.target]
    assert [(c.receptor, c.synapses) for c in loop] == [("gabaa", [[4, 1, 3]])]
    assert config.cams == config.srams == config.tags == []


def test_populations_go_on_cores_one_after_another():
    chip = load_profile("dynapse2")
    net = arcana.Sequential(*[layer(2, 2, chip) for _ in range(6)])
    config = arcana.configure(arcana.graph_of(net), chip)
    assert [(p.chip, p.core) for p in config.populations] == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1)]


def test_all_that_the_chip_cannot_do_is_listed_at_once():
    chip = load_profile("dynapse1")
    graph = arcana.graph_of(arcana.DPILayer(2, 300, Idc=[1e-12 * (1 + k % 3) for k in range(300)], Ith=1e-9))
    crowded = Projection("input", "layer0", "ampa", ((0, 7, 40), (1, 7, 25), (0, 8, 64)))
    graph = NetworkGraph(graph.sources, graph.populations, (crowded,))
    with pytest.raises(BadInput) as error:
        arcana.configure(graph, chip)
    problems = {p.field: p for p in error.value.problems}
    assert sorted(problems) == [
        "layer0.Idc",
        "layer0.Ith",
        "layer0.refractory",
        "layer0: neurons",
        "layer0: synapses of neuron 7",
    ]
    assert problems["layer0: synapses of neuron 7"].value == 65
    assert problems["layer0: neurons"].value == 300
    assert problems["layer0.Idc"].value == "3 values from 1e-12 to 3e-12"


def test_more_populations_than_cores():
    chip = load_profile("dynapse1")
    one = arcana.graph_of(layer(2, 2, chip)).populations[0]
    many = tuple(Population(f"p{k}", 2, one.dt, one.biases) for k in range(17))
    with pytest.raises(BadInput, match="populations is 17, allowed: at most 16"):
        arcana.configure(NetworkGraph((Source("input", 2),), many, ()), chip)


def test_equal_values_for_each_neuron_are_one_value():
    chip = load_profile("dynapse1")
    config = arcana.configure(arcana.graph_of(layer(2, 3, chip, Idc=[2e-12] * 3, bias_groups=None)), chip)
    assert config == arcana.configure(arcana.graph_of(layer(2, 3, chip, Idc=2e-12)), chip)


def test_bias_groups_that_differ_are_refused():
    chip = load_profile("dynapse1")
    net = layer(2, 3, chip, Idc=[2e-12, 3e-12], bias_groups=[0, 1, 0])
    with pytest.raises(BadInput, match="2 values from 2e-12 to 3e-12"):
        arcana.configure(arcana.graph_of(net), chip)


def test_a_profile_without_codes():
    with pytest.raises(BadInput, match="profile is 'ideal', allowed: one with bias codes"):
        arcana.configure(arcana.graph_of(arcana.DPILayer(2, 3)), load_profile("ideal"))


def test_modules_without_a_counterpart_on_the_chip():
    soft = arcana.DPILayer(4, 2)
    soft.whole_weights = False
    with pytest.raises(BadInput) as error:
        arcana.graph_of(arcana.Sequential(soft, torch.nn.Linear(2, 2), ADM(2, 0.1, 0.1, 0)))
    assert [p.value for p in error.value.problems] == [False, "Linear", "ADM"]
    with pytest.raises(BadInput, match="an encoder only"):
        arcana.graph_of(arcana.Sequential(ADM(2, 0.1, 0.1, 0)))
