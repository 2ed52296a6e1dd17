"""``arcana drc``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "unit"))  # tests are imported with importlib

from drc_boards import exact_core, find, legal, settings

from arcana.hardware import load_profile
from arcana.mapping.drc import check


@pytest.fixture(params=["dynapse1", "dynapse2"])
def name(request):
    return request.param


@pytest.fixture
def data(name):
    return legal(name)


def test_a_legal_file(run, data):
    settings(data).save("chip.json")
    done = run("drc chip.json")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "chip.json: errors: 0, warnings: 0\n", "")


def test_errors_are_listed_and_counted(run, name, data):
    find(data, "hidden", 0)["cams"][0][2] = 99
    find(data, "hidden", 1)["srams"][0][0] = 4
    data["inputs"][0]["size"] += 1
    settings(data).save("chip.json")
    found = check(settings(data), load_profile(name))
    done = run("drc chip.json")
    assert done.exit_code == 1
    expected = [f"{k}. {v.severity} {v.rule}: {v.sentence}" for k, v in enumerate(found, 1)]
    assert done.stdout.splitlines() == [*expected, "chip.json: errors: 2, warnings: 1"]
    done = run("drc chip.json --json")
    assert (done.exit_code, done.stderr) == (1, "")
    listed = json.loads(done.stdout)
    assert (listed["errors"], listed["warnings"], listed["profile"]) == (2, 1, name)
    assert listed["violations"] == [v.to_dict() for v in found]
    assert [v["rule"] for v in listed["violations"]] == ["receptor", "sram_word", "silent_line"]


def test_warnings_are_no_failure_unless_the_file_is_for_a_chip(run, name, data):
    data["cores"][1] = exact_core(load_profile(name), 0, 1)
    settings(data).save("chip.json")
    done = run("drc chip.json")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "chip.json: errors: 0, warnings: 1")
    done = run("drc chip.json --for-chip")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (1, "chip.json: errors: 1, warnings: 0")


def test_defects(run, data, tmp_path):
    settings(data).save("chip.json")
    (tmp_path / "dead.csv").write_text("core,neuron\n0,2\n")
    done = run("drc chip.json --defects dead.csv")
    assert done.exit_code == 1
    assert "1. error dead_neuron: C0c0n2 (hidden[1])" in done.stdout
    (tmp_path / "dead.csv").write_text("core,neuron\n0,200\n")
    assert run("drc chip.json --defects dead.csv").exit_code == 0


def test_another_profile_is_an_error_not_a_crash(run, name, data, tmp_path):
    settings(data).save("chip.json")
    mine = load_profile(name).to_toml().replace('summary = "', 'summary = "mine: ', 1)
    (tmp_path / "mine.toml").write_text(mine)
    done = run("drc chip.json --profile mine.toml")
    assert done.exit_code == 1
    assert done.stdout.startswith(f"1. error profile: profile: made for {name} ")


def test_a_long_list_is_cut(run, data):
    for n in data["neurons"]:
        n["cams"] = [[k, *row[1:]] for row in n["cams"][:1] for k in range(100, 130)]
    settings(data).save("chip.json")
    lines = run("drc chip.json").stdout.splitlines()
    assert len(lines) == 102
    assert "--json lists all" in lines[-2]
    assert len(json.loads(run("drc chip.json --json").stdout)["violations"]) > 200


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("drc none.json", "no such file"),
        ("drc cut.json", "cut off"),
        ("drc chip.json --profile dynaps1", "did you mean 'dynapse1'"),
        ("drc chip.json --profile ideal", "choose the profile of a real chip"),
        ("drc chip.json --defects none.csv", "no such file"),
        ("drc chip.json --defects chip.json", "first line"),
    ],
)
def test_what_cannot_be_read(run, tmp_path, line, named):
    path = settings(legal("dynapse1")).save("chip.json")
    (tmp_path / "cut.json").write_text(path.read_text()[:1000])
    done = run(line)
    assert done.exit_code == 2
    assert named in done.stderr
    assert done.stdout == ""
