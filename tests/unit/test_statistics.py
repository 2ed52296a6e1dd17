"""Summaries of chips, and whether their intervals hold the truth as often as they say."""

import json
import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from arcana.analysis.statistics import mean_interval, summarise, wilson, works
from arcana.errors import BadInput
from arcana.executors import execute

SIMULATIONS = 4000


@cache
def interval(successes: int, n: int) -> tuple[float, float]:
    return wilson(successes, n)


def test_summary_of_known_numbers() -> None:
    s = summarise([0.0, 1.0, 2.0, 3.0, 4.0], threshold=2.0)
    assert (s.n, s.mean, s.p50, s.worst, s.yield_) == (5, 2.0, 2.0, 0.0, 0.6)
    assert s.sd == pytest.approx(math.sqrt(2.5), rel=1e-15)
    assert (s.p5, s.p95) == pytest.approx((0.2, 3.8), rel=1e-12)  # rank 1 + 4 p / 100, linear in between
    assert (s.yield_low, s.yield_high) == wilson(3, 5)


def test_wilson_interval_of_its_formula() -> None:
    z, n, p = 1.959963984540054, 50, 0.9
    centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    expected = ((centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n))
    assert wilson(45, 50) == pytest.approx(expected, rel=1e-9)
    assert wilson(0, 50)[0] == 0
    assert wilson(0, 50)[1] > 0.05
    assert wilson(50, 50)[1] == pytest.approx(1)
    assert wilson(50, 50)[0] < 0.95
    assert wilson(45, 50, 0.5)[0] > wilson(45, 50)[0]


def test_one_chip_has_no_spread_and_no_nan() -> None:
    s = summarise([0.7], threshold=0.5)
    assert (s.sd, s.mean, s.p5, s.p95, s.worst, s.yield_) == (0.0, 0.7, 0.7, 0.7, 0.7, 1.0)
    assert s.yield_low < 0.3  # one working chip says little
    assert all(math.isfinite(value) for value in s.to_dict().values())


def test_rounding_does_not_break_a_chip() -> None:
    assert 0.9 * 0.4 > 36 / 100  # so that without a slack 36 of 100 would miss 0.9 of 40 of 100
    assert summarise([36 / 100], threshold=0.9 * 0.4).yield_ == 1
    assert works([-36 / 100], -0.9 * 0.4 + 1e-16).all()
    assert not works([0.36 - 1e-9], 0.36).any()


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.integers(0, 40))
def test_yield_counts_what_counting_in_whole_numbers_counts(right: list[int], needed: int) -> None:
    s = summarise([k / 40 for k in right], threshold=needed / 40)
    assert round(s.yield_ * s.n) == sum(k >= needed for k in right)
    assert s.yield_low <= s.yield_ <= s.yield_high or s.yield_ == pytest.approx(s.yield_high)
    assert s.worst <= s.p5 <= s.p50 <= s.p95 <= max(right) / 40


def test_dictionary_is_json_and_names_the_yield() -> None:
    told = json.loads(json.dumps(summarise([1.0, 2.0], 1.5).to_dict()))
    assert told["yield"] == 0.5
    assert "yield_" not in told
    assert len(told) == 10


@pytest.mark.parametrize("true_yield", [0.5, 0.7, 0.8, 0.9, 0.95, 0.97])
@pytest.mark.parametrize("n", [100, 200, 500, 1000])
def test_intervals_of_the_yield_hold_it_as_often_as_they_say(true_yield: float, n: int) -> None:
    """A metric that is standard normal over chips, and the threshold at the quantile that gives this yield."""
    rng = np.random.default_rng([n, round(100 * true_yield)])
    good = works(rng.standard_normal((SIMULATIONS, n)), float(norm.ppf(1 - true_yield))).sum(1)
    inside = [low <= true_yield <= high for low, high in (interval(int(k), n) for k in good)]
    assert 0.92 <= np.mean(inside) <= 0.98


class Accuracies:
    """Work whose chips have an accuracy on 40 series, each right with probability 0.95; every point is a study."""

    def __call__(self, point: int, first: int, count: int) -> list[float]:
        rng = np.random.default_rng([5, point])
        return list(rng.binomial(40, 0.95, first + count)[first:] / 40)


def test_coverage_on_the_way_of_a_study() -> None:
    studies, n = 2000, 100
    values = execute(Accuracies(), range(studies), n, chunk=n)
    summaries = [summarise([values[k, chip] for chip in range(n)], 0.925 * 1.0) for k in range(studies)]
    true_yield = binom.sf(36, 40, 0.95)  # at least 37 of 40
    assert 0.92 <= np.mean([s.yield_low <= true_yield <= s.yield_high for s in summaries]) <= 0.98
    assert np.mean([s.yield_ for s in summaries]) == pytest.approx(true_yield, abs=0.005)


@pytest.mark.parametrize(("name", "mean"), [("normal", 0.0), ("beta", 8 / 9), ("accuracy", 0.97)])
def test_intervals_of_the_mean_hold_it_as_often_as_they_say(name: str, mean: float) -> None:
    draw = {
        "normal": lambda rng: rng.standard_normal((100, 64)),
        "beta": lambda rng: rng.beta(8, 1, (100, 64)),  # skewed as a metric that is good on most chips
        "accuracy": lambda rng: rng.binomial(40, 0.97, (100, 64)) / 40,
    }[name]
    inside = []
    for k in range(20):  # the rows of a call share their resamples, so many calls
        low, high = mean_interval(draw(np.random.default_rng([11, k])), seed=k)
        inside.append((low <= mean) & (mean <= high))
    assert 0.92 <= np.mean(inside) <= 0.98


def test_interval_of_the_mean_is_the_same_every_time_and_needs_no_spread() -> None:
    rows = np.random.default_rng(0).normal(size=(3, 20))
    rows[1] = 0.3
    low, high = mean_interval(rows, seed=4)
    assert np.array_equal((low, high), mean_interval(rows, seed=4))
    alone = mean_interval(rows[2], seed=4)
    assert np.allclose((low[2], high[2]), alone, rtol=1e-12, atol=0)  # sums in another order
    assert not np.array_equal(low[0], mean_interval(rows, seed=5)[0][0])
    assert (low[1], high[1]) == (0.3, 0.3)
    assert (low[[0, 2]] < rows[[0, 2]].mean(1)).all()
    assert (rows[[0, 2]].mean(1) < high[[0, 2]]).all()
    wide = mean_interval(rows[0], 0.99, seed=4)
    assert wide[0] < low[0]
    assert high[0] < wide[1]


def test_everything_that_is_wrong_is_said() -> None:
    with pytest.raises(BadInput) as caught:
        summarise([1.0, math.nan, math.inf], threshold=math.nan)
    assert [p.field for p in caught.value.problems] == ["values", "threshold"]
    assert "2 values" in str(caught.value)
    with pytest.raises(BadInput, match="at least one chip"):
        summarise([], threshold=0.5)
    with pytest.raises(BadInput) as caught:
        wilson(5, 4, confidence=95)
    assert [p.field for p in caught.value.problems] == ["successes of n", "confidence"]
    for successes, n in ((1.5, 4), (-1, 4), (0, 0), (True, 4)):
        with pytest.raises(BadInput, match="whole numbers"):
            wilson(successes, n)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="at least two"):
        mean_interval([1.0])
