"""The file of reference spikes is what the oracles compute, and its neurons were chosen as documented."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_neurons import DURATION, FEEDBACK, PER_REGIME, RATE, draw
from golden_spikes import Golden, keep_all
from oracle import solve


def test_neurons_are_the_draws_they_claim_to_be(golden: Golden) -> None:
    for regime, k, bias, events in zip(golden.regimes, golden.draws, golden.biases, golden.events, strict=True):
        again, again_events = draw(regime, k)
        assert bias == pytest.approx(again, rel=1e-12)
        for receptor, counts in events.items():
            np.testing.assert_array_equal(counts, again_events[receptor])


def test_every_draw_in_the_range_of_rates_was_kept_and_no_other(golden: Golden) -> None:
    assert len(golden.biases) >= 24
    for regime in FEEDBACK:
        drawn, of = golden.drawn[regime], golden.of(regime)
        inside = np.flatnonzero((drawn >= RATE[0] * DURATION) & (drawn <= RATE[1] * DURATION))
        assert [golden.draws[i] for i in of] == inside.tolist()
        assert [golden.lsoda[i].size for i in of] == drawn[inside].tolist()
        assert len(of) == PER_REGIME


def test_all_five_currents_are_active(golden: Golden) -> None:
    for bias, events, spikes in zip(golden.biases, golden.events, golden.lsoda, strict=True):
        assert bias["Iw_ahp"] > 0
        assert spikes.size
        assert all(events[r].sum() >= 5 for r in ("ampa", "nmda", "gabaa", "gabab"))


@pytest.mark.parametrize("method", ["LSODA", "DOP853"])
def test_live_oracle_finds_the_spikes_of_the_file(golden: Golden, method: str) -> None:
    """The busiest and the slowest neuron of each regime; DOP853 shares no integrator with LSODA."""
    for regime in FEEDBACK:
        busy = sorted(golden.of(regime), key=lambda i: golden.lsoda[i].size)
        for i in (busy[0], busy[-1]):
            found = solve(golden.cells[i], DURATION, rtol=1e-10 if method == "LSODA" else 1e-12, method=method)
            np.testing.assert_allclose(found, golden.lsoda[i], rtol=0, atol=1e-6)


@pytest.mark.slow
def test_live_oracle_keeps_the_same_draws_and_finds_all_spikes(golden: Golden) -> None:
    regimes, draws, drawn, spikes = keep_all()
    assert regimes == golden.regimes
    assert draws == golden.draws
    for regime in FEEDBACK:
        np.testing.assert_array_equal(drawn[regime], golden.drawn[regime])
    for found, kept in zip(spikes, golden.lsoda, strict=True):
        np.testing.assert_allclose(found, kept, rtol=0, atol=1e-6)
