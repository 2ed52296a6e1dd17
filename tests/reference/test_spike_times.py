"""Spike times of the solver against LSODA (rtol 1e-10) and Brian2 (rk4), all five currents active, 1 s.

Spikes are matched in order, within 2.5 ms (half of the shortest mean interval, 200 Hz): see ``spike_matching``.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn_neurons import FEEDBACK
from golden_spikes import Golden
from our_solver import Ours
from spike_matching import compare, match, pool

ORACLES = ("lsoda", "brian")


@pytest.mark.parametrize("oracle", ORACLES)
def test_default_solver_at_a_tenth_of_a_millisecond(golden: Golden, ours: Ours, oracle: str) -> None:
    pooled, _ = compare(getattr(golden, oracle), ours("rk4", 1e-4))
    assert pooled.median <= 0.03e-3
    assert pooled.lost <= 0.005


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("oracle", ORACLES)
def test_default_solver_at_a_millisecond(golden: Golden, ours: Ours, oracle: str, dtype: torch.dtype) -> None:
    pooled, _ = compare(getattr(golden, oracle), ours("rk4", 1e-3, dtype))
    assert pooled.median <= 0.06e-3
    assert pooled.p90 <= 0.15e-3
    assert pooled.lost <= 0.02


def test_each_regime_of_the_feedback_meets_the_numbers_alone(golden: Golden, ours: Ours) -> None:
    _, each = compare(golden.lsoda, ours("rk4", 1e-3))
    for regime in FEEDBACK:
        pooled = pool([each[i] for i in golden.of(regime)])
        assert pooled.median <= 0.06e-3
        assert pooled.p90 <= 0.15e-3
        assert pooled.lost <= 0.02


def test_spike_counts_under_poisson_drive(golden: Golden, ours: Ours) -> None:
    """Within 3 % of the converged count: in each regime together, and for each neuron within one spike or 3 %."""
    found = np.array([s.size for s in ours("rk4", 1e-3)])
    expected = np.array([s.size for s in golden.lsoda])
    assert np.all(np.abs(found - expected) <= np.maximum(1, 0.03 * expected))
    for regime in FEEDBACK:
        of = golden.of(regime)
        assert found[of].sum() == pytest.approx(expected[of].sum(), rel=0.03)


def test_a_wider_window_changes_little(golden: Golden, ours: Ours) -> None:
    """The numbers do not come from the choice of the window."""
    pooled, _ = compare(golden.lsoda, ours("rk4", 1e-3), window=10e-3)
    assert pooled.median <= 0.06e-3
    assert pooled.p90 <= 0.15e-3


def test_single_precision_moves_hardly_a_spike(ours: Ours) -> None:
    pooled, _ = compare(ours("rk4", 1e-3), ours("rk4", 1e-3, torch.float32))
    assert pooled.median < 1e-6
    assert pooled.lost <= 0.002


def test_solvers_rank_as_documented(golden: Golden, ours: Ours) -> None:
    rk4, heun, euler = (compare(golden.lsoda, ours(s, 1e-3))[0] for s in ("rk4", "heun", "euler"))
    assert rk4.median < heun.median / 10
    assert heun.median < euler.median
    assert rk4.lost < heun.lost < euler.lost


def test_matching_counts_what_has_no_partner() -> None:
    score = match(np.array([0.010, 0.020, 0.030]), np.array([0.0101, 0.0260, 0.0301, 0.040]))
    assert score.errors == pytest.approx([1e-4, 1e-4])
    assert (score.missed, score.extra, score.expected) == (1, 2, 3)
    assert score.lost == pytest.approx(1.0)
    assert score.count_error == pytest.approx(1 / 3)
