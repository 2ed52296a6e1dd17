"""The emulated chip against the network that it was exported from."""

from __future__ import annotations

import math
import warnings

import pytest
import torch

import arcana
from arcana.circuits.names import RECEPTORS
from arcana.config import ChipConfig
from arcana.errors import BadFile, BadInput
from arcana.hardware import HardwareProfile, load_profile
from arcana.model import ADM
from arcana.nn.chips import on_chips
from arcana.quantize.codes import decode_biases, encode_biases

CHIPS = ("dynapse1", "dynapse2")
# Fires at rest, and currents stay where the sub-steps follow them.
START = {"Itau_mem": 2e-12, "Igain_mem": 8e-11, "Idc": 4e-11, "refractory": 4e-3}
WEIGHTS = {"Iw_ampa": 2e-12, "Iw_nmda": 2e-12, "Iw_gabaa": 1e-13, "Iw_gabab": 1e-13}


def on_codes(chip, **changed):
    """Biases that the chip can have exactly."""
    asked = {**chip.default_biases(), **START, **WEIGHTS, **changed}
    return decode_biases(encode_biases(asked, chip), chip)


def network(chip, **changed):
    """Encoder, recurrent layer with adaptation, output layer; every receptor has synapses; seeded weights."""
    torch.manual_seed(0)
    biases = on_codes(chip, Iw_ahp=1e-12, **changed)
    net = arcana.Sequential(
        ADM(2, 0.05, 0.07, 2),
        arcana.DPILayer(4, 6, profile=chip, recurrent=True, **biases),
        arcana.DPILayer(6, 3, profile=chip, **on_codes(chip)),
    )
    for module in list(net)[1:]:
        for r in RECEPTORS:
            for name in (f"W_{r}", f"R_{r}"):
                if hasattr(module, name):
                    weight = getattr(module, name)
                    weight.data = torch.randint(0, 3, weight.shape).float()
    return net


@pytest.fixture(scope="module")
def signal():
    t = torch.arange(250) / 1000
    return torch.stack([torch.sin(2 * math.pi * 9 * t), torch.cos(2 * math.pi * 5 * t)], -1)[None]


@pytest.fixture(autouse=True)
def strong_drive_is_fine():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", CHIPS)
def test_a_network_on_codes_and_its_chip_spike_alike(name, signal):
    chip = load_profile(name)
    net = network(chip)
    emulator = arcana.Emulator.from_config(arcana.configure(arcana.graph_of(net), chip), chip)
    wanted, made = arcana.simulate(net, signal, ("spikes", "Imem")), emulator.simulate(signal, ("spikes", "Imem"))
    for module in (0, 1, 2):
        assert wanted.records[module]["spikes"].sum() > 15
        assert torch.equal(wanted.records[module]["spikes"], made.records[module]["spikes"])
    assert torch.equal(wanted["Imem"], made["Imem"])
    assert torch.equal(emulator(signal)[0], wanted.output)


@pytest.mark.parametrize("name", CHIPS)
def test_the_emulator_of_a_file_is_that_of_the_settings(name, signal, tmp_path):
    chip = load_profile(name)
    torch.manual_seed(1)
    net = arcana.Sequential(
        ADM(2, 0.05, 0.07, 0),
        arcana.DPILayer(4, 5, profile=chip, **START, **WEIGHTS),
        arcana.DPILayer(5, 2, profile=chip, **START, **WEIGHTS),
    )
    config = arcana.configure(arcana.graph_of(net), chip)
    path = config.save(tmp_path / "chip.json")
    assert ChipConfig.load(path) == config
    one, two = (arcana.Emulator.from_config(c, chip)(signal)[0] for c in (config, path))
    assert one.sum() > 10
    assert torch.equal(one, two)


@pytest.mark.parametrize("chips", [1, 3])
def test_a_mismatched_chip_is_the_mismatched_network(signal, chips):
    chip = load_profile("dynapse1")
    net = network(chip)
    mismatch = arcana.MismatchModel(0.2).sample(chips, seed=11)
    emulator = arcana.Emulator.from_config(arcana.configure(arcana.graph_of(net), chip), chip, mismatch)
    plain = net(signal)[0]
    with on_chips(net, mismatch):
        wanted = net(signal)[0]
    made = emulator(signal)[0]
    assert made.shape == ((chips, 1, 250, 3) if chips > 1 else (1, 250, 3))
    assert torch.equal(made, wanted)
    assert not torch.equal(made, plain.expand_as(made))
    emulator.set_mismatch(None)
    assert torch.equal(emulator(signal)[0], plain)


