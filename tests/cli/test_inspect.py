"""``arcana inspect``."""

from __future__ import annotations

import json

import pytest

import arcana
from arcana.config import ChipConfig
from arcana.hardware import load_profile
from arcana.mapping.drc import check
from arcana.quantize import Code
from arcana.quantize.bias_list import bias_list
from arcana.quantize.codes import CoreCodes, decode_biases


@pytest.mark.parametrize("name", ["dynapse1", "dynapse2"])
def test_everything_in_the_file(run, files, name):
    done = run(f"inspect {name}.json --json")
    assert (done.exit_code, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    config, chip = ChipConfig.load(f"{name}.json"), load_profile(name)
    assert (found["profile"], found["profile_hash"], found["seed"], found["note"]) == (name, chip.hash(), 7, "try")
    assert found["encoder"]["channels"] == 2
    assert found["fan_in_limit"] == 64
    (population,) = found["populations"]
    assert (population["neurons"], population["input_words"], population["most_on_a_neuron"]) == (3, 24, 8)
    (core,) = found["cores"]
    assert population["cores"] == f"C{core['chip']}c{core['core']}"
    assert [(c["source"], c["target"], c["receptor"], c["synapses"]) for c in found["connections"]] == [
        ("input", "layer0", "ampa", 12), ("input", "layer0", "gabab", 12)
    ]  # fmt: skip
    assert found["violations"] == []
    rows = [(f"layer0[{k}]", *address) for k, address in enumerate(config.outputs[0].addresses)]
    assert [tuple(row.values()) for row in found["outputs"]] == rows
    rows = [(f"input[{e.line}]", e.chip, e.cores, e.tag) for e in config.inputs[0].input_events]
    assert [tuple(row.values()) for row in found["inputs"]] == rows
    assert {b["name"]: (b["coarse"], b["fine"]) for b in core["biases"]} == {
        bias: (code.coarse, code.fine) for bias, code in config.cores[0].biases.items()
    }
    codes = {bias: (code.coarse, code.fine) for bias, code in config.cores[0].biases.items()}
    values = decode_biases(CoreCodes({n: Code(*c) for n, c in codes.items()}, config.cores[0].latches), chip)
    for bias in core["biases"]:
        if bias["model_bias"] in ("refractory", "pulse", "pulse_ahp"):
            assert bias["time_s"] == pytest.approx(values[bias["model_bias"]])
        elif bias["model_bias"]:
            assert bias["current_A"] == pytest.approx(values[bias["model_bias"]])
    leak = next(b for b in core["biases"] if b["model_bias"] == "Itau_mem")
    t = chip.technology()
    assert leak["time_s"] == pytest.approx(t.C_mem * t.Ut / (t.kappa * leak["current_A"]))


def test_as_text(run, files):
    text = run("inspect dynapse2.json").stdout
    assert "profile dynapse2 (" in text
    assert "seed 7" in text
    assert "note: try" in text
    assert "at most 64 input words" in text
    assert "0 design-rule findings" in text
    lines = [line.split() for line in text.splitlines()]
    assert ["input", "layer0", "ampa", "none", "12"] in lines
    for k, address in enumerate(ChipConfig.load("dynapse2.json").outputs[0].addresses):
        assert [f"layer0[{k}]", *map(str, address)] in lines
    assert "latch so_adaptation: off" in text
    assert any("SOIF_REFR_N" in line and "refractory, 4" in line and "ms" in line for line in text.splitlines())
    assert "encoder: channels 2" in text


def test_a_bias_without_a_published_current_and_one_that_a_latch_switches_off(run, files):
    config = ChipConfig.load("dynapse2.json")
    core = config.cores[0]
    dc = {"coarse": 1, "fine": 1}
    biases = {**core.model_dump()["biases"], "DEAM_REV_N": dc}
    edited = {**core.model_dump(), "biases": biases, "latches": {"so_dc": False, "so_adaptation": False}}
    ChipConfig.model_validate({**config.model_dump(), "cores": [edited]}).save("odd.json")
    found = {b["name"]: b for b in json.loads(run("inspect odd.json --json").stdout)["cores"][0]["biases"]}
    assert found["DEAM_REV_N"]["current_A"] is None
    assert found["DEAM_REV_N"]["shown"] == "not published"
    assert found["SOIF_DC_P"]["switched_off"] is True


def test_text_list(run, files):
    config = ChipConfig.load("dynapse1.json")
    assert run("inspect dynapse1.json --bias-list").stdout == bias_list(config, load_profile("dynapse1"))
    caer = run("inspect dynapse1.json --bias-list --dialect caer").stdout
    assert caer == bias_list(config, load_profile("dynapse1"), "caer")


def test_a_profile_of_ones_own(run, files):
    text = (files.folder / "dynapse1.json").read_text().replace('"dynapse1"', '"mine"')
    (files.folder / "mine.json").write_text(text)
    done = run("inspect mine.json")
    assert done.exit_code == 2
    assert "profile of the settings is 'mine'" in done.stderr
    assert "pass --profile" in done.stderr


def test_findings_are_counted_and_exact_currents_are_named(run, files):
    chip = load_profile("dynapse1")
    net = arcana.DPILayer(2, 3, profile=chip, refractory=2e-3)
    config = arcana.map_network(net, chip, exact=True).configuration()
    config.save("exact.json")
    found = json.loads(run("inspect exact.json --json").stdout)
    assert found["violations"] == [v.sentence for v in check(config, chip)]
    assert len(found["violations"]) == len(config.cores)
    assert found["cores"][0]["exact"] == config.cores[0].exact
    text = run("inspect exact.json").stdout
    assert f"{len(config.cores)} design-rule findings; `arcana drc` lists them" in text
    assert "exact refractory: 0.002 (no chip takes it)" in text


def test_settings_that_break_a_rule_are_shown_all_the_same(run, files):
    """``inspect`` is for looking at files, broken ones too."""
    data = ChipConfig.load("dynapse1.json").model_dump()
    data["neurons"][0]["cams"].append([70, data["neurons"][0]["cams"][0][1], 0, 0, 0])
    ChipConfig.model_validate(data).save("odd.json")
    done = run("inspect odd.json --json")
    assert done.exit_code == 0, done.stderr
    assert any("word 70 does not exist" in sentence for sentence in json.loads(done.stdout)["violations"])
