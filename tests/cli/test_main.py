"""The command line as a whole: exit codes, streams, what is imported."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import arcana


def python(*arguments, cwd=None):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=cwd, timeout=120)


def test_version(run):
    done = run("--version")
    assert (done.exit_code, done.stdout) == (0, f"{arcana.__version__}\n")


def test_all_commands_are_there(run):
    done = run("--help")
    assert done.exit_code == 0
    assert all(name in done.stdout for name in ("profiles", "encode", "inspect", "map", "emulate", "drc", "demo"))
    for name in ("encode", "inspect", "map", "emulate", "drc", "demo"):
        text = run(f"{name} --help").stdout
        assert "--json" in text
        assert "[]" not in text


@pytest.mark.parametrize(
    "line", ["inspekt", "encode", "inspect --jsn x", "encode a.csv", "encode a -o b --refractory x"]
)
def test_usage_errors_are_bad_input(run, line):
    done = run(line)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "Error" in done.stderr


def test_profiles_start_without_torch():
    check = (
        "import sys; sys.argv = ['arcana', 'profiles', 'list']\n"
        "from arcana.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "heavy = {'torch', 'scipy', 'matplotlib', 'numba'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = python("-c", check)
    assert (done.returncode, done.stderr) == (0, "")
    assert "dynapse1" in done.stdout


def test_as_a_module():
    done = python("-m", "arcana", "profiles", "list", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [row["name"] for row in json.loads(done.stdout)] == ["dynapse1", "dynapse2", "ideal"]


def test_a_bad_file_as_a_module(tmp_path):
    (tmp_path / "bad.json").write_text('{"format": "arcana.chip_config", "version": 2}')
    done = python("-m", "arcana", "inspect", "bad.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert len(lines) == 5
    assert all(line.startswith("error: bad.json: ") and "this key is required" in line for line in lines)


def test_an_existing_output_as_a_module(files):
    (files.folder / "ev.csv").write_text("mine")
    done = python("-m", "arcana", "encode", "hand.csv", "-o", "ev.csv", "--threshold", "0.1", cwd=files.folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ev.csv: output is 'ev.csv'")
    assert "Traceback" not in done.stderr
    assert (files.folder / "ev.csv").read_text() == "mine"


def test_what_nobody_published_is_an_error_of_ours(run, files):
    text = run("profiles show dynapse1 --toml").stdout
    line = next(line for line in text.splitlines() if line.startswith("refractory = { value = 1.5e-12"))
    changed = text.replace(line, 'refractory = { value = "unknown", unit = "F", status = "unknown" }')
    (files.folder / "mine.toml").write_text(changed)
    chip = arcana.load_profile(files.folder / "mine.toml")
    settings = (files.folder / "dynapse1.json").read_text()
    (files.folder / "mine.json").write_text(settings.replace(arcana.load_profile("dynapse1").hash(), chip.hash()))
    done = run("inspect mine.json --profile mine.toml")
    assert done.exit_code == 2
    assert "capacitance.refractory of profile 'dynapse1' is unknown" in done.stderr
