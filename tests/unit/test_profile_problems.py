from __future__ import annotations

import copy
import random
import tomllib

import pytest

from arcana.errors import BadFile, BadInput
from arcana.hardware import HardwareProfile, load_profile
from arcana.hardware.registry import profile_text

NAMES = ["dynapse1", "dynapse2", "ideal"]


def raw(name: str) -> dict:
    return tomllib.loads(profile_text(name))


def problems(data: dict) -> dict[str, object]:
    with pytest.raises(BadInput) as caught:
        HardwareProfile.from_dict(data)
    return {problem.field: problem for problem in caught.value.problems}


def test_all_problems_are_listed_at_once_with_their_dotted_keys():
    data = raw("dynapse1")
    data["electrical"]["leak_current"]["unit"] = "V"
    data["electrical"]["kapa_n"] = data["electrical"].pop("kappa_n")
    data["capacitance"]["membrane"]["value"] = -3e-12
    data["capacitance"]["ampa"]["value"] = float("nan")
    data["capacitance"]["nmda"]["source"] = ["rockpool_odl"]
    data["topology"]["cam_per_neuron"] = 0
    data["bias"]["IF_DC_P"]["model_bias"] = "Idcc"
    data["bias"]["IF_TAU1_N"]["transistor"] = "n"
    data["synapse"]["receptor"]["ampa"]["weight_bias"] = "PS_WEIGHT_EXC_F"
    data["default_bias"]["Itau_mem"]["unit"] = "s"
    del data["default_bias"]["Idc"]
    data["energy"]["spike"] = {"value": 1e-12, "unit": "J", "status": "unknown"}
    data["typicl"] = {}
    found = problems(data)
    assert set(found) == {
        "electrical.leak_current.unit",
        "electrical.kapa_n",
        "electrical.kappa_n",
        "capacitance.membrane.value",
        "capacitance.ampa.value",
        "capacitance.nmda.source",
        "topology.cam_per_neuron",
        "bias.IF_DC_P.model_bias",
        "bias.IF_TAU1_N.transistor",
        "synapse.receptor.ampa.weight_bias",
        "default_bias.Itau_mem.unit",
        "default_bias.Idc",
        "energy.spike.status",
        "typicl",
    }
    assert found["electrical.kapa_n"].hint == "did you mean 'kappa_n'?"
    assert found["typicl"].hint == "did you mean 'typical'?"
    assert found["capacitance.nmda.source"].hint == "did you mean 'rockpool_old'?"
    assert found["electrical.leak_current.unit"].allowed == "'A'"
    assert found["capacitance.membrane.value"].value == -3e-12
    assert "> 0" in found["capacitance.membrane.value"].allowed


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), True, [1.0], None, "5 pV", "many", 10**400])
def test_values_that_are_no_finite_number(value):
    data = raw("ideal")
    data["electrical"]["leak_current"]["value"] = value
    assert list(problems(data)) == ["electrical.leak_current.value"]


def test_a_value_may_carry_a_prefixed_unit():
    data = raw("ideal")
    data["electrical"]["leak_current"]["value"] = "0.05 pA"
    assert HardwareProfile.from_dict(data) == load_profile("ideal")


@pytest.mark.parametrize("version", ["1.1", "2.0", "0.9", "1", "one.two", 1.0, None])
def test_other_versions_are_refused_alone(version):
    data = raw("ideal") | {"schema_version": version, "colour": "blue"}
    found = problems(data)
    assert list(found) == ["schema_version"]
    newer = version in ("1.1", "2.0")
    assert ("upgrade arcana" in found["schema_version"].hint) == newer


