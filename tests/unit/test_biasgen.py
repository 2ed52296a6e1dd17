from __future__ import annotations

import math
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from arcana.errors import BadFile, BadInput, NotPublished, OutOfRange
from arcana.hardware import HardwareProfile, load_profile
from arcana.hardware.registry import profile_text
from arcana.quantize import BiasGenerator, Code

ROOT = Path(__file__).resolve().parents[2]
UNKNOWN_FACTOR = {"DEAM_REV_N", "DENM_REV_N", "DEGA_REV_P", "SOHO_VRST_P", "PG_BUF_N"}
UNKNOWN_TYPE = {"R2R_BUFFER_AMPB", "R2R_BUFFER_CCB", "NCCF_CAL_REFBIAS_V", "SYAM_STDWAMPB", "SYAM_STDWCCB"}


def generator(name: str) -> BiasGenerator:
    return BiasGenerator(load_profile(name))


def raw(name: str) -> dict:
    return tomllib.loads(profile_text(name))


# ---------------------------------------------------------------- DYNAP-SE1


@pytest.mark.parametrize(
    ("coarse", "full_scale"), list(enumerate([15e-12, 105e-12, 820e-12, 6.5e-9, 50e-9, 0.4e-6, 3.2e-6, 24e-6]))
)
def test_se1_currents(coarse, full_scale):
    se1 = generator("dynapse1")
    assert se1.current("IF_DC_P", coarse, 255) == pytest.approx(full_scale, rel=1e-12)
    assert se1.current("IF_DC_P", coarse, 51) == pytest.approx(full_scale / 5, rel=1e-12)
    assert se1.current("IF_DC_P", coarse, 0) == 0


def test_se1_canonical_codes_are_their_own_inverse_and_1812():
    se1 = generator("dynapse1")
    first = [0, 37, 33, 33, 34, 32, 32, 35]
    canonical = [Code(c, f) for c in range(8) for f in range(first[c], 256)]
    assert len(canonical) == 1812
    currents = [se1.current("IF_TAU1_N", *code) for code in canonical]
    assert currents == sorted(set(currents))
    assert [se1.code("IF_TAU1_N", current) for current in currents] == canonical


def test_se1_equal_levels_give_the_canonical_code_and_lone_ones_themselves():
    se1 = generator("dynapse1")
    assert se1.current("IF_DC_P", 1, 5) == se1.current("IF_DC_P", 0, 35)
    assert se1.code("IF_DC_P", se1.current("IF_DC_P", 1, 5)) == (0, 35)
    assert se1.code("IF_DC_P", se1.current("IF_DC_P", 2, 1)) == (2, 1)  # no canonical code has this level
    assert se1.code("IF_DC_P", se1.current("IF_DC_P", 2, 1) * (1 + 1e-12)) == (2, 1)
    assert se1.code("IF_DC_P", se1.current("IF_DC_P", 2, 1) * (1 + 1e-6)) == (0, 55)
    assert se1.code("IF_DC_P", 0.0) == (0, 0)
    assert se1.code("IF_DC_P", se1.current("IF_DC_P", 7, 0)) == (0, 0)


@pytest.mark.parametrize("profile", ["dynapse1", "dynapse2"])
def test_all_codes_of_all_biases_keep_their_current(profile):
    chip = generator(profile)
    names = set(chip.profile.bias) - UNKNOWN_FACTOR - UNKNOWN_TYPE
    assert len(names) == {"dynapse1": 25, "dynapse2": 60 - 10}[profile]
    for name in names:
        levels = chip.levels(name)
        assert levels.shape == {"dynapse1": (8, 256), "dynapse2": (6, 256)}[profile]
        coarse, fine = chip.codes(name, levels)
        assert np.array_equal(levels[coarse, fine], levels)
        assert np.array_equal(chip.quantise(name, levels), levels)


def test_low_range_needs_a_factor_that_is_not_published():
    with pytest.raises(NotPublished, match=r"biasgen\.low_range_factor.*IF_TAU1_N.*low-range"):
        generator("dynapse1").current("IF_TAU1_N", 1, 2, low_range=True)
    data = raw("dynapse1")
    data["biasgen"]["low_range_factor"] = {"value": 0.01, "unit": "1", "status": "measured", "source": ["arcana"]}
    chip = BiasGenerator(HardwareProfile.from_dict(data))
    low = chip.current("IF_TAU1_N", 2, 100, low_range=True)
    assert low == pytest.approx(0.01 * chip.current("IF_TAU1_N", 2, 100), rel=1e-12)
    assert chip.code("IF_TAU1_N", low, low_range=True) == (2, 100)
    with pytest.raises(BadInput, match="no low range"):
        generator("dynapse2").current("SOIF_LEAK_N", 1, 2, low_range=True)


