"""The design-rule check: legal settings pass, and each single fault is found, named, and nothing else is."""

from __future__ import annotations

import ast
import copy
import random
import re
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from drc_boards import core, exact_core, find, legal, neuron, settings, tag
from drc_faults import BOTH, EDGES, FAULTS

import arcana
from arcana.errors import BadInput
from arcana.hardware import HardwareProfile, load_profile
from arcana.hardware.defects import DefectMap
from arcana.hardware.lookup import find as find_key
from arcana.limits import MOST
from arcana.mapping import drc
from arcana.mapping.rules.common import some
from arcana.mapping.rules.violation import DesignRuleViolation

ALL_RULES = {kind.rule for kind in DesignRuleViolation.__subclasses__()}


def cases(faults):
    return [pytest.param(chip, fault, id=f"{fault.name} {chip}") for fault in faults for chip in fault.chips]


CASES = cases(FAULTS)


@pytest.mark.parametrize("name", BOTH)
def test_legal_settings_pass(name):
    config, chip = settings(legal(name)), load_profile(name)
    assert drc.check(config, chip) == ()
    drc.require(config, chip)


@pytest.mark.parametrize(("name", "edge"), cases(EDGES))
def test_the_last_number_that_is_allowed_passes(name, edge):
    data, chip = legal(name), load_profile(name)
    edge.put(data, chip)
    assert drc.check(settings(data), chip, edge.board) == ()


@pytest.mark.parametrize(("name", "fault"), CASES)
def test_each_fault_is_found_and_nothing_else(name, fault):
    chip, data = load_profile(name), legal(name)
    fault.put(data, chip)
    found = drc.check(settings(data), chip, fault.board)
    assert {v.rule for v in found} == fault.rules
    assert any(v.place.startswith(fault.place) for v in found), [v.sentence for v in found]
    for v in found:
        assert v.sentence.startswith(v.neuron)
        assert str(v.used) in v.sentence
        assert str(v.limit) in v.sentence or v.rule == "reserved_heard"
    errors = [v for v in found if v.severity == "error"]
    if not errors:
        drc.require(settings(data), chip, fault.board)
        return
    with pytest.raises(drc.DesignRuleError) as caught:
        drc.require(settings(data), chip, fault.board)
    assert caught.value.violations == tuple(errors)
    assert isinstance(caught.value, BadInput)
    assert all(v.sentence in str(caught.value) for v in errors)


def test_every_rule_has_a_fault_that_breaks_it():
    assert set().union(*(fault.rules for fault in FAULTS)) == ALL_RULES


def test_the_manual_has_a_line_for_every_rule_and_names_keys_that_exist():
    manual = (Path(__file__).parents[2] / "docs" / "design-rules.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)`", manual, re.MULTILINE)) == ALL_RULES
    warnings = {kind.rule for kind in DesignRuleViolation.__subclasses__() if kind.severity == "warning"}
    assert set(re.findall(r"^\| `(\w+)` \(warning", manual, re.MULTILINE)) == warnings
    keys = re.findall(r"`((?:topology|routing|synapse|biasgen|energy)\.[\w.]+)`", manual)
    assert len(keys) > 30
    for key in keys:
        find_key(load_profile("dynapse1"), key)


@pytest.mark.parametrize("name", BOTH)
def test_all_faults_at_once(name):
    """Several faults in one file: each is still named."""
    chip, data, expected = load_profile(name), legal(name), set()
    for fault in FAULTS:
        if name in fault.chips and fault.name in (
            "unknown receptor", "hop off the board", "unknown latch", "line without events", "two time steps",
            "profile of another name", "output without neuron",
        ):  # fmt: skip
            fault.put(data, chip)
            expected |= fault.rules
    found = drc.check(settings(data), chip)
    assert {v.rule for v in found} == expected
    severities = [v.severity for v in found]
    assert severities == sorted(severities)
    assert len(set(severities)) == 2


@pytest.mark.parametrize(("name", "fault"), CASES)
def test_the_order_in_the_file_does_not_matter(name, fault):
    chip, data = load_profile(name), legal(name)
    fault.put(data, chip)
    before = drc.check(settings(data), chip, fault.board)
    shuffled = copy.deepcopy(data)
    rng = random.Random(3)
    tables = [shuffled["neurons"], shuffled["cores"], *(part["events"] for part in shuffled["inputs"])]
    tables += [n[key] for n in shuffled["neurons"] for key in ("cams", "srams")]
    for table in tables:
        rng.shuffle(table)
    assert drc.check(settings(shuffled), chip, fault.board) == before


