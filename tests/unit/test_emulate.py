"""The emulated board against the network that was mapped on it."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from chip_networks import START, WEIGHTS, chain, events, loop, waves, with_biases
from drc_boards import find, legal, settings

import arcana
from arcana.config import ChipConfig
from arcana.emulate import EmulationWarning
from arcana.errors import BadFile, BadInput
from arcana.graph import NetworkGraph, Projection
from arcana.hardware import HardwareProfile, load_profile
from arcana.hardware.defects import DefectMap
from arcana.mapping.decode import decode
from arcana.mapping.drc import DesignRuleError
from arcana.nn.from_graph import Staged

CHIPS = ("dynapse1", "dynapse2")
STATE = ("spikes", "Imem", "Iampa", "Inmda", "Igabaa", "Igabab")


@pytest.fixture
def chip(request):
    return load_profile(request.param)


both = pytest.mark.parametrize("chip", CHIPS, indirect=True)
NETWORKS = {
    "loop of two populations": (loop, 4),
    "recurrent chain": (lambda chip: chain(chip, encoder=False).graph(), 4),
    "feed-forward chain": (lambda chip: chain(chip, recurrent=False, encoder=False).graph(), 4),
}
networks = pytest.mark.parametrize("network", NETWORKS)


@pytest.fixture(autouse=True)
def strong_drive_is_fine():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def same_everywhere(graph, emulator, X, profile):
    """Every spike and current of every neuron of every population in every step; returns the spikes."""
    with torch.no_grad():
        _, _, wanted = Staged(graph, profile).run(X, record=STATE)
        _, _, made = emulator.net.run(X, record=STATE)
    assert set(made) == set(wanted) == {p.name for p in graph.populations}
    for name, records in wanted.items():
        for what in STATE:
            assert torch.equal(made[name][what], records[what]), (name, what)
    return {name: records["spikes"] for name, records in wanted.items()}


@both
@networks
@pytest.mark.parametrize("exact", [True, False])
def test_a_board_is_its_network_everywhere_in_every_step(chip, network, exact, double):
    """With exact currents the network itself; with codes the network with the biases of the codes."""
    make, lines = NETWORKS[network]
    graph, X = make(chip), events(lines).double()
    config = arcana.map_network(graph, chip, exact=exact).configuration()
    if not exact:
        made = decode(config, chip).graph
        assert any("pulse" in p.biases for p in made.populations) == (chip.chip_bias_for("pulse") is not None)
        graph = with_biases(graph, made)
    spikes = same_everywhere(graph, arcana.Emulator.from_config(config, chip), X, chip)
    for name, found in spikes.items():
        assert (found.sum((0, 1)) > 3).all(), name


@both
def test_codes_make_another_network(chip, double):
    """What the test above could not see if decoding were skipped: rounding moves spikes."""
    graph, X = loop(chip), events(4).double()
    boards = [
        arcana.Emulator.from_config(arcana.map_network(graph, chip, exact=exact).configuration(), chip)
        for exact in (True, False)
    ]
    assert not torch.equal(boards[0](X)[0], boards[1](X)[0])


@both
def test_a_trained_network_with_its_encoder(chip, double):
    net, signal = chain(chip), waves()
    emulator = arcana.Emulator.from_config(arcana.map_network(net, chip, exact=True).configuration(), chip)
    wanted = arcana.simulate(net.double(), signal, ("spikes", "Imem"))
    made = emulator.simulate(signal, ("spikes", "Imem"))
    for module in (0, 1, 2):
        assert wanted.records[module]["spikes"].sum() > 15
        assert torch.equal(wanted.records[module]["spikes"], made.records[module]["spikes"])
    assert torch.equal(wanted["Imem"], made["Imem"])
    assert torch.equal(emulator(signal)[0], wanted.output)


@both
def test_in_float32_as_well(chip):
    graph, X = loop(chip), events(4)
    config = arcana.map_network(graph, chip, exact=True).configuration()
    same_everywhere(graph, arcana.Emulator.from_config(config, chip), X, chip)


@both
def test_outputs_are_the_named_populations_in_the_order_of_the_file(chip, double):
    graph, X = loop(chip), events(4).double()
    config = arcana.map_network(graph, chip).configuration()
    emulator = arcana.Emulator.from_config(config, chip)
    spikes = emulator.net.run(X)[0]
    assert torch.equal(emulator(X)[0], torch.cat([spikes["i"], spikes["out"]], -1))
    data = config.model_dump()
    data["outputs"] = [{**data["outputs"][1], "neurons": data["outputs"][1]["neurons"][::-1]}, data["outputs"][0]]
    turned = arcana.Emulator.from_config(ChipConfig.model_validate(data), chip)
    assert torch.equal(turned(X)[0], torch.cat([spikes["out"].flip(-1), spikes["i"]], -1))


@both
def test_a_run_can_be_cut_in_two(chip, double):
    emulator = arcana.Emulator.from_config(arcana.map_network(loop(chip), chip).configuration(), chip)
    X = events(4).double()
    whole = emulator(X)[0]
    first, state = emulator(X[:, :131])
    assert torch.equal(torch.cat([first, emulator(X[:, 131:], state)[0]], 1), whole)
    with pytest.raises(BadInput, match="state is '1 states', allowed: None, or 2"):
        emulator(X, state[:1])


@both
def test_the_emulator_of_a_file_is_that_of_the_settings(chip, tmp_path):
    config = arcana.map_network(chain(chip), chip).configuration()
    path = config.save(tmp_path / "chip.json")
    assert ChipConfig.load(path) == config
    one, two = (arcana.Emulator.from_config(c, chip)(waves())[0] for c in (config, path))
    assert one.sum() > 10
    assert torch.equal(one, two)


@both
def test_only_tables_and_codes_count(chip):
    """Order in the file, the words in use and the report's names of places do not matter; the tables do."""
    config = arcana.map_network(loop(chip), chip).configuration()
    X = events(4)
    wanted = arcana.Emulator.from_config(config, chip)(X)[0]
    data = config.model_dump()
    data["neurons"].reverse()
    data["cores"].reverse()
    for neuron in data["neurons"]:
        neuron["cams"] = [[63 - row[0], *row[1:]] for row in neuron["cams"]]
    shuffled = ChipConfig.model_validate(data)
    assert torch.equal(arcana.Emulator.from_config(shuffled, chip)(X)[0], wanted)
    for neuron in data["neurons"]:
        if neuron["population"] == "e":
            neuron["cams"] = [row for row in neuron["cams"] if row[2] != chip.synapse.receptor["ampa"].code]
    deaf = arcana.Emulator.from_config(ChipConfig.model_validate(data), chip)
    assert not torch.equal(deaf(X)[0], wanted)


