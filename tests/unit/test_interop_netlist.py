"""Physical netlists: what they say, and tables rebuilt from them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from drc_boards import find, legal, settings

from arcana.errors import BadFile, BadInput
from arcana.hardware import load_profile
from arcana.interop import BrokenRulesWarning, export_config, import_config
from arcana.mapping.drc import check

HEAD = "netlist 1 dynapse1\n"


@pytest.fixture(scope="module")
def chip():
    return load_profile("dynapse1")


def lines_of(data, name):
    return export_config(settings(data), load_profile(name), "netlist").splitlines()


def test_lines_of_dynapse1():
    data = legal("dynapse1")
    find(data, "hidden", 3)["tau2"] = True
    find(data, "out", 0)["cams"] += [[9, 1, 2, 0, 0], [7, 1, 2, 0, 0]]
    lines = lines_of(data, "dynapse1")
    for line in (
        "netlist 1 dynapse1",
        "input in 3",
        "output out 3",
        "neuron U0-C0-N4 hidden[3] tau2",
        "in[0] (tag 968, event 0) -> U0-C0-N1 FAST_EXC x1 (cams 0)",
        "U0-C0-N1 (tag 1, sram 2) -> U1-C2-N10 SLOW_EXC x3 (cams 0 7 9)",
        "U1-C2-N10 (tag 522, sram 1) -> U0-C0-N4 SLOW_INH x1 (cams 20)",
        "out[1] = U1-C2-N11 (tag 523)",
    ):
        assert lines.count(line) == 1, line
    assert sum("->" in line for line in lines) == 4 * 3 + 4 * 4 + 4 * 3 + 3 * 4


def test_lines_of_dynapse2():
    data = legal("dynapse2")
    find(data, "hidden", 0)["cams"][0][3:] = [5, 7]
    lines = lines_of(data, "dynapse2")
    assert "in[0] (tag 300, event 0) -> U0-C0-N1 ampa W0+W2 precise mismatched stp x1 (cams 0)" in lines
    assert "U1-C2-N10 (tag 40, sram 3) -> away -7 -7 cores 15" in lines


@pytest.mark.parametrize("name", ["dynapse1", "dynapse2"])
def test_tables_inputs_and_outputs_come_back(name):
    config, profile = settings(legal(name)), load_profile(name)
    again = import_config(export_config(config, profile, "netlist"), profile, "netlist")
    assert (again.inputs, again.outputs) == (config.inputs, config.outputs)
    place = lambda n: (n.chip, n.core, n.neuron)  # noqa: E731
    assert sorted(again.neurons, key=place) == sorted(config.neurons, key=place)
    full = again.model_copy(update={"cores": config.cores})  # a netlist has no codes
    assert [v.sentence for v in check(full, profile)] == [v.sentence for v in check(config, profile)] == []


def test_what_leads_nowhere_is_kept(chip):
    data = legal("dynapse1")
    find(data, "hidden", 0)["srams"][1][2] = 0b0110  # core 1 of that chip has no neurons
    find(data, "spare", 1)["cams"] = [[5, 700, 0, 0, 0]]
    config = settings(data)
    with pytest.warns(BrokenRulesWarning):
        text = export_config(config, chip, "netlist")
    assert "U0-C0-N1 (tag 1, sram 2) -> U1-C1 unheard\n" in text
    assert "nobody (tag 700) -> U0-C1-N1 SLOW_INH x1 (cams 5)\n" in text
    again = import_config(text, chip, "netlist")
    assert {(n.chip, n.core, n.neuron): (n.cams, n.srams) for n in again.neurons} == {
        (n.chip, n.core, n.neuron): (n.cams, n.srams) for n in config.neurons
    }


def test_a_netlist_by_hand(chip):
    text = HEAD + (
        '  input "my->line" 2   # two of them\n'
        'neuron u0-c1-n17 "a:b"[0]\n'
        '"my->line"[1](tag 261,event 0)->U2-C0-N5 fast_exc X2 ( cams 3 4 )\n'
        "U0-C1-N17 (tag 273, sram 1) -> U2-C0-N5 FAST_INH x1 (cams 0)\n"
        "U0-C1-N17 (tag 273, sram 1) -> U2-C3 unheard\n"
    )
    config = import_config(text, chip, "netlist")
    assert [(p.name, p.size) for p in config.populations] == [("a:b", 1), ("C2c0", 1)]
    assert config.inputs[0].events == [[1, 261, 2, 1]]
    assert find_at(config, 0, 1, 17).srams == [[1, 273, 0b1001, 0, 1]]  # U2 lies south of U0
    assert find_at(config, 2, 0, 5).cams == [[0, 273, 1, 0, 0], [3, 261, 3, 0, 0], [4, 261, 3, 0, 0]]
    assert [(c.chip, c.core, c.biases) for c in config.cores] == [(0, 1, {}), (2, 0, {})]


def find_at(config, *place):
    return next(n for n in config.neurons if (n.chip, n.core, n.neuron) == place)


BAD = [
    ("U0-C1-N17 -> U2-C0-N5 FAST_EXC x1 (cams 3)", "(tag <number>, sram <number>)"),
    ("U0-C1-N17 (tag 2000, sram 1) -> U2-C0 unheard", "tag from 0 to 1023"),
    ("U0-C1-N17 (tag 17, sram 4) -> U2-C0 unheard", "sram from 0 to 3"),
    ("U0-C1-N17 (tag 17, sram 1) -> U4-C0 unheard", "chip from 0 to 3"),
    ("U0-C1-N17 (tag 17, sram 1) -> U2-C0-N256 FAST_EXC x1 (cams 3)", "neuron from 0 to 255"),
    ("U0-C1-N17 (tag 17, sram 1) -> U2-C0-N5 AMPA x1 (cams 3)", "SLOW_INH, FAST_INH, SLOW_EXC, FAST_EXC"),
    (
        "U0-C1-N17 (tag 17, sram 1) -> U2-C0-N5 FAST_EXC W1 x1 (cams 3)",
        "nothing between the receptor and the count",
    ),
    ("U0-C1-N17 (tag 17, sram 1) -> U2-C0-N5 FAST_EXC x2 (cams 3)", "x1, the number of different input words"),
    ("U0-C1-N17 (tag 17, sram 1) -> U2-C0-N5 FAST_EXC x1 (cams 64)", "input word from 0 to 63"),
    ("U0-C1-N17 (tag 17, sram 1) -> away 1 0 cores 1", "hops that leave the board"),
    ("U0-C1-N17 (tag 17, sram 1) -> away 4 0 cores 1", "-3 to 3"),
    ("in[0] (tag 17, event 0) -> U2-C0 unheard", "a line of an input that a line 'input NAME SIZE' above declares"),
    ("out[0] = U2-C0-N5 (tag 1)", "a line of an output that a line 'output NAME SIZE' above declares"),
    ("neuron U2-C0", "a neuron, U<chip>-C<core>-N<neuron>"),
    ("netlist 1 dynapse2", "netlist 1 dynapse1 (the chip that was asked for)"),
    ("netlist 2 dynapse1", "netlist 1 dynapse1"),
    ("synapse 1 2 3", "netlist, input, output, neuron"),
]


@pytest.mark.parametrize(("line", "allowed"), BAD)
def test_a_line_that_cannot_be(chip, line, allowed):
    with pytest.raises(BadInput) as error:
        import_config(HEAD + line, chip, "netlist")
    (problem,) = error.value.problems
    assert problem.field == "line 2"
    assert allowed in problem.allowed
    assert problem.hint == f"in {line[:60]!r}"


def test_all_bad_lines_are_listed(chip, tmp_path):
    path = tmp_path / "net.txt"
    path.write_text(HEAD + "\n".join(line for line, _ in BAD))
    with pytest.raises(BadFile) as error:
        import_config(path, chip, "netlist")
    assert [p.field for p in error.value.problems] == [f"line {k + 2}" for k in range(len(BAD))]


@pytest.mark.parametrize(
    ("lines", "allowed"),
    [
        (
            ["U0-C1-N1 (tag 1, sram 1) -> U1-C0 unheard", "U0-C1-N1 (tag 1, sram 1) -> U2-C0 unheard"],
            "other lines give",
        ),
        (
            ["U0-C1-N1 (tag 1, sram 1) -> U1-C0 unheard", "U0-C1-N1 (tag 257, sram 1) -> U1-C1 unheard"],
            "other lines",
        ),
        (
            ["nobody (tag 1) -> U1-C0-N1 FAST_EXC x1 (cams 1)", "nobody (tag 2) -> U1-C0-N1 FAST_EXC x1 (cams 1)"],
            "that another line gives for it",
        ),
        (["input a 1", "input a 1"], "each input once"),
        (["neuron U0-C0-N1 a[0]", "neuron U0-C0-N1 a[1]"], "each neuron once"),
        (["neuron U0-C0-N1 a[0]", "neuron U0-C0-N2 a[0]"], "each neuron of a population once"),
    ],
)
def test_lines_that_contradict_each_other(chip, lines, allowed):
    with pytest.raises(BadInput) as error:
        import_config(HEAD + "\n".join(lines), chip, "netlist")
    (problem,) = error.value.problems
    assert problem.field == "line 3"
    assert allowed in problem.allowed


def test_what_is_missing_at_the_end(chip):
    with pytest.raises(BadInput, match="no line 'netlist'"):
        import_config("input a 1\n", chip, "netlist")
    with pytest.raises(BadInput, match=r"no line for out\[1\]"):
        import_config(HEAD + "output out 2\nout[0] = U0-C0-N1 (tag 1)", chip, "netlist")
    with pytest.raises(BadInput, match=r"neuron a\[1\] is '\(missing\)'"):
        import_config(HEAD + "neuron U0-C0-N1 a[0]\nneuron U0-C0-N2 a[2]", chip, "netlist")
    with pytest.raises(BadInput, match="neuron U0-C0-N2 is '\\(no name\\)'"):
        import_config(HEAD + "neuron U0-C0-N1 C0c0[0]\nneuron U0-C0-N2", chip, "netlist")
