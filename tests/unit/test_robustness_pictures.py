"""Pictures, page and words of a report, against reports made by hand."""

from __future__ import annotations

import html
import re
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import arcana
from arcana.analysis import confusion, pictures
from arcana.analysis.conditions import grid
from arcana.analysis.curves import curves
from arcana.analysis.page import robustness_page
from arcana.analysis.pictures import bars, spread
from arcana.analysis.result import RobustnessReport
from arcana.analysis.wording import answer, definition, hardest, where

RNG = np.random.default_rng(0)
ALL = [pictures.metric_picture, pictures.yield_picture, pictures.histogram_picture]


def report(points, values=None, metric="Accuracy", cv=1.0, n=20, threshold=0.9, clean=1.0):
    drawn = values or [(RNG.binomial(40, 0.9, n) / 40).tolist() for _ in points]
    return RobustnessReport.of(
        tuple(points), tuple(map(tuple, drawn)), threshold, clean=clean, metric=metric,
        model=arcana.MismatchModel(cv), seed=0, provenance={"arcana": "0.1.0", "network": "abc", "metric": metric},
    )  # fmt: skip


THREE = report(grid(scale=(0.0, 0.1, 0.2)), [[1.0] * 4, [1, 1, 1, 0.9], [0.5, 1, 0.25, 0.95]])
KINDS = {
    "three scales": THREE,
    "one point": report(grid(scale=0.1)),
    "one chip": report(grid(scale=(0.0, 0.1)), n=1),
    "scales and temperatures": report(grid(scale=(0.0, 0.1), temperature=(-20.0, 27.0, 60.0))),
    "as given and hot": report(grid(temperature=(None, 60.0))),
    "many lines": report(grid(scale=(0.1, 0.2), temperature=tuple(range(9)), dropped=(0.0, 0.1))),
    "equal values": report(grid(scale=(0.1, 0.2)), [[0.0] * 5] * 2, clean=0.0, threshold=0.0),
    "another metric": report(grid(jitter=(0.0, 1e-3)), [[-3.5, 1e9], [2, 1e-9]], metric="ratio", cv=0.1),
}


@pytest.mark.parametrize("picture", ALL)
@pytest.mark.parametrize("kind", KINDS)
def test_every_report_can_be_drawn(picture, kind):
    image = picture(KINDS[kind])
    assert image.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", image[16:24])
    assert 400 < width < 2500
    assert 200 < height < 2500


def test_the_scale_runs_along_the_axis_and_other_conditions_are_lines():
    drawn = curves(KINDS["scales and temperatures"])
    assert drawn.name == "CV of every bias"
    assert drawn.ticks == ((0.0, "0"), (0.1, "0.1"))
    assert [line.label for line in drawn.lines] == [f"temperature {t} °C" for t in (-20, 27, 60)]
    for line, heat in zip(drawn.lines, (-20, 27, 60), strict=True):
        assert line.at == (0.0, 0.1)
        assert [(p.conditions.scale, p.conditions.temperature) for p in line.points] == [(0.0, heat), (0.1, heat)]


def test_where_the_scale_is_fixed_something_else_runs_along_the_axis():
    drawn = curves(KINDS["as given and hot"])
    assert (drawn.name, [text for _, text in drawn.ticks]) == ("temperature", ["as given", "60 °C"])
    assert [line.label for line in drawn.lines] == [""]
    assert curves(KINDS["another metric"]).ticks == ((0.0, "0 s"), (0.001, "1 ms"))


def test_points_in_any_order_make_the_same_curve():
    backwards = report(grid(scale=(0.2, 0.0, 0.1)))
    (line,) = curves(backwards).lines
    assert line.at == (0.0, 0.1, 0.2)
    assert [p.conditions.scale for p in line.points] == [0.0, 0.1, 0.2]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_a_bar_holds_one_value_where_there_are_few(counts):
    values = np.array(counts) / 40
    edges = bars(values)
    numbers, _ = np.histogram(values, edges)
    assert numbers.sum() == len(values)
    assert np.all(np.diff(edges) > 0)
    assert [n for n in numbers if n] == [counts.count(k) for k in sorted(set(counts))]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200))
def test_no_value_is_left_out_of_the_bars_and_dots_stay_in_their_place(values):
    array = np.array(values)
    # bars round to 12 decimals, as numbers of chips do not hang on the last bit
    assert np.histogram(np.round(array, 12), bars(array))[0].sum() == len(values)
    places = spread(array)
    assert np.abs(places).max() <= 1
    assert places.sum() == pytest.approx(0, abs=1e-9)


def test_the_answer():
    assert answer(THREE, THREE.points[2]) == "At CV 0.2, 50.0 % of 4 chips work (15.0 to 85.0 %)"
    assert answer(THREE, THREE.points[0]) == "At CV 0, where all chips are the same, the network works"
    assert hardest(THREE) == 2
    thousand = report(grid(scale=0.2), [[1.0] * 953 + [0.0] * 47])
    assert answer(thousand, thousand.points[0]) == "At CV 0.2, 95.3 % of 1,000 chips work (93.8 to 96.4 %)"
    factor = report(grid(scale=0.5, jitter=1e-3), cv=0.1, n=1)
    assert answer(factor, factor.points[0]).startswith("At mismatch x 0.5, jitter 1 ms, ")
    assert where(factor, factor.points[0].conditions, ("jitter",)) == "jitter 1 ms"


def test_the_definition():
    assert definition(THREE) == (
        "A chip works if its accuracy is at least 90.0 %: 0.9 times the 100.0 % without mismatch."
    )
    ratio = KINDS["another metric"]
    assert definition(ratio) == "A chip works if its ratio is at least 0.9: 0.9 times the 1 without mismatch."


def test_the_worst_chips():
    assert confusion.worst_chips(THREE, 2) == [2, 0, 3]
    assert confusion.worst_chips(THREE, 2, 1) == [THREE.points[2].worst_chip] == [2]
    assert confusion.worst_chips(THREE, 0) == [0]  # all chips are that one


@pytest.mark.parametrize("classes", [2, 4, 30])
def test_confusion_can_be_drawn(classes):
    right = tuple(tuple(int(i == j) * 9 for j in range(classes + 1)) for i in range(classes))
    silent = tuple((0,) * classes + (9,) for _ in range(classes))
    found = [confusion.Confusion("no mismatch\n100 %", right), confusion.Confusion("chip 3", silent)]
    assert confusion.confusion_picture(found).startswith(b"\x89PNG")
    assert confusion.confusion_picture(found[:1], [f"<{k}>" for k in range(classes)]).startswith(b"\x89PNG")


def test_the_page_says_the_answer_first_and_escapes_what_it_is_given():
    text = robustness_page(THREE, {"A <picture>": b"png"}, "x = '<b>'", {"settings": "<a>.json"}, ("R & D",))
    assert text.index("50.0 % of 4 chips work") < text.index("<img") < text.index("All numbers")
    for part in ("A <picture>", "x = '<b>'", "<a>.json", "R & D"):
        assert part not in text
        assert html.escape(part) in text
    assert "http" not in text
    rows = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td></tr>", text)
    assert rows[-3:] == [
        ("2", "CV 0.2", "25.0 %", "no"), ("0", "CV 0.2", "50.0 %", "no"), ("3", "CV 0.2", "95.0 %", "yes"),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_report_has_a_page(kind):
    text = robustness_page(KINDS[kind], {}, "", {})
    assert text.count("<table") == text.count("</table>") == 3
