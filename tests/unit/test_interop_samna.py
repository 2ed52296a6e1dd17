"""The vendor's configurations as JSON."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from drc_boards import core, find, legal, settings

from arcana.errors import BadFile, BadInput
from arcana.hardware import load_profile
from arcana.interop import NotHeldWarning, export_config, import_config, to_samna
from arcana.mapping.decode import decode

FORM = {"dynapse1": "samna1", "dynapse2": "samna2"}


def small(name):
    """The chip with 16 neurons in a core and 24 input words, so that files stay short."""
    chip = load_profile(name)
    topology = chip.topology.model_copy(update={"neurons_per_core": 16, "cam_per_neuron": 24})
    return chip.model_copy(update={"name": f"{name}-small", "topology": topology})


def board(chip):
    """Two neurons of C1c2; the second sends to C0c0, and one word listens to it."""
    first, kind = (1, 3) if chip.family == "dynapse1" else (0, 1024)
    switches, flags = (0, 0) if chip.family == "dynapse1" else (5, 3)
    neuron = {"chip": 1, "core": 2, "population": "p", "tau2": False}
    return {
        "profile": {"name": chip.name, "hash": chip.hash()},
        "provenance": {"arcana_version": "0"},
        "populations": [{"name": "p", "size": 2, "dt_s": 1e-3}],
        "cores": [core(chip, 1, 2)],
        "neurons": [
            {**neuron, "neuron": 5, "index": 0, "cams": [[3, 2 * 16 + 6, kind, switches, flags]], "srams": []},
            {**neuron, "neuron": 6, "index": 1, "cams": [], "srams": [[first, 2 * 16 + 6, 0b0100, 0, 0]]},
        ],
    }


@pytest.fixture(params=["dynapse1", "dynapse2"])
def chip(request):
    return small(request.param)


@pytest.fixture
def tree(chip):
    return json.loads(export_config(settings(board(chip)), chip, FORM[chip.family]))


def read(tree, chip, text=None):
    return import_config(json.dumps(tree) if text is None else text, chip, FORM[chip.family])


def core_of(tree, chip=1, number=2):
    return tree["value0"]["chips"][chip]["cores"][f"value{number}"]


def test_the_dialect_of_dynapse1():
    chip = small("dynapse1")
    tree = json.loads(export_config(settings(board(chip)), chip, "samna1"))
    assert isinstance(tree["value0"]["chips"], list)
    assert len(tree["value0"]["chips"]) == 4
    assert list(core_of(tree)["neurons"]) == [f"value{k}" for k in range(16)]
    neuron = core_of(tree)["neurons"]["value5"]
    assert neuron["synapses"]["value3"] == {"synType": "AMPA", "listenNeuronId": 6, "listenCoreId": 2}
    assert neuron["synapses"]["value4"] == {"synType": "GABA_B", "listenNeuronId": 0, "listenCoreId": 0}
    keys = "targetChipId", "inUse", "virtualCoreId", "coreMask", "sx", "sy", "dx", "dy"
    sends = core_of(tree)["neurons"]["value6"]["destinations"]
    assert sends["value1"] == dict(zip(keys, (1, True, 2, 4, False, False, 0, 0), strict=True))
    assert sends["value2"] == dict(zip(keys, (0, False, 0, 0, False, False, 0, 0), strict=True))
    parameters = core_of(tree)["parameterGroup"]["paramMap"]
    assert len(parameters) == 25
    assert parameters[0] == {"key": "IF_AHTAU_N", "value": {"paramName": "IF_AHTAU_N", "coarse": 1, "fine": 100}}
    idle = {p["key"]: p["value"] for p in core_of(tree, 0, 0)["parameterGroup"]["paramMap"]}
    assert (idle["IF_TAU2_N"]["coarse"], idle["IF_TAU2_N"]["fine"]) == (7, 255)
    assert (idle["IF_DC_P"]["coarse"], idle["IF_DC_P"]["fine"]) == (0, 0)


def test_the_dialect_of_dynapse2():
    chip, data = small("dynapse2"), board(small("dynapse2"))
    data["cores"][0]["latches"] = {"so_dc": False, "soif_type": True}
    data["cores"][0]["biases"]["R2R_BUFFER_CCB"] = {"coarse": 2, "fine": 3}
    data["neurons"][0]["srams"] = [[3, 77, 0, -7, -7]]
    tree = json.loads(export_config(settings(data), chip, "samna2"))
    neuron = core_of(tree)["neurons"]["value5"]
    bits = dict(zip(("value0", "value1", "value2", "value3"), (True, False, True, False), strict=True))
    word = {
        "dendrite": 1024,
        "weight": bits,
        "tag": 38,
        "stp": False,
        "preciseDelay": True,
        "mismatchedDelay": True,
    }
    assert neuron["synapses"]["value3"] == word
    assert neuron["synapses"]["value0"]["dendrite"] == 0
    away = neuron["destinations"]["value3"]
    assert (away["tag"], away["xHop"], away["yHop"], any(away["core"].values())) == (77, -7, -7, False)
    latches = {key: on for key, on in neuron.items() if key.startswith("latch")}
    assert len(latches) == 14
    assert {key for key, on in latches.items() if on} == {"latchSoifType", "latchSoAdaptation"}
    assert core_of(tree)["neurons"]["value0"]["latchSoifType"]  # a latch is one of the whole core here
    assert not core_of(tree, 1, 1)["neurons"]["value0"]["latchSoifType"]
    parameters = {p["key"]: p["value"] for p in core_of(tree)["parameters"]}
    assert len(parameters) == 52
    assert "SYPD_DLY0_P" in parameters
    assert parameters["SOIF_DC_P"] == {"coarseValue": 1, "fineValue": 100, "type": ord("P")}
    assert parameters["SOIF_LEAK_N"]["type"] == ord("N")
    shared = {p["key"]: p["value"] for p in tree["value0"]["chips"][1]["globalParameters"]}
    assert (shared["R2R_BUFFER_CCB"]["coarseValue"], shared["R2R_BUFFER_CCB"]["fineValue"]) == (2, 3)
    assert {p["key"] for p in tree["value0"]["chips"][1]["sharedParameters23"]} >= {"LBWR_VB_P", "PG_BUF_N"}


def test_reading_back(chip, tree):
    config = read(tree, chip)
    assert [(p.name, p.size) for p in config.populations] == [("C1c2", 2)]
    assert [(c.chip, c.core) for c in config.cores] == [(1, 2)]
    asked = settings(board(chip))
    assert config.cores[0].biases == asked.cores[0].biases
    assert [(n.neuron, n.index, n.cams, n.srams) for n in config.neurons] == [
        (n.neuron, n.index, n.cams, n.srams) for n in asked.neurons
    ]
    biases = decode(config, chip).graph.populations[0].biases
    assert biases == decode(asked, chip).graph.populations[0].biases


def test_a_whole_board_of_full_size():
    for name, form in FORM.items():
        profile, config = load_profile(name), settings(legal(name))
        text = export_config(config, profile, form)
        again = import_config(text, profile, form)
        rows = {(n.chip, n.core, n.neuron): (n.cams, n.srams) for n in again.neurons}
        assert rows == {(n.chip, n.core, n.neuron): (sorted(n.cams), n.srams) for n in config.neurons if n.cams}
        assert len(again.cores) == 3


def test_lists_missing_members_and_codes_for_names(chip, tree):
    inside = core_of(tree)
    neurons = list(inside["neurons"].values())
    neurons[5]["synapses"] = {"value3": neurons[5]["synapses"]["value3"]}
    neurons[6].pop("synapses")
    if chip.family == "dynapse1":
        neurons[5]["synapses"]["value3"]["synType"] = 3
        for name in ("inUse", "targetChipId", "sx"):
            neurons[6]["destinations"]["value1"].pop(name)
        neurons[6]["destinations"]["value1"]["sy"] = 0
    else:
        neurons[5]["synapses"]["value3"]["weight"] = [True, False, True, False]
        neurons[5]["synapses"]["value3"].pop("stp")
    inside["neurons"] = neurons
    short = {"value0": {"chips": {"value1": {"cores": {"value2": inside}}}}}
    assert read(short, chip).neurons == read(tree, chip).neurons


def test_a_file_cut_off_anywhere(chip, tree, tmp_path):
    text, path = json.dumps(tree), tmp_path / "board.json"
    for k in [0, 1, 9, *range(10, len(text) - 1, len(text) // 37), len(text) - 1]:
        path.write_text(text[:k])
        with pytest.raises(BadFile, match="may be cut off"):
            import_config(path, chip, FORM[chip.family])


def test_a_file_of_the_other_chip(chip, tree, tmp_path):
    other = small({"dynapse1": "dynapse2", "dynapse2": "dynapse1"}[chip.family])
    path = tmp_path / "board.json"
    path.write_text(json.dumps(tree))
    with pytest.raises(BadFile, match=f"a configuration of a {chip.family}") as error:
        import_config(path, other, FORM[other.family])
    assert FORM[chip.family] in str(error.value)
    with pytest.raises(BadInput, match=f"one of the family {chip.family}"):
        import_config(path, other, FORM[chip.family])


def test_members_that_nobody_knows_are_all_listed(chip, tree):
    tree["value0"]["version"] = 7
    core_of(tree)["neurons"]["value1"]["latchSoDcc"] = True
    core_of(tree)["neurons"]["value5"]["synapses"]["value3"]["strength"] = 1
    with pytest.raises(BadInput) as error:
        read(tree, chip)
    assert [p.field for p in error.value.problems] == [
        "file.value0.version",
        "file.value0.chips[1].cores[2].neurons[1].latchSoDcc",
        "file.value0.chips[1].cores[2].neurons[5].synapses[3].strength",
    ]


def test_every_leaf_may_be_wrong(chip, tree):
    """Each value of a neuron and of a parameter in turn is one that it cannot be."""
    key = "parameterGroup" if chip.family == "dynapse1" else "parameters"
    whole = {"neurons": core_of(tree)["neurons"], key: core_of(tree)[key]}
    used = {"neurons": {k: whole["neurons"][k] for k in ("value5", "value6")}, key: whole[key]}
    used["neurons"]["value5"]["synapses"] = {"value3": used["neurons"]["value5"]["synapses"]["value3"]}
    used["neurons"]["value6"].pop("synapses")
    short = {"value0": {"chips": {"value1": {"cores": {"value2": used}}}}}
    assert len(read(short, chip).neurons) == 2
    free = {"paramName", "type"}  # said twice in the file, and not needed
    places = [p for p in leaves(short) if p[-1] not in free]
    assert len(places) > 90
    for place in places:
        broken = copy.deepcopy(short)
        holder = broken
        for part in place[:-1]:
            holder = holder[part]
        holder[place[-1]] = {"not": ["this"]}
        with pytest.raises(BadInput):
            read(broken, chip)


def leaves(data, where=()):
    if not isinstance(data, dict | list):
        yield where
        return
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        yield from leaves(value, (*where, key))


def test_hops_count_and_not_the_named_chip():
    chip = small("dynapse1")
    tree = json.loads(export_config(settings(board(chip)), chip, "samna1"))
    core_of(tree)["neurons"]["value6"]["destinations"]["value1"]["targetChipId"] = 8
    with pytest.warns(NotHeldWarning, match="1 destinations name another chip"):
        config = read(tree, chip)
    assert config.neurons[1].srams == [[1, 38, 4, 0, 0]]


def test_hops_beside_the_board_have_no_chip_to_name():
    chip = small("dynapse1")
    data = board(chip)
    data["neurons"][1]["srams"][0][3] = 1
    with pytest.raises(BadInput, match="end where there is no chip"):
        export_config(settings(data), chip, "samna1")


def test_latches_of_neurons_in_use_must_agree():
    chip = small("dynapse2")
    tree = json.loads(export_config(settings(board(chip)), chip, "samna2"))
    core_of(tree)["neurons"]["value9"]["latchSoifKill"] = True
    with pytest.warns(NotHeldWarning, match="latches of 1 unused neurons"):
        config = read(tree, chip)
    assert not config.cores[0].latches["soif_kill"]
    core_of(tree)["neurons"]["value6"]["latchSoifKill"] = True
    with pytest.raises(BadInput, match="soif_kill is False in neuron 5 and not in neuron 6"):
        read(tree, chip)


def test_codes_that_half_a_chip_shares_are_one():
    chip = small("dynapse2")
    data = board(chip)
    data["cores"] += [core(chip, 1, 3), core(chip, 1, 0)]
    for k in range(3):
        data["cores"][k]["biases"]["PG_BUF_N"] = {"coarse": 1, "fine": min(k, 1)}
    with pytest.raises(BadInput, match=r"C1.PG_BUF_N is '\(1, 0\) and \(1, 1\)', allowed: one code for cores 2, 3"):
        export_config(settings(data), chip, "samna2")


def test_second_leaks_are_named():
    chip = small("dynapse1")
    data = board(chip)
    data["neurons"][0]["tau2"] = True
    with pytest.warns(NotHeldWarning, match="C1c2n5 use the second leak"):
        export_config(settings(data), chip, "samna1")


def test_a_parameter_cannot_say_the_low_range():
    chip = small("dynapse1")
    data = board(chip)
    data["cores"][0]["biases"]["IF_TAU1_N"]["low_range"] = True
    for write in (lambda config: export_config(config, chip, "samna1"), lambda config: to_samna(config, chip)):
        with pytest.raises(BadInput, match=r"C1c2\.IF_TAU1_N is 'low range', allowed: high range"):
            write(settings(data))


def test_what_the_other_generator_has_is_refused():
    chip = small("dynapse2")
    data = board(chip)
    find(data, "p", 0)
    data["cores"][0]["biases"]["SOIF_DC_P"] = {"coarse": 1, "fine": 1, "low_range": True}
    with pytest.raises(BadInput, match="low_range"):
        export_config(settings(data), chip, "samna2")
    data["cores"][0]["biases"]["SOIF_DC_P"] = {"coarse": 6, "fine": 1}
    with pytest.raises(BadInput, match=r"code \(6, 1\)"):
        export_config(settings(data), chip, "samna2")


@pytest.mark.parametrize(
    "text", ["{}", '{"value0": 3}', '{"value0": {}}', '{"value0": {"chips": 3}}', "[1, {}]", "{"]
)
def test_other_json(chip, text):
    with pytest.raises(BadInput) as error:
        read(None, chip, text)
    assert error.value.problems