def test_a_factor_of_one_bias_holds_for_it_alone():
    data = raw("dynapse1")
    data["bias"]["IF_TAU1_N"]["factor"] = {"value": 1e-4, "unit": "1", "status": "assumed", "source": ["arcana"]}
    chip = BiasGenerator(HardwareProfile.from_dict(data))
    assert chip.current("IF_TAU1_N", 4, 200) == pytest.approx(1e-4 * chip.current("IF_TAU2_N", 4, 200), rel=1e-12)


# ---------------------------------------------------------------- DYNAP-SE2


def _with_factor(value: object) -> BiasGenerator:
    data = raw("dynapse2")
    data["bias"]["SOIF_LEAK_N"]["factor"] = value
    return BiasGenerator(HardwareProfile.from_dict(data))


ONE = {"value": 1.0, "unit": "1", "status": "assumed", "source": ["arcana"]}


def test_se2_ends_are_published_and_the_line_stands_between():
    levels = _with_factor(ONE).levels("SOIF_LEAK_N")
    profile = load_profile("dynapse2").biasgen.N
    assert np.array_equal(levels[:, 0], profile.at_fine_0.value)
    assert np.array_equal(levels[:, 255], profile.full_scale.value)
    assert levels[2, 100] == pytest.approx(1.077e-12 + 100 * 1.814e-11, rel=1e-12)


def test_se2_constant_factor():
    chip = generator("dynapse2")
    published = load_profile("dynapse2").biasgen.P.full_scale.value
    assert chip.current("SOIF_DC_P", 3, 255) == pytest.approx(0.38 * published[3], rel=1e-12)


def test_se2_factor_from_points():
    points = [[1e-12, 1.0], [1e-10, 0.1], [1e-8, 0.1]]
    plain, chip = _with_factor(ONE), _with_factor(ONE | {"points": points})
    nominal, levels = plain.levels("SOIF_LEAK_N"), chip.levels("SOIF_LEAK_N")
    factor = levels / nominal
    assert factor[nominal <= 1e-12] == pytest.approx(1.0, rel=1e-12)
    assert factor[nominal >= 1e-10] == pytest.approx(0.1, rel=1e-12)
    middle = (nominal > 1e-12) & (nominal < 1e-10)
    # A straight line from (1e-12, 1) to (1e-10, 0.1) in both logarithms is I^-0.5.
    assert factor[middle] == pytest.approx((nominal[middle] / 1e-12) ** -0.5, rel=1e-9)


def test_se2_published_points_of_the_synapse_leak():
    profile = load_profile("dynapse2")
    assert dict(profile.bias["DEAM_ETAU_P"].factor.points)[1e-10] == 0.168
    assert profile.bias["DEAM_ETAU_P"].factor.value == 0.2
    chip = BiasGenerator(profile)
    nominal = 7.554e-13 + 1.705e-11 * 30  # fitted line of p transistors, coarse 2, fine 30
    low, high = np.log([1.58e-10, 1e-9]), np.log([0.16, 0.151])
    factor = math.exp(np.interp(math.log(nominal), low, high))
    assert chip.current("DEAM_ETAU_P", 2, 30) == pytest.approx(nominal * factor, rel=1e-9)


@pytest.mark.parametrize("name", sorted(UNKNOWN_FACTOR))
def test_se2_unknown_factors_stop(name):
    with pytest.raises(NotPublished, match=rf"bias\.{name}\.factor.*current of {name}"):
        generator("dynapse2").code(name, 1e-9)


@pytest.mark.parametrize("name", sorted(UNKNOWN_TYPE))
def test_se2_unknown_transistor_types_stop(name):
    with pytest.raises(NotPublished, match=rf"bias\.{name}\.transistor"):
        generator("dynapse2").levels(name)


# ---------------------------------------------------------------- a table of one's own


