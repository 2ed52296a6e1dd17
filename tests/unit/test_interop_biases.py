"""Bias codes in the text forms that people have: nothing is lost, and the traps are caught."""

from __future__ import annotations

import pytest

from arcana.config import ChipConfig, CoreBiases
from arcana.errors import BadFile, BadInput
from arcana.hardware import load_profile
from arcana.interop import NotHeldWarning, export_config, import_config
from arcana.quantize.bias_list import BiasOrderWarning, ListedCore, bias_list, read_bias_list

FORMS = ["bias-text", "set-bias", "netparser"]


@pytest.fixture(scope="module")
def chip():
    return load_profile("dynapse1")


def settings(chip, cores):
    return ChipConfig.model_validate(
        {
            "profile": {"name": chip.name, "hash": chip.hash()},
            "provenance": {"arcana_version": "0"},
            "populations": [],
            "cores": cores,
            "neurons": [],
        }
    )


def every_bias(chip, low=()):
    """All 25 biases of all 16 cores, each with a code of its own; leaks stay small."""
    cores = []
    for place in range(16):
        biases = {}
        for k, name in enumerate(chip.bias):
            coarse = 0 if name.startswith("IF_TAU1") else (place + k) % 8
            biases[name] = {"coarse": coarse, "fine": 50 + 8 * k + place % 8, "low_range": name in low}
        cores.append({"chip": place // 4, "core": place % 4, "biases": biases})
    return settings(chip, cores)


@pytest.mark.parametrize("dialect", ["samna", "caer"])
@pytest.mark.parametrize("form", FORMS)
def test_four_hundred_lines_lose_nothing(chip, form, dialect):
    config = every_bias(chip)
    text = export_config(config, chip, form, dialect=dialect)
    assert sum("IF_" in line or "_P" in line or "_N" in line for line in text.splitlines()) == 400
    again = import_config(text, chip, form, dialect=dialect)
    assert again.cores == config.cores
    assert export_config(again, chip, form, dialect=dialect) == text


def test_netparser_keeps_the_range_and_counts_as_caer_does(chip):
    config = every_bias(chip, low=("IF_AHTAU_N", "IF_TAU1_N"))
    text = export_config(config, chip, "netparser")
    assert sum(line.endswith("-low") for line in text.splitlines()) == 32
    assert "U3-C3-IF_TAU1_N-7-105-low" in text.splitlines()
    assert import_config(text, chip, "netparser").cores == config.cores


@pytest.mark.parametrize("form", ["bias-text", "set-bias"])
def test_the_low_range_is_refused_where_no_word_says_it(chip, form):
    config = every_bias(chip, low=("IF_TAU1_N",))
    with pytest.raises(BadInput, match=r"C0c0.IF_TAU1_N is 'low range', allowed: high range") as error:
        export_config(config, chip, form)
    assert len(error.value.problems) == 16


def test_fine_first(chip):
    config = settings(chip, [{"chip": 1, "core": 2, "biases": {"IF_DC_P": {"coarse": 3, "fine": 200}}}])
    text = bias_list(config, chip, order="fine-coarse")
    assert text.splitlines()[1] == "C1c2:(IF_DC_P,200,3)"
    assert read_bias_list(text, chip, order="fine-coarse")[0].biases["IF_DC_P"] == (3, 200)
    with pytest.raises(BadInput) as error:
        read_bias_list("\n\n" + text, chip)
    (problem,) = error.value.problems
    assert problem.field == "line 4, coarse of IF_DC_P"
    assert problem.hint.startswith("(200, 3) looks like (fine, coarse): swap the two, or pass order='fine-coarse'")
    with pytest.raises(BadInput, match="leave out order='fine-coarse'"):
        read_bias_list("C1c2:(IF_DC_P,3,200)", chip, order="fine-coarse")
    with pytest.raises(BadInput, match="did you mean 'fine-coarse'"):
        read_bias_list(text, chip, order="fine")


def test_calls_name_their_core_in_several_ways(chip):
    lines = [
        'model.set_bias("IF_DC_P", 200, 3)  # above all headings',
        "# C0c1",
        "groups[1].set_bias('IF_DC_P', 17, 0);",
        "set_bias( 'IF_RFR_N' , 18 , 5 )",
        "  # C2c3",
        'set_bias("IF_DC_P", 19, 1)',
    ]
    config = import_config("\n".join(lines), chip, "set-bias", place=(3, 0))
    found = {(c.chip, c.core): {n: (b.coarse, b.fine) for n, b in c.biases.items()} for c in config.cores}
    assert found == {
        (0, 1): {"IF_DC_P": (0, 17), "IF_RFR_N": (5, 18)},
        (2, 3): {"IF_DC_P": (1, 19)},
        (3, 0): {"IF_DC_P": (3, 200)},
    }


def test_calls_that_cannot_be(chip, tmp_path):
    path = tmp_path / "biases.py"
    lines = [
        'set_bias("IF_DC_P", 17, 0)',
        "# C0c1",
        'set_bias("IF_DC_P", 3, 200)',
        'g[5].set_bias("IF_DC_P", 9, 2)',
    ]
    path.write_text("\n".join([*lines, 'set_bias("IF_DC_P", 17)']))
    with pytest.raises(BadFile) as error:
        import_config(path, chip, "set-bias")
    problems = error.value.problems
    assert [p.field for p in problems] == ["line 1", "line 3, coarse of IF_DC_P", "line 4", "line 5"]
    assert "place=(chip, core)" in problems[0].hint
    assert problems[1].hint == "(3, 200) looks like (coarse, fine): set_bias takes the fine code first"
    assert problems[2].allowed.endswith("C0c1")
    assert problems[3].allowed == 'set_bias("NAME", fine, coarse)'


def test_netparser_lines_that_cannot_be(chip):
    text = "\n".join(
        [
            "u0-c0-IF_DC_P-3-200-HIGH  # case and spaces do not matter",
            "U0 - C1 - IF_DC_P - 3 - 200 - low",
            "U0-C2-IF_DC_P-200-3-high",
            "U4-C0-IF_DC_P-3-200-high",
            "U0-C0-IF_DC_P-3-200-high",
            "U0-C3-IF_DC_P-3-200",
        ]
    )
    with pytest.raises(BadInput) as error:
        import_config(text, chip, "netparser")
    problems = error.value.problems
    assert [p.field for p in problems] == ["line 3, coarse of IF_DC_P", "line 4, chip", "line 5", "line 6"]
    assert problems[0].hint == "(200, 3) looks like (fine, coarse): the coarse code stands first"
    assert "line 1 has it already" in problems[2].allowed
    good = import_config("\n".join(text.splitlines()[:2]), chip, "netparser")
    assert [c.biases["IF_DC_P"].low_range for c in good.cores] == [False, True]
    assert good.cores[0].biases["IF_DC_P"].coarse == 4


@pytest.mark.parametrize(("form", "made", "read"), [("set-bias", "caer", "samna"), ("netparser", "samna", "caer")])
def test_the_other_order_is_noticed(chip, form, made, read):
    config = settings(chip, [{"chip": 0, "core": 0, "biases": {"IF_TAU1_N": {"coarse": 0, "fine": 85}}}])
    text = export_config(config, chip, form, dialect=made)
    with pytest.warns(BiasOrderWarning, match=f"was the list made for dialect='{made}'"):
        import_config(text, chip, form, dialect=read)


def test_codes_of_the_low_range_say_nothing_about_the_order(chip):
    config = import_config("\nU0-C0-IF_TAU1_N-0-85-low\n", chip, "netparser")
    assert config.cores[0].biases["IF_TAU1_N"].low_range


def test_a_list_of_codes_without_a_flag_is_written_too(chip):
    class Holder:
        cores = (ListedCore(0, 1, {}), CoreBiases(chip=0, core=0))

    assert bias_list(Holder(), chip).count("\n") == 1


def test_options_that_mean_nothing_to_a_form(chip):
    config = every_bias(chip)
    with pytest.raises(BadInput, match="order is 'fine-coarse', allowed: no order for the form netparser"):
        export_config(config, chip, "netparser", order="fine-coarse")
    with pytest.raises(BadInput, match="no place for the form bias-text"):
        import_config("\n", chip, "bias-text", place=(0, 0))
    with pytest.raises(BadInput, match="did you mean 'bias-text'"):
        export_config(config, chip, "bias_text")
    with pytest.raises(BadInput, match="one that can be read: bias-text"):
        import_config("\n", chip, "script")


def test_settings_without_codes_and_texts_without_lines(chip):
    for form in FORMS:
        with pytest.raises(BadInput, match="settings is 'nothing'"):
            export_config(settings(chip, [{"chip": 0, "core": 0}]), chip, form)
        with pytest.raises(BadInput, match="no line with a bias"):
            import_config("# nothing\n", chip, form)


def test_an_imported_list_is_settings_without_neurons(chip):
    config = import_config("C0c1:(IF_DC_P,1,2)\n", chip, "bias-text")
    assert (config.populations, config.neurons, config.inputs, config.outputs) == ([], [], [], [])
    assert ChipConfig.model_validate_json(config.to_json()) == config
    config.check_profile(chip)


def test_dynapse2_has_the_text_list_only():
    chip = load_profile("dynapse2")
    config = import_config("C0c1:(SOIF_LEAK_N,5,255)\n", chip, "bias-text")
    assert export_config(config, chip, "bias-text").endswith("C0c1:(SOIF_LEAK_N,5,255)\n")
    for form in ("set-bias", "netparser", "caer-words", "samna1"):
        with pytest.raises(BadInput, match="one of the family dynapse1"):
            export_config(config, chip, form)


def test_codes_that_several_cores_share_have_no_line():
    chip = load_profile("dynapse2")
    biases = {"SOIF_DC_P": {"coarse": 1, "fine": 2}, "R2R_BUFFER_CCB": {"coarse": 1, "fine": 2}}
    config = settings(chip, [{"chip": 0, "core": 0, "biases": biases}])
    with pytest.warns(NotHeldWarning, match="R2R_BUFFER_CCB belong to more than a core: bias-text leaves them out"):
        text = export_config(config, chip, "bias-text")
    assert text.splitlines()[1:] == ["C0c0:(SOIF_DC_P,1,2)"]
