"""The examples in docs/command-line.md do what the page shows."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")


def test_commands_print_what_the_page_shows(run):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "docs/command-line.md", "exec"), {})  # writes hand.csv and chip.json
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    shown = [part for block in blocks for part in re.split(r"^\$ arcana ", block, flags=re.MULTILINE)[1:]]
    assert len(shown) >= 8
    for part in shown:
        line, _, text = part.partition("\n")
        assert hidden(run(line).output) == hidden(text), line


def hidden(text: str) -> str:
    """The text without the hash of the profile, which every change of the profile changes."""
    return re.sub(r"\([0-9a-f]{12}\)", "(hash)", text)
