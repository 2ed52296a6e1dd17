from __future__ import annotations

import json
import tomllib

import pytest
from typer.testing import CliRunner

from arcana.cli.profiles import app
from arcana.errors import BadInput
from arcana.hardware import HardwareProfile, load_profile
from arcana.hardware.registry import profile_text

run = CliRunner().invoke


def test_list():
    text = run(app, ["list"])
    assert text.exit_code == 0
    assert all(name in text.stdout for name in ("dynapse1", "dynapse2", "ideal", "arcana-reference"))
    rows = json.loads(run(app, ["list", "--json"]).stdout)
    assert [row["name"] for row in rows] == ["dynapse1", "dynapse2", "ideal"]
    assert set(rows[0]) == {"name", "full_name", "aliases", "summary"}


def test_show_text():
    shown = run(app, ["show", "dynapse1"])
    assert shown.exit_code == 0
    assert shown.stdout == load_profile("dynapse1").describe() + "\n"


def test_show_json():
    shown = json.loads(run(app, ["show", "arcana-reference", "--json"]).stdout)
    ideal = load_profile("ideal")
    assert (shown["name"], shown["hash"]) == ("ideal", ideal.hash())
    assert HardwareProfile.from_dict(shown["profile"]) == ideal
    assert "energy.spike" in json.loads(run(app, ["show", "dynapse2", "--json"]).stdout)["unknown"]


def test_show_toml_is_a_file_to_start_from(tmp_path):
    shown = run(app, ["show", "dynapse2", "--toml"])
    assert shown.stdout == profile_text("dynapse2")
    path = tmp_path / "mine.toml"
    path.write_text(shown.stdout)
    assert load_profile(path) == load_profile("dynapse2")
    assert run(app, ["show", str(path), "--toml"]).stdout == shown.stdout
    relaxed = run(app, ["show", "dynapse1-relaxed", "--toml"]).stdout
    assert HardwareProfile.from_dict(tomllib.loads(relaxed)) == load_profile("dynapse1").relaxed()


@pytest.mark.parametrize(
    "arguments", [["show", "dynaps1"], ["show", "gone.toml"], ["show", "ideal", "--json", "--toml"]]
)
def test_bad_input_is_an_arcana_error(arguments):
    assert isinstance(run(app, arguments).exception, BadInput)


def test_validate(tmp_path):
    good = run(app, ["validate", "dynapse1", "ideal"])
    assert good.exit_code == 0
    assert good.stdout.splitlines() == ["dynapse1: good", "ideal: good"]
    bad, worse = tmp_path / "bad.toml", tmp_path / "worse.toml"
    bad.write_text(profile_text("ideal").replace("3e-12", "-3e-12").replace("kappa_p", "kappa_q"))
    worse.write_text("schema_version = ")
    done = run(app, ["validate", str(bad), "dynapse2", str(worse), str(tmp_path / "gone.toml")])
    assert done.exit_code == 2
    assert done.stdout.splitlines() == ["dynapse2: good"]
    lines = done.stderr.splitlines()
    assert [line.split(": ")[0] for line in lines] == [str(bad)] * 5 + [str(worse), str(tmp_path / "gone.toml")]
    assert sum("did you mean 'kappa_p'" in line for line in lines) == 1


def test_validate_json(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(
        profile_text("ideal").replace("0.025", "nan").replace("cam_per_neuron = 64", "cam_per_neuron = 2021-01-01")
    )
    done = run(app, ["validate", str(path), "ideal", "--json"])
    assert done.exit_code == 2
    report = json.loads(done.stdout)
    assert [entry["ok"] for entry in report] == [False, True]
    fields = [problem["field"] for problem in report[0]["problems"]]
    assert fields == ["topology.cam_per_neuron", "electrical.thermal_voltage.value"]
    assert report[0]["problems"][1]["value"] == "nan"