def _table(path: Path, change=lambda rows: rows) -> Path:
    """A made-up table that falls at every 32nd fine code."""
    rows = []
    for kind, unit in (("N", 3e-13), ("P", 2.7e-13)):
        for coarse in range(6):
            for fine in range(256):
                current = unit * 8**coarse * (1 + 1.02 * fine - 2.5 * (fine // 32))
                rows.append([kind, coarse, fine, repr(current)])
    text = "\n".join(",".join(map(str, row)) for row in [["type", "coarse", "fine", "current_A"], *change(rows)])
    path.write_text(text)
    return path


def _own_profile(folder: Path, table: str = "table.csv") -> Path:
    path = folder / "mine.toml"
    head = f'kind = "table"\ntable = "{table}"\ntable_status = "measured"\ntable_source = ["arcana"]'
    path.write_text(profile_text("dynapse2").replace('kind = "table"', head, 1))
    return path


def test_own_table_that_is_not_monotone(tmp_path):
    _table(tmp_path / "table.csv", lambda rows: rows[::-1])  # any order of rows will do
    profile = load_profile(_own_profile(tmp_path))
    chip = BiasGenerator(profile)
    levels = chip.levels("SOIF_DC_P")
    assert (np.diff(levels, axis=1) < 0).sum() == 6 * 7
    assert levels[3, 40] == pytest.approx(0.38 * 2.7e-13 * 8**3 * (1 + 1.02 * 40 - 2.5), rel=1e-12)
    coarse, fine = chip.codes("SOIF_DC_P", levels)
    assert np.array_equal(levels[coarse, fine], levels)
    wanted = np.exp(np.random.default_rng(0).uniform(math.log(levels.min()), math.log(levels.max()), 300))
    distance = np.abs(np.log(levels.ravel()) - np.log(wanted)[:, None])
    made = chip.quantise("SOIF_DC_P", wanted)
    assert np.abs(np.log(made / wanted)) == pytest.approx(distance.min(axis=1), abs=1e-12)
    assert "whole, from a file (measured)" in profile.describe()
    again = HardwareProfile.from_dict(tomllib.loads(profile.to_toml()))  # carries the numbers, not the path
    assert again.hash() == profile.hash()
    assert np.array_equal(BiasGenerator(again).levels("SOIF_DC_P"), levels)
    assert profile.hash() != load_profile("dynapse2").hash()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[1:], "row N,0,0 is '\\(missing\\)'"),
        (lambda rows: [*rows, rows[5]], "each code once"),
        (lambda rows: [["N", 0, 0, "-1e-12"], *rows[1:]], ">= 0 A|a finite number >= 0"),
        (lambda rows: [["N", 0, 0, "nan"], *rows[1:]], "a finite number >= 0"),
        (lambda rows: [["N", 0, 0, "much"], *rows[1:]], "line 2 is 'N,0,0,much'"),
        (lambda rows: [["X", 0, 0, 1e-12], *rows[1:]], "type N or P, coarse 0 to 5, fine 0 to 255"),
        (lambda rows: [["N", 0, 0, 1e-12, 7], *rows[1:]], "no further column"),
        (lambda rows: [], "further problems is 3052"),
    ],
)
def test_damaged_tables(tmp_path, change, message):
    _table(tmp_path / "table.csv", change)
    with pytest.raises(BadFile, match=message) as caught:
        load_profile(_own_profile(tmp_path))
    assert "table.csv" in str(caught.value)


def test_table_with_other_columns_or_missing(tmp_path):
    (tmp_path / "table.csv").write_text("coarse,fine,current\n0,0,1e-12\n")
    with pytest.raises(BadFile, match="type,coarse,fine,current_A"):
        load_profile(_own_profile(tmp_path))
    with pytest.raises(BadFile, match="no such file"):
        load_profile(_own_profile(tmp_path, "other.csv"))


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize("profile", ["dynapse1", "dynapse2"])
@pytest.mark.parametrize("side", [0, 1])
def test_half_a_step_outside_the_ends_is_the_limit(profile, side):
    chip = generator(profile)
    name = chip.profile.chip_bias_for("Itau_mem").name
    levels = np.unique(chip.levels(name)[chip.levels(name) > 0])
    end, next_to_it = (levels[0], levels[1]) if side == 0 else (levels[-1], levels[-2])
    limit = end + (end - next_to_it) / 2
    assert chip.range(name)[side] == end
    assert chip.quantise(name, end + (end - next_to_it) * 0.49) == end
    with pytest.raises(OutOfRange) as caught:
        chip.code(name, limit + (end - next_to_it) * 0.01)
    problem = caught.value.problems[0]
    assert (problem.field, problem.unit) == (name, "A")
    assert " to " in problem.allowed


