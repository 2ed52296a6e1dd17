"""Inputs far outside of what a chip would see leave finite numbers, and any positive threshold works."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn_neurons import CAPACITANCE, CONSTANTS, GRID, cell
from oracle import RECEPTORS, Cell, solve
from our_solver import defaults, simulate, state

I0 = CONSTANTS["I0"]
EXTREMES = {
    "huge weights": defaults(**{f"Iw_{r}": 1e-3 for r in RECEPTORS}),
    "huge excitation": defaults(Iw_ampa=1.0, Iw_nmda=1.0),
    "huge leak": defaults(Itau_mem=1e-3),
    "huge gain": defaults(Igain_mem=1.0),
    "tiny gain": defaults(Igain_mem=1e-20),
    "tau far below dt": defaults(**{f"Itau_{r}": 1e-4 for r in RECEPTORS}),
    "tau of hours": defaults(**{f"Itau_{r}": 1e-18 for r in RECEPTORS}),
    "huge input current": defaults(Idc=1e-3),
    "abrupt feedback": defaults(Ipfb_norm=1e18, Ipfb_th=1e-13),
    "threshold of an ampere": defaults(Ith=1.2, Idc=1e-3),
    "threshold at the floor": defaults(Ith=I0),
    "threshold below the floor": defaults(Ith=I0 / 10),
    "huge adaptation": defaults(Idc=1e-9, Iw_ahp=1e-3),
    "refractory for hours": defaults(Idc=1e-9, refractory=1e4),
}


@pytest.mark.parametrize("start", [I0, 1e-9, 1e-6, 1.0], ids=["rest", "1 nA", "above threshold", "1 A"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("solver", ["rk4", "heun", "euler"])
def test_everything_stays_finite(solver: str, dtype: torch.dtype, start: float) -> None:
    rng = np.random.default_rng(3)
    neurons = list(EXTREMES.values())
    events = [{r: rng.poisson(0.2, 60) * rng.choice([1, 64], 60) for r in RECEPTORS} for _ in neurons]
    run = simulate(
        neurons, events, GRID, 60 * GRID, solver=solver, dtype=dtype, record=["Imem", "Iampa", "Inmda", "Iahp"],
        start=state(len(neurons), dtype, Imem=[start] * len(neurons)),
    )  # fmt: skip
    for name, values in run.record.items():
        broken = [n for n, column in zip(EXTREMES, values.T, strict=True) if not np.isfinite(column).all()]
        assert not broken, name
        assert values.min() >= I0 * (1 - 1e-6)
    assert all(torch.isfinite(value).all() for value in run.state)
    for spikes in run.spikes:
        assert np.all((spikes >= -1e-9) & (spikes <= 60 * GRID + 1e-9))
        assert np.all(np.diff(spikes) > 0)


@pytest.mark.parametrize("Ith", [1e-12, 1e-9, 0.012, 1.2])
def test_any_positive_threshold(Ith: float) -> None:
    """The last two come from published networks and are a voltage in disguise (0.93 and 1.09 V)."""
    bias = defaults(Ith=Ith, Idc=400e-12, Igain_mem=400e-12, Ipfb_th=5e-12, Ipfb_norm=1e13, refractory=1e-3)
    expected = solve(Cell(bias, **CONSTANTS, C=CAPACITANCE), 0.2)
    assert expected.size >= 2
    found = simulate([bias], [{}], 1e-4, 0.2).spikes[0]
    assert found.size == expected.size
    np.testing.assert_allclose(np.diff(found), np.diff(expected), rtol=0, atol=0.05e-3)  # dt / 2


def test_a_membrane_above_its_threshold_fires_at_once() -> None:
    run = simulate([defaults()], [{}], GRID, 5 * GRID, start=state(1, Imem=[1e-6]))
    assert run.spikes[0].tolist() == [0.0]


def test_at_most_one_spike_a_step() -> None:
    """A rate above 1 / dt saturates there: 1.6 kHz are 1 kHz at dt = 1 ms, and all there at 0.1 ms."""
    bias = defaults(Idc=2e-9, Igain_mem=1e-8)
    exact = solve(Cell(bias, **CONSTANTS, C=CAPACITANCE), 0.05).size
    coarse, fine = (simulate([bias], [{}], dt, 0.05).spikes[0].size for dt in (1e-3, 1e-4))
    assert exact > 60
    assert 45 <= coarse <= 50
    assert abs(fine - exact) <= 1


def test_a_saturated_neuron_keeps_up_with_time() -> None:
    """Driven to 10 kHz for 20 ms, it fires in every step in which LSODA does, and falls silent with it."""
    bias = defaults(Iw_ampa=2e-9, Igain_mem=1e-9, Itau_mem=20e-12)
    events = {"ampa": np.array([1] * 20 + [0] * 80)}
    exact = solve(cell(bias, events), 0.1)
    assert exact.size > 400
    steps = np.unique(exact // GRID)
    found = simulate([bias], [events], GRID, 0.1).spikes[0]
    assert found.size == pytest.approx(steps.size, abs=2)
    assert (found > 0.02).sum() == pytest.approx((steps >= 20).sum(), abs=2)
    assert found[-1] == pytest.approx(exact[-1], abs=5e-3)  # the phase in which saturation leaves it is arbitrary
