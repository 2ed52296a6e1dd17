"""The text form of biases, and the traps in it."""

from __future__ import annotations

import warnings

import pytest
import torch

import arcana
from arcana.errors import BadFile, BadInput
from arcana.hardware import load_profile
from arcana.quantize import Code
from arcana.quantize.bias_list import BiasOrderWarning, ListedCore, bias_list, read_bias_list

START = {"Itau_mem": 2e-12, "Igain_mem": 8e-11, "Idc": 4e-11, "refractory": 4e-3}  # fires at rest


@pytest.fixture(scope="module")
def chip():
    return load_profile("dynapse1")


@pytest.fixture(scope="module")
def config(chip):
    layers = [
        arcana.DPILayer(3, 4, profile=chip, Iw_gabab=1e-13, **START),
        arcana.DPILayer(4, 2, profile=chip, Iw_gabab=1e-13, **{**START, "Idc": 3e-11}),
    ]
    config = arcana.map_network(arcana.Sequential(*layers), chip).configuration()
    assert [(c.chip, c.core) for c in config.cores] == [(0, 0), (0, 1)]
    return config


def test_form_and_order(config):
    lines = bias_list(config).splitlines()
    assert lines[0] == "# coarse 0 is the smallest current (samna order)"
    assert lines[1] == "C0c0:(IF_AHTAU_N,1,68)"
    assert len(lines) == 1 + 2 * sum(bias.scope == "core" for bias in load_profile("dynapse1").bias.values())
    assert lines[1:] == sorted(lines[1:])


@pytest.mark.parametrize("dialect", ["samna", "caer"])
def test_reading_back(config, chip, dialect, tmp_path):
    text = bias_list(config, chip, dialect)
    cores = read_bias_list(text, chip, dialect)
    assert config.with_biases(cores) == config
    path = tmp_path / "biases.txt"
    path.write_text(text)
    assert read_bias_list(path, chip, dialect) == read_bias_list(str(path), chip, dialect) == cores
    assert bias_list(config.with_biases(cores), chip, dialect) == text


def test_caer_counts_down(config, chip):
    assert "C0c0:(IF_AHTAU_N,6,68)" in bias_list(config, chip, "caer")
    one = read_bias_list("C1c2:(IF_TAU1_N,7,85)", chip, "caer")
    assert one == (ListedCore(1, 2, {"IF_TAU1_N": Code(0, 85)}),)


def test_comments_spaces_and_any_order_of_lines(chip):
    text = "\n# a set\n C0c1 : ( IF_TAU1_N , 0 , 85 )  # membrane\n\nC0c0:(IF_DC_P,0,17),\nC0c1:(IF_DC_P,1,3);\n"
    first, second = read_bias_list(text, chip)
    assert first == ListedCore(0, 0, {"IF_DC_P": Code(0, 17)})
    assert second == ListedCore(0, 1, {"IF_TAU1_N": Code(0, 85), "IF_DC_P": Code(1, 3)})


def test_a_chip_set_from_the_list_spikes_as_one_from_the_file(config, chip):
    again = config.with_biases(read_bias_list(bias_list(config, chip, "caer"), chip, "caer"))
    X = (torch.rand(1, 200, 3, generator=torch.Generator().manual_seed(1)) < 0.1).float()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the drive is strong, on purpose
        one = arcana.Emulator.from_config(config, chip)(X)[0]
        two = arcana.Emulator.from_config(again, chip)(X)[0]
    assert one.sum() > 10
    assert torch.equal(one, two)


def test_biases_that_a_list_leaves_out_keep_their_codes(config):
    changed = config.with_biases([ListedCore(0, 1, {"IF_DC_P": Code(3, 3)})])
    assert changed.cores[0] == config.cores[0]
    assert changed.cores[1].biases["IF_DC_P"].coarse == 3
    rest = {name: code for name, code in changed.cores[1].biases.items() if name != "IF_DC_P"}
    assert rest == {name: code for name, code in config.cores[1].biases.items() if name != "IF_DC_P"}


