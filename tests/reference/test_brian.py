"""Brian2 on the same neurons: it agrees with LSODA within what its own grid explains."""

from __future__ import annotations

import numpy as np
import pytest
from brian_oracle import solve_brian
from drawn_neurons import DURATION
from golden_spikes import BRIAN_GRID, Golden
from spike_matching import compare

SHORT = 0.1  # [s]


def test_brian_in_the_file_agrees_with_lsoda(golden: Golden) -> None:
    pooled, _ = compare(golden.lsoda, golden.brian)
    assert pooled.median <= 5 * BRIAN_GRID
    assert pooled.lost <= 0.005


def test_live_brian_finds_the_spikes_of_the_file(golden: Golden) -> None:
    """The first tenth of a second of all neurons, on a grid five times as coarse."""
    grid = 5e-6
    live = solve_brian(golden.cells, SHORT, grid)
    expected = [s[s < SHORT] for s in golden.brian]
    assert sum(s.size for s in expected) >= 100
    pooled, _ = compare(expected, live)
    assert pooled.median <= 5 * grid
    assert pooled.p90 <= 20 * grid
    assert pooled.missed + pooled.extra <= 1  # one at the very end of the window may fall outside it


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_live_brian_finds_every_spike_of_the_file(golden: Golden) -> None:
    for found, kept in zip(solve_brian(golden.cells, DURATION, BRIAN_GRID), golden.brian, strict=True):
        np.testing.assert_allclose(found, kept, rtol=0, atol=BRIAN_GRID)
