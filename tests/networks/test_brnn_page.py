"""The page on the bRNN family says what is true."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from arcana.networks.brnn import BRNN, PRESETS, Parts

PAGE = (Path(__file__).parents[2] / "docs" / "brnn.md").read_text(encoding="utf-8")


def test_its_snippets_run():
    pytest.importorskip("sklearn")
    for snippet in re.findall(r"```python\n(.*?)```", PAGE, re.S):
        exec(snippet, {})


def test_its_table_is_the_presets():
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \| [\d,]+ \|$", PAGE, re.M))
    assert list(rows) == list(PRESETS)
    base = PRESETS["cb_gru"]
    for name, parts in PRESETS.items():
        changed = {f.name: getattr(parts, f.name) for f in fields(Parts)}
        changed = {k: v for k, v in changed.items() if v != getattr(base, k)}
        shown = ", ".join("plastic" if k == "plastic" else f"{k} {v}" for k, v in changed.items())
        assert rows[name] == (shown or "-")


def test_its_numbers_of_parameters():
    for name, count in re.findall(r"^\| `(\w+)` \| [^|]+ \| ([\d,]+) \|$", PAGE, re.M):
        assert int(count.replace(",", "")) == sum(p.numel() for p in BRNN(name, 8, 24, 10).parameters())


def test_all_parts_are_explained():
    for f in fields(Parts):
        assert re.search(rf"^\| [^|]*`{f.name}`", PAGE, re.M), f.name