@pytest.mark.parametrize(
    ("key", "change", "field"),
    [
        (("biasgen", "kind"), "linea", "biasgen.kind"),
        (("biasgen", "coarse_codes"), 7, "biasgen.full_scale.value"),
        (("biasgen", "canonical_codes"), 1811, "biasgen.canonical_codes"),
        (("topology", "biases_per_core"), 24, "topology.biases_per_core"),
        (("bias", "IF_TAU2_N", "model_bias"), "Idc", "bias.IF_DC_P.model_bias"),
        (("bias", "IF_DC_P", "conversion"), "pulse", "bias.IF_DC_P.conversion"),
        (("bias", "IF_DC_P", "latch"), "so_dc", "bias.IF_DC_P.latch"),
        (("bias", "IF_DC_P", "source"), [], "bias.IF_DC_P.source"),
        (("synapse", "receptor", "ampa", "weight_bit"), 0, "synapse.receptor.ampa.weight_bit"),
        (("synapse", "receptor", "glycine"), {"receptor": "g", "action": "a"}, "synapse.receptor"),
        (("biasgen", "factor", "points"), [[1e-12, 1.0], [1e-13, 1.0]], "biasgen.factor.points"),
        (("biasgen", "factor", "points"), [[1e-12, -1.0], [1e-11, 1.0]], "biasgen.factor.points"),
        (("capacitance", "ampa", "alternatives"), [{"value": -1, "source": ["ini"]}], "capacitance.ampa.alternatives[0].value"),  # noqa: E501
        (("mismatch", "per_bias"), {"Itau": {}}, "mismatch.per_bias"),
        (("bias",), [], "bias"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together(key, change, field):
    data = raw("dynapse1")
    here = data
    for part in key[:-1]:
        here = here[part]
    here[key[-1]] = change
    assert field in problems(data)


def test_overlapping_bit_fields():
    data = raw("dynapse1")
    fields = data["word"]["cam"]["fields"]
    fields[1]["low"] = 3
    fields[2]["name"] = "cam_id"
    fields[4]["constant"] = 2
    data["word"]["sram"]["fields"][-1]["low"] = 31
    assert set(problems(data)) == {"word.cam.fields[4].constant", "word.sram.fields[10].low"}
    fields[4]["constant"] = 1
    assert {"word.cam.fields[1].low", "word.cam.fields[2].name"} < set(problems(data))


def _leaves(here: object, path: tuple = ()) -> list[tuple]:
    if isinstance(here, dict):
        return [leaf for key, item in here.items() for leaf in [(*path, key), *_leaves(item, (*path, key))]]
    if isinstance(here, list):
        return [leaf for i, item in enumerate(here) for leaf in [(*path, i), *_leaves(item, (*path, i))]]
    return []


@pytest.mark.parametrize("name", NAMES)
def test_junk_anywhere_gives_BadInput_and_never_a_crash(name):
    data = raw(name)
    junk = [None, -1, float("nan"), "junk", [], ["junk", 3], {}, {"junk": {}}, [[1]], True]
    chosen = random.Random(0).sample(_leaves(data), 120)
    refused: list[BadInput] = []
    for number, path in enumerate(chosen):
        broken = copy.deepcopy(data)
        here = broken
        for part in path[:-1]:
            here = here[part]
        here[path[-1]] = junk[number % len(junk)]
        try:
            HardwareProfile.from_dict(broken)
        except BadInput as error:
            refused.append(error)
    assert len(refused) > 60
    assert all(error.problems and str(error) for error in refused)


def test_files(tmp_path):
    with pytest.raises(BadFile, match="no such file"):
        load_profile(tmp_path / "mine.toml")
    path = tmp_path / "mine.toml"
    path.write_text("name = ")
    with pytest.raises(BadFile, match="TOML"):
        load_profile(str(path))
    path.write_text(profile_text("dynapse1").replace('name = "dynapse1"', 'name = "mine"', 1))
    assert load_profile(path).name == "mine"
    assert load_profile(path).hash() != load_profile("dynapse1").hash()
    path.write_text(profile_text("ideal").replace("0.75", "-0.75"))
    with pytest.raises(BadFile) as caught:
        load_profile(path)
    assert str(path) in str(caught.value)
    assert caught.value.problems[0].field == "electrical.kappa_n.value"