def test_zero_where_the_chip_has_none_points_to_the_latch():
    with pytest.raises(OutOfRange, match="the latch so_dc switches it off"):
        generator("dynapse2").code("SOIF_DC_P", 0.0)
    with pytest.raises(OutOfRange) as caught:
        generator("dynapse2").code("SOIF_DC_P", 1.0)
    assert caught.value.problems[0].hint == ""


@pytest.mark.parametrize("current", [-1e-12, float("nan")])
def test_what_is_no_current(current):
    for profile, name in (("dynapse1", "IF_DC_P"), ("ideal", "Idc")):
        with pytest.raises(BadInput, match="a number >= 0") as caught:
            generator(profile).quantise(name, [1e-12, current])
        assert caught.value.problems[0].field == f"{name}[1]"


def test_many_refused_currents_are_counted():
    with pytest.raises(OutOfRange) as caught:
        generator("dynapse1").quantise("IF_DC_P", np.full((5, 5), 1.0))
    assert [problem.field for problem in caught.value.problems][::10] == [
        "IF_DC_P[0, 0]",
        "further currents of IF_DC_P",
    ]
    assert caught.value.problems[-1].value == 15


@pytest.mark.parametrize(("coarse", "fine"), [(8, 0), (-1, 0), (0, 256), (0, -1), (1.0, 2), (True, 2)])
def test_codes_that_do_not_exist(coarse, fine):
    with pytest.raises(BadInput, match="a whole number from 0 to"):
        generator("dynapse1").current("IF_DC_P", coarse, fine)


def test_names_that_do_not_exist():
    with pytest.raises(BadInput, match="did you mean 'IF_DC_P'"):
        generator("dynapse1").code("IF_DC_N", 1e-12)
    with pytest.raises(BadInput, match="did you mean 'Idc'"):
        generator("ideal").quantise("Idcc", 1e-12)


# ---------------------------------------------------------------- continuous, errors, documents


def test_ideal_makes_any_current_and_has_no_codes():
    ideal = generator("ideal")
    currents = np.array([[0.0, 1.234567e-12], [5.0, 1e-30]])
    assert np.array_equal(ideal.quantise("Idc", currents), currents)
    assert ideal.range("Idc") == (0.0, math.inf)
    for call in (lambda: ideal.code("Idc", 1e-12), lambda: ideal.current("Idc", 0, 0), lambda: ideal.levels("Idc")):
        with pytest.raises(BadInput):
            call()


@pytest.mark.parametrize(("profile", "name"), [("dynapse1", "IF_DC_P"), ("dynapse2", "SOIF_LEAK_N")])
def test_error_per_decade_bounds_what_is_measured(profile, name):
    chip = generator(profile)
    rows = chip.error_per_decade(name)
    low, high = chip.range(name)
    assert (rows[0].low, rows[-1].high) == (low, high)
    assert all(before.high == after.low for before, after in pairwise(rows))
    for row in rows:
        wanted = np.exp(np.random.default_rng(1).uniform(math.log(row.low), math.log(row.high), 20_000))
        error = np.abs(chip.quantise(name, wanted) / wanted - 1)
        assert error.max() <= row.worst * (1 + 1e-9)
        assert error.max() > 0.95 * row.worst
        assert math.sqrt(np.mean(error**2)) == pytest.approx(row.rms, rel=0.05)


def test_start_values_of_the_chips_can_be_made():
    for profile in ("dynapse1", "dynapse2"):
        chip = generator(profile)
        for bias, value in chip.profile.default_biases().items():
            entry = chip.profile.chip_bias_for(bias)
            if entry is not None and entry.conversion == "current" and value > 0:
                assert float(chip.quantise(entry.name, value)) == pytest.approx(value, rel=0.06)


def _table_script(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/make_bias_error_table.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_error_table_in_the_document_is_fresh(tmp_path):
    done = _table_script("--check")
    assert (done.returncode, done.stderr) == (0, "")
    path = tmp_path / "doc.md"
    path.write_text((ROOT / "docs" / "bias-generator.md").read_text().replace("| 2.9 % |", "| 2.8 % |", 1))
    assert _table_script("--check", "--file", str(path)).returncode == 1
    assert _table_script("--file", str(path)).returncode == 0
    assert path.read_text() == (ROOT / "docs" / "bias-generator.md").read_text()
    path.write_text("no markers")
    assert _table_script("--file", str(path)).returncode == 1