def test_settings_of_the_solver_come_along(signal):
    chip = load_profile("dynapse1")
    net = arcana.DPILayer(4, 3, profile=chip, solver="heun", substeps=5, leak_saturation=False, **on_codes(chip))
    emulator = arcana.Emulator.from_config(arcana.configure(arcana.graph_of(net), chip), chip)
    events = ADM(2, 0.05, 0.05, 0)(signal)
    assert torch.equal(emulator(events)[0], net(events)[0])
    made = next(iter(emulator.net))
    assert (made.solver, made.substeps, made.leak_saturation) == ("heun", 5, False)


def test_a_latch_that_is_off_switches_the_current_off():
    chip = load_profile("dynapse2")
    config = arcana.configure(arcana.graph_of(arcana.DPILayer(2, 3, profile=chip, **on_codes(chip))), chip)
    core = config.cores[0]
    assert core.latches["so_dc"] is True
    off = config.model_copy(
        update={"cores": [core.model_copy(update={"latches": {**core.latches, "so_dc": False}})]}
    )
    X = torch.zeros(1, 400, 2)
    assert arcana.Emulator.from_config(config, chip)(X)[0].sum() > 0
    assert arcana.Emulator.from_config(off, chip)(X)[0].sum() == 0


def test_settings_of_another_profile_are_refused():
    chip = load_profile("dynapse1")
    config = arcana.configure(arcana.graph_of(network(chip)), chip)
    with pytest.raises(BadInput, match="profile is 'dynapse2', allowed: 'dynapse1'"):
        arcana.Emulator.from_config(config, load_profile("dynapse2"))
    data = chip.to_dict()
    data["capacitance"]["membrane"]["value"] = 2e-12
    with pytest.raises(BadInput, match=r"profile\.hash is .*the profile was changed since"):
        arcana.Emulator.from_config(config, HardwareProfile.from_dict(data))


def test_a_missing_file():
    with pytest.raises(BadFile, match="no such file"):
        arcana.Emulator.from_config("gone.json", load_profile("dynapse1"))


def edited(config, **changes):
    return ChipConfig.model_validate({**config.model_dump(), **changes})


def test_edited_settings_that_no_chip_holds():
    chip = load_profile("dynapse1")
    config = arcana.configure(arcana.graph_of(arcana.DPILayer(2, 3, profile=chip, **on_codes(chip))), chip)
    connection = {"source": "input", "target": "layer0", "receptor": "ampa", "synapses": [[0, 0, 60], [1, 0, 5]]}
    place = {**config.populations[0].model_dump(), "chip": 4, "core": 4, "size": 257}
    core = {**config.cores[0].model_dump(), "chip": 4, "core": 4}
    bad = edited(config, connections=[connection], populations=[place], cores=[core])
    with pytest.raises(BadInput) as error:
        arcana.Emulator.from_config(bad, chip)
    assert [p.value for p in error.value.problems] == [4, 4, 257, 65]
    biases = {**config.cores[0].model_dump()["biases"], "IF_TAU1_M": {"coarse": 0, "fine": 1}}
    with pytest.raises(BadInput, match="did you mean 'IF_TAU1_N'"):
        arcana.Emulator.from_config(
            edited(config, cores=[{**config.cores[0].model_dump(), "biases": biases}]), chip
        )


def test_only_chains_are_emulated():
    chip = load_profile("dynapse1")
    layers = [arcana.DPILayer(2, 2, profile=chip, **on_codes(chip)) for _ in range(2)]
    config = arcana.configure(arcana.graph_of(arcana.Sequential(*layers)), chip)
    skip = {"source": "input", "target": "layer1", "receptor": "ampa", "synapses": [[0, 0, 1]]}
    back = {"source": "layer1", "target": "layer0", "receptor": "ampa", "synapses": [[0, 0, 1]]}
    with pytest.raises(BadInput) as error:
        arcana.Emulator.from_config(edited(config, connections=[skip, back]), chip)
    assert [p.value for p in error.value.problems] == ["input -> layer1", "layer1 -> layer0"]
    slower = [config.populations[0].model_dump(), {**config.populations[1].model_dump(), "dt_s": 2e-3}]
    with pytest.raises(BadInput, match="one time step for all populations"):
        arcana.Emulator.from_config(edited(config, populations=slower), chip)
    with pytest.raises(BadInput, match="0 inputs"):
        arcana.Emulator.from_config(edited(config, inputs=[], connections=[]), chip)
