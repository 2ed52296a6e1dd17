"""What holds for any weights: switches, counts, and the projection on the fan-in."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from arcana.quantize.counted import choose_counts
from arcana.quantize.switched import choose_switches, grid_switches
from arcana.quantize.weights import largest_words, nearest_sums, project_fan_in

weight = st.one_of(st.just(0.0), st.floats(1e-4, 1.0))
rows = arrays(np.float64, st.integers(1, 40), elements=weight)
tables = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 8)), elements=weight)
levels = st.lists(st.floats(1e-3, 1.0), min_size=1, max_size=12, unique=True)


@settings(max_examples=15)
@given(rows, st.one_of(st.none(), levels), st.integers(1, 4))
def test_switches_are_the_nearest_and_never_worse_than_the_grid(weights, steps, switches):
    fit = choose_switches(weights, levels=steps, switches=switches)
    sums = ((np.arange(2**switches)[:, None] >> np.arange(switches)) & 1) @ fit.currents
    np.testing.assert_allclose(fit.values, sums[fit.masks], rtol=1e-9)
    assert (abs(fit.values - weights) <= abs(weights[:, None] - sums).min(1) + 1e-12).all()
    assert fit.rms <= grid_switches(weights, levels=steps, switches=switches).rms * (1 + 1e-9) + 1e-9
    assert fit.rms <= 1  # no synapse at all would be 1
    if steps is not None:
        assert np.isin(fit.currents, steps).all()


@given(tables, arrays(np.float64, 3, elements=st.floats(1e-3, 1.0)), st.integers(1, 8))
def test_layers_and_cores_switch_alike(wanted, currents, fan_in):
    """The torch side, which trains, gives what the numpy side, which exports, would give."""
    kept = largest_words(torch.from_numpy(wanted), fan_in)
    masks, sums = nearest_sums(kept, torch.from_numpy(currents))
    assert ((kept > 0).sum(-1) <= fan_in).all()
    assert (kept.sum(-1) >= torch.from_numpy(np.sort(wanted)[:, -fan_in:].sum(-1)) - 1e-12).all()
    every = ((np.arange(8)[:, None] >> np.arange(3)) & 1) @ currents
    np.testing.assert_allclose(sums.numpy(), every[masks.numpy()], rtol=1e-12)
    best = abs(kept.numpy()[..., None] - every).min(-1)
    np.testing.assert_allclose(abs(sums.numpy() - kept.numpy()), best, rtol=1e-9, atol=1e-12)
    assert (masks[kept == 0] == 0).all()


@settings(max_examples=15)
@given(tables, st.integers(1, 10))
def test_counts_stay_within_the_fan_in_and_are_no_worse_than_nothing(weights, fan_in):
    fit = choose_counts(weights, fan_in)
    assert fit.counts.min() >= 0
    assert fit.counts.sum(1).max() <= fan_in
    assert fit.rms <= 1
    assert (fit.counts[weights == 0] == 0).all()


@given(
    arrays(np.float64, st.tuples(st.just(3), st.integers(1, 8)), elements=st.floats(-5, 5)),
    arrays(np.float64, 3, elements=st.floats(0, 10)),
)
def test_the_projection_is_legal_and_its_rest_points_outwards(wanted, budget):
    """(wanted - found) (x - found) <= 0 for every legal x, here the corners: what makes it the nearest point."""
    found = project_fan_in(torch.from_numpy(wanted), torch.from_numpy(budget)).numpy()
    assert (found >= 0).all()
    assert (found.sum(1) <= budget + 1e-9).all()
    rest = wanted - found
    for k in range(3):
        corners = np.vstack([np.zeros(wanted.shape[1]), budget[k] * np.eye(wanted.shape[1])])
        assert ((corners - found[k]) @ rest[k]).max() <= 1e-8
