"""Reports as files: equal after reading, bit for bit, and refused when somebody changed them."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import arcana
from arcana.analysis.conditions import grid
from arcana.analysis.files import load_report, report_csv, report_json, save_report
from arcana.analysis.result import RobustnessReport
from arcana.errors import BadFile

MODEL = arcana.MismatchModel({"Idc": 0.1, "Itau_mem": 0.2}, {"Idc": "normal"}, {("Itau_mem", "Idc"): 0.3})


def report(values, conditions=None, model=MODEL, **changed):
    points = conditions or grid(scale=(0.0, 1.0), temperature=(None, 60.0))[: len(values)]
    rest = {"clean": 0.75, "metric": "Accuracy", "model": model, "seed": 7, "provenance": {"arcana": "0", "a": [1]}}
    return RobustnessReport.of(tuple(points), tuple(map(tuple, values)), 0.5, **{**rest, **changed})


SMALL = report([[0.75, 0.75], [0.1 + 0.2, 0.5], [1 / 3, 1e-300]])


@pytest.fixture
def saved(tmp_path):
    return save_report(SMALL, tmp_path / "report.json")


def test_what_is_written_is_read(saved):
    assert load_report(saved) == SMALL
    assert report_json(load_report(saved)) == saved.read_text()


@given(st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=3, max_size=3),
                min_size=1, max_size=4))  # fmt: skip
def test_any_values_come_back_bit_for_bit(tmp_path_factory, values):
    made = report(values)
    path = save_report(made, tmp_path_factory.mktemp("any") / "a.json")
    assert load_report(path) == made


def test_every_condition_comes_back(tmp_path):
    points = grid(
        scale=2, temperature=-20, quantised=(True, False), dead_neurons=0.1, dead_cams=0.2, drift=0.3, noise=4,
        jitter=1e-3, dropped=0.5, spurious=6,
    )  # fmt: skip
    made = report([[1], [2]], points, arcana.MismatchModel(0.2))
    assert load_report(save_report(made, tmp_path / "a.json")) == made


def test_rows_of_chips():
    rows = list(csv.DictReader(io.StringIO(report_csv(SMALL))))
    assert [float(row["value"]) for row in rows] == [v for p in SMALL.points for v in p.values]
    assert [(row["point"], row["chip"], row["seed"]) for row in rows[:3]] == [
        ("0", "0", "7"), ("0", "1", "7"), ("1", "0", "7"),
    ]  # fmt: skip
    assert [row["temperature"] for row in rows] == ["", "", "60.0", "60.0", "", ""]
    assert [row["scale"] for row in rows] == ["0.0"] * 4 + ["1.0"] * 2


def test_the_ending_chooses_the_form(tmp_path):
    assert save_report(SMALL, tmp_path / "a.csv").read_text() == report_csv(SMALL)
    with pytest.raises(BadFile, match="--force"):
        save_report(SMALL, tmp_path / "a.csv", overwrite=False)


def changed(path, **keys):
    """The file with other keys; ``points__0__values`` is inside."""
    data = json.loads(path.read_text())
    for key, value in keys.items():
        *parents, last = (int(part) if part.isdigit() else part for part in key.split("__"))
        inner = data
        for parent in parents:
            inner = inner[parent]
        if value is None:
            del inner[last]
        else:
            inner[last] = value
    path.write_text(json.dumps(data))
    return path


REFUSED = {
    "another format": ({"format": "arcana.chip_config"}, ["format is 'arcana.chip_config'"]),
    "no format": ({"format": None}, ["format is None"]),
    "newer": ({"version": 2}, ["version is 2", "upgrade"]),
    "no version": ({"version": "1"}, ["version is '1'"]),
    "missing": ({"clean": None, "points__1__worst_chip": None}, ["clean is", "points[1].worst_chip", "required"]),
    "unknown": ({"treshold": 1}, ["treshold is 1", "did you mean 'threshold'?"]),
    "types": ({"seed": -1, "clean": "x", "metric": 3}, ["seed is -1", "clean is 'x'", "metric is 3"]),
    "no points": ({"points": []}, ["points is []"]),
    "no chips": ({"points__0__values": []}, ["points[0].values is []"]),
    "text among values": ({"points__0__values": [0.75, "a"]}, ["points[0].values[1] is 'a'"]),
    "unknown bias": ({"mismatch__cv": {"Itau_men": 0.1}}, ["Itau_men", "did you mean 'Itau_mem'?"]),
    "condition": ({"points__0__conditions__scale": -1}, ["points[0].conditions.scale is -1"]),
    "unknown condition": ({"points__2__conditions__heat": 1}, ["points[2].conditions.condition is 'heat'"]),
    "no condition": ({"points__2__conditions__noise": None}, ["points[2].conditions.noise", "required"]),
    "a better value": (
        {"points__1__values": [0.9, 0.5]},
        ["points[1].mean is 0.4", "0.7, as its values say", "edited"],
    ),
    "a better yield": ({"points__1__summary__yield": 1.0}, ["points[1].yield is 1.0", "0.5, as its values say"]),
    "another worst": ({"points__2__worst_chip": 0}, ["points[2].worst_chip is 0", "1, as its values say"]),
    "a number more": ({"points__0__summary__p99": 1.0}, ["points[0].p99 is 1.0", "no such key"]),
    "a number less": ({"points__0__summary__p5": None}, ["points[0].p5 is None"]),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_damaged_files_are_refused_by_name(saved, name):
    keys, parts = REFUSED[name]
    with pytest.raises(BadFile) as caught:
        load_report(changed(saved, **keys))
    assert str(caught.value).startswith(str(saved))
    assert not [part for part in parts if part not in str(caught.value)], str(caught.value)


def test_files_that_cannot_be_read(saved, tmp_path):
    text = saved.read_text()
    for content in (text[:-20], text.replace("0.75", "NaN", 1), "[1]", "", "\0"):
        saved.write_text(content)
        with pytest.raises(BadFile, match=r"report\.json"):
            load_report(saved)
    with pytest.raises(BadFile, match="no such file"):
        load_report(tmp_path / "gone.json")