def test_with_biases_refuses_all_that_does_not_fit(config):
    cores = [ListedCore(3, 3, {}), ListedCore(0, 0, {"IF_DC_P": Code(9, 1), "IF_TAU1_N": Code(0, -1)})]
    with pytest.raises(BadInput) as error:
        config.with_biases(cores)
    assert sorted(p.field for p in error.value.problems) == [
        "C0c0.biases.IF_DC_P.coarse",
        "C0c0.biases.IF_TAU1_N.fine",
        "core",
    ]


def test_every_problem_with_its_line(chip, tmp_path):
    text = "\n".join(
        [
            "C0c0:(IF_TAU1_M,3,4)",
            "C9c4:(IF_TAU1_N,0,85)",
            "IF_TAU1_N 0 85",
            "C0c0:(IF_TAU1_N,0,85)",
            "C0c0:(IF_TAU1_N,0,86)",
            "C0c0:(IF_DC_P,1,256)",
        ]
    )
    path = tmp_path / "biases.txt"
    path.write_text(text)
    with pytest.raises(BadFile) as error:
        read_bias_list(path, chip)
    problems = error.value.problems
    lines = [problem.field.split(",")[0] for problem in problems]
    assert lines == ["line 1", "line 2", "line 2", "line 3", "line 5", "line 6"]
    assert "did you mean 'IF_TAU1_N'?" in str(problems[0])
    assert "line 4 has it already" in str(problems[4])
    assert str(path) in str(error.value)


def test_a_pair_of_fine_and_coarse_is_recognised(chip):
    with pytest.raises(BadInput, match="looks like \\(fine, coarse\\): swap the two") as error:
        read_bias_list("C0c0:(IF_TAU1_N,85,0)", chip)
    assert error.value.problems[0].value == 85


@pytest.mark.parametrize("text", ["# nothing (at all)\n", "\n"])
def test_a_list_without_a_line(chip, text):
    with pytest.raises(BadInput, match="no line with a bias"):
        read_bias_list(text, chip)


@pytest.mark.parametrize(("made", "read"), [("samna", "caer"), ("caer", "samna")])
def test_the_other_order_is_noticed(config, chip, made, read):
    with pytest.warns(BiasOrderWarning, match=f"was the list made for dialect='{made}'"):
        read_bias_list(bias_list(config, chip, made), chip, read)


def test_synapses_decide_where_no_membrane_is_listed(chip):
    with pytest.warns(BiasOrderWarning):
        read_bias_list("C0c0:(NPDPIE_TAU_F_P,7,49)", chip)
    read_bias_list("C0c0:(NPDPIE_TAU_F_P,7,49)\nC0c0:(IF_TAU1_N,0,85)", chip)  # a synapse that is not used
    read_bias_list("C0c0:(NPDPIE_TAU_F_P,7,49)\nC0c0:(NPDPII_TAU_F_P,1,49)", chip)
    read_bias_list("C0c0:(IF_DC_P,7,255)", chip)  # says nothing about the order


def test_dialects(chip, config):
    with pytest.raises(BadInput, match="did you mean 'caer'"):
        bias_list(config, chip, "cear")
    with pytest.raises(BadInput, match="the profile of the chip"):
        bias_list(config, dialect="caer")
    with pytest.raises(BadInput, match="no tool of dynapse2 counts that way"):
        read_bias_list("C0c0:(SOIF_DC_P,1,1)", load_profile("dynapse2"), "caer")
    with pytest.raises(BadInput, match="one with bias codes"):
        read_bias_list("C0c0:(SOIF_DC_P,1,1)", load_profile("ideal"))


def test_dynapse2_has_five_coarse_codes_and_biases_of_a_chip():
    chip = load_profile("dynapse2")
    cores = read_bias_list("C3c3:(SOIF_LEAK_N,5,255)", chip)
    assert cores == (ListedCore(3, 3, {"SOIF_LEAK_N": Code(5, 255)}),)
    with pytest.raises(BadInput) as error:
        read_bias_list("C0c0:(SOIF_LEAK_N,6,0)\nC0c0:(R2R_BUFFER_CCB,1,1)", chip)
    assert [p.value for p in error.value.problems] == [6, "R2R_BUFFER_CCB"]