def test_settings_of_the_solver_come_along():
    chip = load_profile("dynapse1")
    net = arcana.DPILayer(4, 3, profile=chip, solver="heun", substeps=5, leak_saturation=False, **START, **WEIGHTS)
    emulator = arcana.Emulator.from_config(arcana.map_network(net, chip, exact=True).configuration(), chip)
    assert torch.equal(emulator(events(4))[0], net(events(4))[0])
    (made,) = emulator.net.layers
    assert (made.solver, made.substeps, made.leak_saturation) == ("heun", 5, False)


def test_a_latch_that_is_off_switches_the_current_off():
    chip = load_profile("dynapse2")
    config = arcana.map_network(arcana.DPILayer(2, 3, profile=chip, **START, **WEIGHTS), chip).configuration()
    (core,) = config.cores
    assert core.latches["so_dc"] is True
    latches = {**core.latches, "so_dc": False}
    off = config.model_copy(update={"cores": [core.model_copy(update={"latches": latches})]})
    X = torch.zeros(1, 400, 2)
    assert arcana.Emulator.from_config(config, chip)(X)[0].sum() > 0
    assert arcana.Emulator.from_config(off, chip)(X)[0].sum() == 0


def test_settings_of_another_profile_are_refused():
    chip = load_profile("dynapse1")
    config = arcana.map_network(chain(chip), chip).configuration()
    with pytest.raises(BadInput, match="profile is 'dynapse2', allowed: 'dynapse1'"):
        arcana.Emulator.from_config(config, "dynapse2")
    data = chip.to_dict()
    data["capacitance"]["membrane"]["value"] = 2e-12
    with pytest.raises(BadInput, match=r"profile\.hash is .*the profile was changed since"):
        arcana.Emulator.from_config(config, HardwareProfile.from_dict(data))


