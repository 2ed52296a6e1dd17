"""Conditions of a study, and all combinations of them."""

from __future__ import annotations

import math

import pytest

from arcana.analysis.conditions import Conditions, grid, varied
from arcana.errors import BadInput


def test_defaults_are_an_ordinary_chip():
    point = Conditions()
    assert not point.disturbs_input
    assert not point.same_for_all
    assert point.label() == "scale 1"


@pytest.mark.parametrize("name", ["noise", "jitter", "dropped", "spurious"])
def test_each_of_these_gives_chips_input_of_their_own(name):
    assert Conditions(**{name: 0.1}).disturbs_input
    assert not Conditions(scale=0, **{name: 0.1}).same_for_all


@pytest.mark.parametrize("name", ["drift", "dead_neurons", "dead_cams"])
def test_each_of_these_tells_chips_apart(name):
    assert not Conditions(scale=0, **{name: 0.1}).same_for_all


def test_temperature_and_codes_do_not_tell_chips_apart():
    assert Conditions(scale=0, temperature=60, quantised=True).same_for_all


def test_everything_that_is_wrong_is_listed():
    with pytest.raises(BadInput) as caught:
        Conditions(
            scale=-1, temperature=300, quantised=1, dead_neurons=1.5, dead_cams=math.nan, drift=2, noise="a",
            jitter=-1e-3, dropped=True, spurious=math.inf,
        )  # fmt: skip
    fields = [problem.field for problem in caught.value.problems]
    assert fields == [
        "scale", "temperature", "quantised", "dead_neurons", "dead_cams", "drift", "noise", "jitter", "dropped",
        "spurious",
    ]  # fmt: skip
    assert "°C" in str(caught.value)


def test_grid_runs_the_first_name_slowest():
    points = grid(scale=(0, 1), temperature=[-20, 60], noise=0.1)
    assert [(p.scale, p.temperature, p.noise) for p in points] == [
        (0, -20, 0.1), (0, 60, 0.1), (1, -20, 0.1), (1, 60, 0.1),
    ]  # fmt: skip
    assert varied(points) == ("scale", "temperature")


def test_grid_lists_every_problem():
    with pytest.raises(BadInput) as caught:
        grid(scale=(0, -1), temprature=3, noise=(), jitter=(1e-3, 1e-3))
    text = str(caught.value)
    assert "temprature" in text
    assert "temperature" in text
    assert {p.field for p in caught.value.problems} >= {"scale", "noise", "jitter"}


def test_values_as_people_read_them():
    point = Conditions(scale=0.5, temperature=-20, quantised=False, jitter=2e-3, spurious=1.5, dead_cams=0.01)
    expected = "scale 0.5, temperature -20 °C, quantised off, dead cams 0.01, jitter 2 ms, spurious 1.5 Hz"
    assert point.label() == expected
    assert Conditions().text("temperature") == "as given"