@pytest.mark.parametrize(("name", "fault"), [case for case in CASES if not case.values[1].defects])
def test_defects_elsewhere_change_nothing(name, fault):
    """In places that are not used, though other cores use the places, words and tags of these numbers."""
    chip, data = load_profile(name), legal(name)
    spare = (0, 1, None, None, tag(chip, "hidden", 0))
    elsewhere = DefectMap.of([(0, 1, 2), (1, 2, 1), (0, 0, 10), (0, 0, 11, 3), (1, 2, 2, 0), (1, 2, 3), spare])
    fault.put(data, chip)
    assert drc.check(settings(data), chip, elsewhere) == drc.check(settings(data), chip)


SENTENCES = {
    "chip out of range": "C4c1n0 (spare[0]): chip 4 does not exist, the board has chips 0 to 3",
    "core out of range": "C0c4n0 (spare[0]): core 4 does not exist, a chip has cores 0 to 3",
    "neuron out of range": "C0c1n256 (spare[0]): neuron 256 does not exist, a core has neurons 0 to 255",
    "two neurons in one place": "C0c1n0: spare[0] and spare[1] share this place, which holds one neuron",
    "input word out of range": "{H}, input word 64: word 64 does not exist, a neuron has input words 0 to 63",
    "fan-in of 65": "{H}: 65 input words, at most 64",
    "output word out of range": "{H}, output word 4: word 4 does not exist, a neuron has output words 0 to 3",
    "word of monitoring used (SE1)": "{H}, output word 0: routes to hops (0, 0), and belongs to "
    "monitoring (the driver writes it)",
    "word of monitoring used (SE2)": "{H}, output word 3: routes to hops (0, 0), and belongs to "
    "monitoring (only with hops (-7, -7))",
    "tag heard out of range": "{H}, input word 0: tag {tags} does not exist, tags are 0 to {last}",
    "tag sent out of range": "{H}, output word {free}: tag {tags} does not exist, tags are 0 to {last}",
    "tag of an input out of range": "in[2]: tag {tags} does not exist, tags are 0 to {last}",
    "tag of an output out of range": "C1c2n10, output out[0]: tag {tags} does not exist, tags are 0 to {last}",
    "input to a missing chip": "in[0]: chip 4 does not exist, the board has chips 0 to 3",
    "alias of two lines": "C0c0, tag {line}: hears in[0], in[1] under one tag, allowed one sender",
    "code out of range": "C0c0, bias SOIF_DC_P: code (6, 1), allowed up to (5, 255)",
    "dangling word": "{H}, tag 999: 1 input word(s) listen to it, and nothing is delivered there",
}


@pytest.mark.parametrize(("name", "fault"), [case for case in CASES if case.values[1].name in SENTENCES])
def test_sentences(name, fault):
    chip, data = load_profile(name), legal(name)
    fault.put(data, chip)
    numbers = {"tags": chip.routing.tags, "last": chip.routing.tags - 1, "line": tag(chip, "in", 0)}
    expected = SENTENCES[fault.name].format(H="C0c0n1 (hidden[0])", free=3 if name == "dynapse1" else 2, **numbers)
    assert expected in [v.sentence for v in drc.check(settings(data), chip)]


def test_a_board_with_wide_gaps():
    """Hops up to the last one that a word can hold."""
    tables = load_profile("dynapse1").to_dict()
    for positions, dx, dy in (([[0, 0], [3, 0]], 3, 0), ([[0, 0], [0, 3]], 0, 3)):
        tables["topology"]["chip_positions"] = positions
        tables["topology"]["chips_per_board"] = tables["topology"]["max_chips"] = 2
        chip = HardwareProfile.from_dict(tables)
        data = legal(chip)
        for n in data["neurons"]:
            for row in n["srams"]:
                row[3:] = [row[3] * dx, row[3] * dy]
        assert drc.check(settings(data), chip) == ()
        find(data, "hidden", 0)["srams"].append([3, 1, 2, dx + 1, dy + 1])
        assert {v.rule for v in drc.check(settings(data), chip)} == {"hop_range"}


def test_long_lists_are_cut():
    assert some(list("abcd")) == "a, b, c, d"
    assert some(list("abcdef")) == "a, b, c, d and 2 more"


def test_exact_currents_are_an_error_in_a_file_for_a_chip():
    chip, data = load_profile("dynapse1"), legal("dynapse1")
    data["cores"][1] = exact_core(chip, 0, 1)
    (found,) = drc.check(settings(data), chip)
    assert (found.rule, found.severity) == ("exact_currents", "warning")
    (found,) = drc.check(settings(data), chip, for_chip=True)
    assert (found.rule, found.severity) == ("exact_currents", "error")
    with pytest.raises(drc.DesignRuleError, match=r"C0c1: .* exact values, no chip takes these"):
        drc.require(settings(data), chip, for_chip=True)