def test_a_missing_file():
    with pytest.raises(BadFile, match="no such file"):
        arcana.Emulator.from_config("gone.json", "dynapse1")


@pytest.mark.parametrize("name", CHIPS)
def test_settings_that_break_design_rules_are_refused_with_all_of_them(name):
    data = legal(name)
    find(data, "hidden", 0)["cams"][0][2] = 99
    find(data, "out", 1)["srams"][0][0] = 4
    data["inputs"][0]["events"].pop()
    with pytest.raises(DesignRuleError) as error:
        arcana.Emulator.from_config(settings(data), name)
    text = str(error.value)
    assert len(error.value.violations) == 6
    for part in ("receptor code 99 is unknown", "word 4 does not exist", "1 input word(s) listen to it"):
        assert part in text


@pytest.mark.parametrize("name", CHIPS)
def test_settings_that_use_a_defect_are_refused(name):
    config = arcana.map_network(loop(load_profile(name)), name).configuration()
    one = config.neurons[0]
    dead = DefectMap.of([(one.chip, one.core, one.neuron)])
    with pytest.raises(BadInput, match=rf"C{one.chip}c{one.core}n{one.neuron} \({one.population}\[{one.index}\]\)"):
        arcana.Emulator.from_config(config, name, defects=dead)
    spared = arcana.map_network(loop(load_profile(name)), name, defects=dead).configuration()
    arcana.Emulator.from_config(spared, name, defects=dead)


def test_a_bias_that_the_chip_does_not_have():
    config = arcana.map_network(chain(load_profile("dynapse1")), "dynapse1").configuration()
    data = config.model_dump()
    data["cores"][0]["biases"]["IF_TAU1_M"] = {"coarse": 0, "fine": 1}
    with pytest.raises(BadInput, match="there is no bias IF_TAU1_M"):
        arcana.Emulator.from_config(ChipConfig.model_validate(data), "dynapse1")


def test_delays_are_decoded_and_announced_as_not_emulated():
    chip = load_profile("dynapse2")
    plain = loop(chip)
    delayed = replace(plain, projections=tuple(replace(p, delay="precise") for p in plain.projections))
    configs = [arcana.map_network(graph, chip).configuration() for graph in (plain, delayed)]
    assert {p.delay for p in decode(configs[1], chip).graph.projections} == {"precise"}
    words = sum(len(n.cams) for n in configs[1].neurons)
    with pytest.warns(EmulationWarning, match=f"flags of {words} input words are not emulated"):
        late = arcana.Emulator.from_config(configs[1], chip)
    assert torch.equal(late(events(4))[0], arcana.Emulator.from_config(configs[0], chip)(events(4))[0])


def test_a_board_without_inputs(double):
    chip = load_profile("dynapse1")
    graph = loop(chip)
    alone = NetworkGraph((), graph.populations, tuple(p for p in graph.projections if p.source != "in"))
    emulator = arcana.Emulator.from_config(arcana.map_network(alone, chip, exact=True).configuration(), chip)
    spikes = same_everywhere(alone, emulator, torch.zeros(1, 200, 0), chip)
    assert all(found.sum() > 0 for found in spikes.values())


def test_several_sources_are_side_by_side(double):
    chip = load_profile("dynapse2")
    graph = loop(chip)
    two = (*graph.sources, replace(graph.sources[0], name="more", size=2))
    more = Projection.of("more", "i", "ampa", [(0, 0, 3), (1, 2, 5)])
    graph = replace(graph, sources=two, projections=(*graph.projections, more))
    emulator = arcana.Emulator.from_config(arcana.map_network(graph, chip, exact=True).configuration(), chip)
    same_everywhere(graph, emulator, events(6).double(), chip)
    with pytest.raises(BadInput, match=r"\(batch, time, 6\)"):
        emulator(events(4).double())
