"""Example 10 at small size; docs/robust-training.md has the study."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from loaded import example

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def training():
    return example("10_robust_training")


def test_both_networks_learn_and_are_judged_on_the_same_chips(training, capsys):
    plain, hardened = training.main(updates=24, chips=12).values()
    for report in (plain, hardened):
        assert report.clean >= 0.75  # chance is a quarter
        assert report.seed == training.JUDGED_ON != training.TRAINED_ON
        assert len(set(report.points[0].values)) > 1
    assert plain.model == hardened.model
    assert plain.points[0].values != hardened.points[0].values
    shown = capsys.readouterr().out
    assert "plain" in shown
    assert "sample" in shown


@pytest.mark.slow
def test_hardened_pays(training):
    plain, hardened = (report.points[0].summary for report in training.main(show=False).values())
    assert hardened.mean > plain.mean
    assert hardened.yield_low > plain.yield_high


@pytest.mark.filterwarnings("ignore::arcana.errors.ArcanaWarning")  # three updates teach little
def test_the_snippet_of_the_page_runs():
    (snippet,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "robust-training.md").read_text("utf-8"), re.S)
    assert "updates=120" in snippet
    names: dict = {}
    exec(snippet.replace("updates=120", "updates=3").replace("n_chips=100", "n_chips=4"), names)
    assert [len(point.values) for point in names["report"].points] == [4, 4]