def test_monitoring_may_take_more_than_one_word():
    tables = load_profile("dynapse2").to_dict()
    tables["topology"]["destinations_for_monitor"] = 3
    chip = HardwareProfile.from_dict(tables)
    found = drc.check(settings(legal(chip)), chip)
    assert [(v.rule, v.neuron, v.used, v.limit) for v in found] == [
        ("fan_out", f"C0c0n{k + 1} (hidden[{k}])", 2, 1) for k in range(4)
    ]


def test_aliases_name_their_senders():
    chip, data = load_profile("dynapse2"), legal("dynapse2")
    for k in range(2):
        find(data, "spare", k)["srams"].append([0, tag(chip, "hidden", 2), 1, 0, 0])
    (found,) = drc.check(settings(data), chip)
    assert found.used == "C0c0n3 (hidden[2]), C0c1n0 (spare[0]), C0c1n1 (spare[1])"
    assert (found.neuron, found.what) == ("C0c0", "tag 102")


@pytest.mark.parametrize("name", ["ideal", "dynapse1-relaxed"])
def test_a_profile_that_is_no_board_is_refused(name):
    with pytest.raises(BadInput, match=r"routing\.tags"):
        drc.check(settings(legal("dynapse1")), load_profile(name))


def test_positions_of_the_chips_are_needed():
    tables = load_profile("dynapse1").to_dict()
    tables["topology"]["chip_positions"] = [[0, 0]]
    with pytest.raises(BadInput, match="chip_positions"):
        drc.check(settings(legal("dynapse1")), HardwareProfile.from_dict(tables))


NUMBERS = st.one_of(st.integers(-3, 70), st.integers(-MOST, MOST), st.sampled_from([255, 256, 1023, 2048]))


@given(name=st.sampled_from(BOTH), data=st.data())
def test_no_number_makes_the_check_stumble(name, data):
    """Any numbers in any rows and places: there is always an answer."""
    raw = legal(name)
    rows = [n[key] for n in raw["neurons"] for key in ("cams", "srams")]
    rows += [part[key] for part, key in ((raw["inputs"][0], "events"), (raw["outputs"][0], "neurons"))]
    for _ in range(data.draw(st.integers(1, 6))):
        row = data.draw(st.sampled_from([row for table in rows for row in table]))
        first = 1 if any(row is event for event in raw["inputs"][0]["events"]) else 0  # the line is checked on load
        row[data.draw(st.integers(first, len(row) - 1))] = data.draw(NUMBERS)
    place = data.draw(st.sampled_from(raw["neurons"]))
    place["neuron"] = abs(data.draw(NUMBERS))
    for violation in drc.check(settings(raw), load_profile(name)):
        assert violation.sentence
        assert violation.to_dict()["rule"] in ALL_RULES


def test_it_shares_no_code_with_the_mapper():
    package = Path(arcana.__file__).parent / "mapping"
    for path in [package / "drc.py", *(package / "rules").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [part.name for part in node.names] if isinstance(node, ast.Import) else []
            mine = [n for n in names if n.startswith("arcana.mapping")]
            assert all(n.startswith("arcana.mapping.rules.") for n in mine), (path, mine)


def full_board():
    """4,096 neurons of 64 input words: each listens to 64 of the 2,048 tags that reach its core."""
    chip = load_profile("dynapse2")
    code, data = chip.synapse.receptor["ampa"].code, legal("dynapse2")
    data.update(inputs=[], outputs=[], neurons=[], populations=[{"name": "p", "size": 4096, "dt_s": 1e-3}])
    data["cores"] = [core(chip, k // 4, k % 4) for k in range(16)]
    for k in range(4096):
        at, place = k // 256, k % 256
        cams = [[word, word * 32 + place % 32, code, 1, 0] for word in range(64)]
        # Each chip hears itself by tags below 1,024, and its neighbour in the row by those above
        number, dx = at % 4 * 256 + place, 1 - at // 4 % 2 * 2
        srams = [[0, number, 15, 0, 0], [1, 1024 + number, 15, dx, 0]]
        data["neurons"].append(neuron((at // 4, at % 4, place - k), "p", k, cams, srams))
    return settings(data), chip


# Time of the processor, not of the wall: others may be busy on the machine


def test_a_full_board_takes_less_than_five_seconds():
    config, chip = full_board()
    start = time.process_time()
    assert drc.check(config, chip) == ()
    assert time.process_time() - start < 5


def test_so_does_one_on_which_everything_is_wrong():
    config, chip = full_board()
    deaf = config.model_copy(update={"neurons": [n.model_copy(update={"srams": []}) for n in config.neurons]})
    start = time.process_time()
    found = drc.check(deaf, chip)
    assert time.process_time() - start < 5
    assert [v.rule for v in found] == ["dangling_word"] * 4096 * 64
