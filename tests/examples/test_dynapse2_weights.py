"""Example 05 at small size here and in full with -m slow."""

from __future__ import annotations

import pytest
from loaded import example


@pytest.fixture(scope="module")
def task():
    return example("05_dynapse2_weights")


def check(result):
    assert result.floating > 5, result
    assert result.kept >= 0.9, result
    assert max(result.words) <= 64
    assert 0.02 < result.weight_error < 0.2  # they were rounded
    assert len(result.currents) == 4


def test_one_seed(task):
    (result,) = task.main(seeds=1, quick=True, show=False)
    check(result)


def test_an_untrained_network_does_not_tell_the_patterns_apart(task):
    X, first = task.noise.patterns(0), task.noise.network(0)
    assert task.ratio(task.layer(task.biases_of(first), first, whole=False), X) < 2


def test_biases_of_codes_are_codes(task):
    """What was rounded once is what the chip makes: rounding it again changes nothing."""
    free = task.biases_of(task.noise.network(0))
    once = task.of_codes(free)
    twice = task.of_codes(once)
    assert once["Itau_ampa"] != free["Itau_ampa"]
    assert twice == pytest.approx(once, rel=1e-9)


@pytest.mark.slow
def test_five_of_five_seeds(task):
    for result in task.main(seeds=5, show=False):
        check(result)
