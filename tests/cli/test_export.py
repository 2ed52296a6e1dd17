"""``arcana export`` and ``arcana import``."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "unit"))  # tests are imported with importlib

from drc_boards import find, legal, settings

from arcana.config import ChipConfig
from arcana.interop import FORMS


@pytest.fixture(autouse=True)
def files(tmp_path):
    for name in ("dynapse1", "dynapse2"):
        settings(legal(name)).save(tmp_path / f"{name}.json")
    return tmp_path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("chip", "form"), [(chip, f.name) for f in FORMS.values() for chip in f.families if f.name != "samna2"]
)
def test_out_and_in_again(run, files, chip, form):
    done = run(f"export {chip}.json --to {form} --out out/a.txt")
    assert (done.exit_code, done.stdout) == (0, f"{form}: out/a.txt\n"), done.output
    if FORMS[form].read is None:
        assert run(f"import out/a.txt --from {form} --out b.json").exit_code == 2
        return
    done = run(f"import out/a.txt --from {form} --chip {chip} --dt 2ms --out b.json")
    assert done.exit_code == 0, done.output
    config = ChipConfig.load("b.json")
    assert done.stdout.startswith(f"settings: b.json ({len(config.cores)} cores, ")
    assert {p.dt_s for p in config.populations} <= {2e-3}
    run(f"export b.json --to {form} --out c.txt")
    assert (files / "c.txt").read_bytes() == (files / "out" / "a.txt").read_bytes()


def test_what_is_left_out_is_said(run):
    done = run("export dynapse1.json --to caer-words --out a.txt")
    assert done.stderr == "not in it: 3 input lines, 3 output lines\n"
    done = run("export dynapse1.json --to netparser --out b.txt --json")
    found = json.loads(done.stdout)
    assert found["left_out"] == ["63 rows of the routing tables", "3 input lines", "3 output lines"]
    assert (found["form"], found["output"], found["profile"]) == ("netparser", "b.txt", "dynapse1")
    assert found["bytes"] == Path("b.txt").stat().st_size
    assert done.stderr == ""


def test_json_of_an_import(run):
    run("export dynapse1.json --to netlist --out a.txt")
    found = json.loads(run("import a.txt --from netlist --out b.json --json").stdout)
    numbers = {"cores": 3, "biases": 0, "neurons": 9, "input_words": 52, "output_words": 11}
    assert found == {"file": "a.txt", "form": "netlist", "config": "b.json", "profile": "dynapse1", **numbers}


def test_orders_and_places(run):
    run("export dynapse1.json --to bias-text --order fine-coarse --dialect caer --out a.txt")
    assert "C0c0:(IF_DC_P,100,6)" in Path("a.txt").read_text()
    done = run("import a.txt --from bias-text --out b.json")
    assert done.exit_code == 2
    assert "line 2, coarse of IF_AHTAU_N is 100, allowed: 0 to 7" in done.stderr
    assert "--order fine-coarse" in done.stderr
    assert "... and 55 more" in done.stderr
    done = run("import a.txt --from bias-text --order fine-coarse --dialect caer --out b.json")
    assert done.exit_code == 0
    assert ChipConfig.load("b.json").cores == sorted(
        ChipConfig.load("dynapse1.json").cores, key=lambda c: (c.chip, c.core)
    )
    Path("calls.py").write_text('set_bias("IF_DC_P", 100, 6)\n')
    assert run("import calls.py --from set-bias --place C1c3 --out c.json").exit_code == 0
    assert [(c.chip, c.core) for c in ChipConfig.load("c.json").cores] == [(1, 3)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("export dynapse1.json --to samna2 --out a", "profile is 'dynapse1', allowed: one of the family dynapse2"),
        ("export dynapse1.json --to netlst --out a", "did you mean 'netlist'?"),
        ("export dynapse1.json --to netlist --out a --profile dynapse2", "for which the settings were made"),
        ("export dynapse1.json --to netlist --out a --dialect caer", "no dialect for the form netlist"),
        ("export dynapse1.json --to bias-text --out a --dialect cear", "did you mean 'caer'?"),
        ("export dynapse1.json --to netlist --out dynapse2.json", "a file that does not exist yet (pass --force)"),
        (
            "export dynapse1.json --to netlist --out dynapse1.json --force",
            "another file than those that are read",
        ),
        ("export gone.json --to netlist --out a", "no such file"),
        ("import dynapse1.json --from netlist --out a", "line 1 is '{', allowed: netlist, input, output, neuron"),
        ("import gone.txt --from netlist --out a", "no such file"),
        ("import dynapse1.json --from samna1 --out a", "file.format is 'format', allowed: a known member"),
        (
            "import dynapse1.json --from set-bias --place 3 --out a",
            "--place is '3', allowed: a core, C<chip>c<core>",
        ),
        ("import dynapse1.json --from netlist --chip dynapse3 --out a", "did you mean"),
        ("import dynapse1.json --from netlist --chip ideal --out a", "one of the family dynapse1 or dynapse2"),
        (
            "import dynapse1.json --from netlist --chip dynapse1-relaxed --out a",
            "choose the profile of a real chip",
        ),
        (
            "import dynapse1.json --from netlist --out dynapse1.json --force",
            "another file than those that are read",
        ),
    ],
)
def test_bad_input_is_code_2_and_writes_nothing(run, files, line, message):
    before = {name: (files / name).read_bytes() for name in names(files)}
    done = run(line)
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.output
    assert {name: (files / name).read_bytes() for name in names(files)} == before


def test_a_time_step_is_positive(run):
    run("export dynapse1.json --to netlist --out a.txt")
    done = run("import a.txt --from netlist --dt 0 --out b.json")
    assert (done.exit_code, "dt is 0.0 s" in done.stderr) == (2, True), done.stderr


def test_warnings_are_a_line_and_code_0(run, files):
    data = legal("dynapse1")
    find(data, "hidden", 0)["tau2"] = True
    settings(data).save("leak.json")
    done = run("export leak.json --to samna1 --out a.json")
    assert done.exit_code == 0
    assert done.stderr.startswith("warning: C0c0n1 use the second leak, for which samna1 has no place")
    text = (files / "a.json").read_text()
    (files / "a.json").write_text(text[: len(text) // 2])
    done = run("import a.json --from samna1 --out b.json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "may be cut off" in done.stderr
    assert "b.json" not in names(files)


PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"<!-- (\S+) (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("form", "chip", "text"), SHOWN, ids=[shown[0] for shown in SHOWN])
def test_examples_of_the_page_can_be_read(run, form, chip, text):
    assert {shown[0] for shown in SHOWN} == {f.name for f in FORMS.values() if f.read is not None}
    Path("page.txt").write_text(text)
    done = run(f"import page.txt --from {form} --chip {chip} --out b.json")
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    config = ChipConfig.load("b.json")
    assert any(c.biases for c in config.cores) == ("biases" in FORMS[form].holds)
    assert any(n.cams and n.srams for n in config.neurons) == (form in ("samna1", "samna2"))
    assert sum(len(n.cams) for n in config.neurons) == {"netlist": 5, "caer-words": 1}.get(
        form, form[:5] == "samna"
    )


def test_the_page_names_all_forms():
    rows = re.findall(r"^\| `([\w-]+)` \| (both|SE1|SE2) \|", PAGE, re.MULTILINE)
    shown = {"both": ("dynapse1", "dynapse2"), "SE1": ("dynapse1",), "SE2": ("dynapse2",)}
    assert {name: shown[chips] for name, chips in rows} == {f.name: f.families for f in FORMS.values()}
