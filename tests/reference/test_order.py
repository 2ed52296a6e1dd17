"""Order of the solvers away from spikes and input events."""

from __future__ import annotations

import numpy as np
import pytest
from smooth_pieces import errors, order


@pytest.mark.parametrize(("solver", "at_least"), [("rk4", 3.5), ("heun", 1.8)])
def test_observed_order(solver: str, at_least: float) -> None:
    assert np.all(order(solver) >= at_least)


def test_default_solver_is_accurate_at_its_longest_substep() -> None:
    assert errors("rk4", 0.5e-3).max() < 1e-5  # in ln Imem


def test_plain_average_of_the_synapses_would_be_second_order_only() -> None:
    """The reason for the scaled stages: with the mean over the step at every stage rk4 has order 2."""
    assert np.all(order("rk4", plain_average=True) < 2.2)
    assert np.all(errors("rk4", 0.5e-3) < errors("rk4", 0.5e-3, plain_average=True) / 10)
