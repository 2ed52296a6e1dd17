"""Every command and snippet of docs/robustness.md runs as written, on fewer chips and the demo's quick network."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "robustness.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.filterwarnings("ignore::arcana.errors.ArcanaWarning")


def test_the_page_from_top_to_bottom(run, tmp_path, capsys):
    blocks = re.findall(r"```(console|python)\n(.*?)```", PAGE, re.DOTALL)
    assert [kind for kind, _ in blocks].count("python") == 3
    commands, names = 0, {}
    for kind, text in blocks:
        if kind == "python":
            exec(compile(re.sub(r"n_chips=20\b", "n_chips=2", text), "docs/robustness.md", "exec"), names)
            continue
        for line in re.findall(r"^\$ arcana (.*)$", text, re.MULTILINE):
            quick = line + " --quick" if line.startswith("demo") else re.sub(r"--chips \d+", "--chips 2", line)
            done = run(quick)
            assert done.exit_code == 0, (line, done.output)
            commands += 1
    assert commands >= 4
    printed = capsys.readouterr().out.splitlines()
    with Path("few.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 4
    assert 0 <= float(printed[0]) <= 1  # the chip that was rebuilt
    rows = " ".join(re.findall(r"^\| (`[^|]*) \|", PAGE, re.MULTILINE))
    named = set(re.findall(r"[\w-]+\.(?:html|png|csv|json)\b", rows.partition("--")[0]))
    assert {path.name for folder in ("arcana-robustness", "limits") for path in Path(folder).iterdir()} == named


def test_what_the_page_names_is_there():
    options = set(re.findall(r"`(--[\w-]+)", PAGE)) | set(re.findall(r" (--[\w-]+) ", PAGE))
    from typer.main import get_command

    from arcana.cli import app

    known = {name for option in get_command(app).commands["robustness"].params for name in option.opts}
    assert options <= known
    assert set(re.findall(r"`(--[\w-]+)", _section("## robustness"))) <= known
    for picture in re.findall(r"\]\((images/.*?)\)", PAGE):
        assert (DOCS / picture).is_file()


def _section(title):
    text = (DOCS / "command-line.md").read_text(encoding="utf-8")
    return text.partition(f"\n{title}\n")[2].partition("\n## ")[0]
