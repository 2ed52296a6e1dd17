"""Words of libcaer's driver, bit for bit, and files of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from drc_boards import find, legal
from drc_boards import settings as checked

from arcana.config import CamWord, SramWord
from arcana.errors import BadFile, BadInput
from arcana.hardware import load_profile
from arcana.interop import BrokenRulesWarning, NotHeldWarning, export_config, import_config
from arcana.interop.caer_words import cam_word, sram_word

# Published words of the driver's own functions. Biases: PS_WEIGHT_EXC_F_N of core 0, codes in our order.
BIASES = [((7, 0), 0x21000F), ((7, 255), 0x210FFF), ((6, 100), 0x21464F), ((4, 50), 0x21632F), ((0, 255), 0x217FFF)]
CAMS = [
    (0, 1, CamWord(0, 5, 3), 0x30520001),
    (3, 255, CamWord(63, 1023, 3), 0x3FFFFFEF),
    (2, 3, CamWord(17, 300, 2), 0x22C70223),
]
SRAMS = [
    (0, 5, SramWord(1, 5, 15, 1, 2), 0x0C7E02B0),  # one to the east, two to the south
    (3, 255, SramWord(3, 1023, 15, -3, 3), 0x3FFFFFF0),
]


@pytest.fixture(scope="module")
def chip():
    return load_profile("dynapse1")


@pytest.fixture
def data():
    return legal("dynapse1")


def words_of(text):
    return [int(line, 16) for line in text.splitlines() if line.startswith("0x")]


@pytest.mark.parametrize(("code", "word"), BIASES)
def test_bias_words(chip, data, code, word):
    code = {"coarse": code[0], "fine": code[1]}
    data["cores"] = [{"chip": 0, "core": 0, "biases": {"PS_WEIGHT_EXC_F_N": code}}]
    data |= {"populations": [], "neurons": [], "inputs": [], "outputs": []}
    text = export_config(checked(data), chip, "caer-words")
    assert words_of(text) == [word]
    back = import_config(f"# U0\n{word:X}\n", chip, "caer-words").cores[0].biases["PS_WEIGHT_EXC_F_N"]
    assert (back.coarse, back.fine, back.low_range) == (code["coarse"], code["fine"], False)


@pytest.mark.parametrize(("core", "neuron", "row", "word"), CAMS)
def test_cam_words(chip, core, neuron, row, word):
    assert cam_word(chip, core, neuron, row) == word
    (back,) = import_config(f"# U2\n0X{word:x}\n", chip, "caer-words").neurons
    assert (back.chip, back.core, back.neuron, back.cam_words) == (2, core, neuron, [row])


@pytest.mark.parametrize(("core", "neuron", "row", "word"), SRAMS)
def test_sram_words(chip, core, neuron, row, word):
    assert sram_word(chip, core, neuron, row) == word
    (back,) = import_config(f"# chip u1 and more\n{word:#X}\n", chip, "caer-words").neurons
    assert (back.chip, back.core, back.neuron, back.sram_words) == (1, core, neuron, [row])


def test_a_board_by_chip_and_section(chip, data):
    text = export_config(checked(data), chip, "caer-words")
    titles = [line for line in text.splitlines() if line.startswith("# U")]
    assert titles == [
        f"# U{k} (driver id {d}): {w} words" for k, d in ((0, 0), (1, 8)) for w in ("bias", "CAM", "SRAM")
    ]
    again = import_config(text, chip, "caer-words")
    assert again.cores == sorted(checked(data).cores, key=lambda c: (c.chip, c.core))
    assert [(p.name, p.size) for p in again.populations] == [("C0c0", 4), ("C1c2", 3)]
    assert [n.cams for n in again.neurons] == [sorted(n.cams) for n in checked(data).neurons[:7]]


def test_low_range_is_a_bit(chip, data):
    data["cores"][0]["biases"]["IF_TAU1_N"]["low_range"] = True
    low = export_config(checked(data), chip, "caer-words")
    data["cores"][0]["biases"]["IF_TAU1_N"]["low_range"] = False
    high = export_config(checked(data), chip, "caer-words")
    assert {a ^ b for a, b in zip(words_of(low), words_of(high), strict=True)} == {0, 8}
    assert import_config(low, chip, "caer-words").cores[0].biases["IF_TAU1_N"].low_range


def test_empty_words_are_skipped(chip):
    empty_cam, empty_sram = cam_word(chip, 1, 7, CamWord(3, 0, 0)), sram_word(chip, 1, 7, SramWord(2, 7, 0, 0, 0))
    listens = cam_word(chip, 1, 7, CamWord(4, 9, 1))
    text = f"# U0\n{empty_cam:x}, {empty_sram:x}; {listens:x}\n"
    (neuron,) = import_config(text, chip, "caer-words").neurons
    assert (neuron.cams, neuron.srams) == ([[4, 9, 1, 0, 0]], [])


def test_what_settings_cannot_hold(chip):
    buffer, shifted = 50 << 18 | 1 << 16 | 0xF, 51 << 18 | 1 << 16 | 0x3F << 10 | 33 << 4
    with pytest.warns(NotHeldWarning, match="2 words of buffers and shifted sources were left out"):
        config = import_config(f"# U0\n{buffer:x}\n{shifted:x}\n21000f\n", chip, "caer-words")
    assert list(config.cores[0].biases) == ["PS_WEIGHT_EXC_F_N"]


def test_every_problem_with_its_line(chip, tmp_path):
    path = tmp_path / "words.txt"
    lines = [
        "21000f",
        "# U0",
        "0x21000f 0x21000f",
        "hello",
        "0x21000e",
        "0x21000d",
        "0",
        "1fc0000",
        "# U4",
        "21000f",
    ]
    path.write_text("\n".join(lines))
    with pytest.raises(BadFile) as error:
        import_config(path, chip, "caer-words")
    problems = error.value.problems
    where = [p.field for p in problems]
    assert where == ["line 1", *(f"line {k}" for k in (3, 4, 5, 6, 7, 8)), "line 9, chip", "line 10"]
    assert "line 3 has it already" in problems[1].allowed
    assert "enabled of PS_WEIGHT_EXC_F_N is False" in problems[3].hint
    assert "n type of PS_WEIGHT_EXC_F_N is False" in problems[4].hint
    with pytest.raises(BadInput, match="no word"):
        import_config("# U0\n", chip, "caer-words")


def test_settings_that_cannot_be_written(chip, data):
    find(data, "hidden", 0)["cams"][0][1] = 0
    find(data, "hidden", 1)["srams"][0][1] += 1
    find(data, "hidden", 2)["cams"][0][2] = 9
    data["cores"][0]["biases"]["IF_TAU9_N"] = {"coarse": 0, "fine": 0}
    with pytest.raises(BadInput) as error:
        export_config(checked(data), chip, "caer-words")
    text = str(error.value)
    for part in ("listens to tag 0", "only the core can be renamed", "receptor code 9", "no bias IF_TAU9_N"):
        assert part in text


def test_broken_rules_that_can_be_written_are_named(chip, data):
    find(data, "hidden", 0)["srams"].pop()
    with pytest.warns(BrokenRulesWarning, match="nothing is delivered there"):
        export_config(checked(data), chip, "caer-words")


def test_neurons_on_the_second_leak_are_named(chip, data):
    find(data, "hidden", 2)["tau2"] = True
    with pytest.warns(NotHeldWarning, match="C0c0n3 use the second leak, for which caer-words has no place"):
        export_config(checked(data), chip, "caer-words")


def test_exact_currents_and_other_chips_are_refused(chip, data):
    config = checked(data)
    with pytest.raises(BadInput, match="for which the settings were made"):
        export_config(checked(legal("dynapse2")), chip, "caer-words")
    core = {"chip": 0, "core": 0, "exact": {"Itau_mem": 1e-12}}
    exact = checked(data | {"cores": [core, *data["cores"][1:]]})
    assert config.cores != exact.cores
    for form in ("bias-text", "set-bias", "netparser", "caer-words", "netlist", "samna1", "script"):
        with pytest.raises(BadInput, match="C0c0 is '1 exact currents', allowed: bias codes"):
            export_config(exact, chip, form)
