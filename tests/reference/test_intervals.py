"""Rates, refractory period and adaptation under constant input, against LSODA."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from constant_input import ADAPTING, EXCITABLE, IDC, REFRACTORY, STRONG, exact, rate
from our_solver import defaults, simulate


@pytest.mark.parametrize("refractory", [0.0, 1e-3])
@pytest.mark.parametrize("circuit", [EXCITABLE, STRONG], ids=["own", "strong"])
def test_rate_over_input_current(circuit: dict[str, float], refractory: float) -> None:
    """Within 1 % over Idc 8-320 pA at dt = 1 ms (2 to 70 Hz)."""
    neurons = [defaults(Idc=Idc, refractory=refractory, **circuit) for Idc in IDC]
    expected = [rate(exact(n, 1.5)) for n in neurons]
    found = [rate(s) for s in simulate(neurons, [{}] * len(neurons), 1e-3, 1.5).spikes]
    np.testing.assert_allclose(found, expected, rtol=0.01)


def test_the_documented_defaults_stay_silent_and_fire_where_they_should() -> None:
    """With Itau_mem 5 pA the membrane needs more than 200 pA to fire: 160 pA no, 320 pA yes."""
    neurons = [defaults(Idc=Idc) for Idc in (8e-12, 80e-12, 160e-12, 240e-12, 320e-12)]
    expected = [exact(n, 1.0).size for n in neurons]
    assert expected[:3] == [0, 0, 0]
    assert min(expected[3:]) >= 5
    assert [s.size for s in simulate(neurons, [{}] * 5, 1e-3, 1.0).spikes] == expected


HELD = [defaults(Idc=1e-9, refractory=R, **EXCITABLE) for R in (0.0, *REFRACTORY)]


@pytest.fixture(scope="module")
def lengthened() -> np.ndarray:
    """What the refractory period adds to the interval [s], by the oracle."""
    intervals = np.array([np.diff(exact(n, 0.2))[:5].mean() for n in HELD])
    return intervals - intervals[0]


@pytest.mark.parametrize("dt", [1e-3, 1e-4])
@pytest.mark.parametrize("solver", ["rk4", "heun"])
def test_refractory_period(lengthened: np.ndarray, solver: str, dt: float) -> None:
    """Exact to dt / 2 in float32 from 0.4 to 20 ms, also where it is no multiple of dt.

    It is what an interval gains over the interval of the same neuron without a refractory period.
    """
    run = simulate(HELD, [{}] * len(HELD), dt, 0.2, solver=solver, dtype=torch.float32)
    found = np.array([np.diff(s)[:5].mean() for s in run.spikes])
    assert np.all(np.abs((found - found[0]) - lengthened) <= dt / 2)
    assert np.all(np.abs(lengthened - np.array([0.0, *REFRACTORY])) < 0.05e-3)


@pytest.fixture(scope="module")
def adapting() -> np.ndarray:
    """The first ten intervals [s] by the oracle."""
    return np.array([np.diff(exact(n, 0.7))[:10] for n in ADAPTING])


def test_adaptation_slows_the_neurons_that_are_compared(adapting: np.ndarray) -> None:
    assert np.all(adapting[:, -1] > 1.1 * adapting[:, 0])
    assert np.any(adapting[:, -1] > 2 * adapting[:, 0])


@pytest.mark.parametrize("dt", [1e-3, 1e-4])
def test_first_ten_intervals_of_an_adapting_neuron(adapting: np.ndarray, dt: float) -> None:
    """Each within 1 %."""
    run = simulate(ADAPTING, [{}] * len(ADAPTING), dt, 0.7)
    np.testing.assert_allclose([np.diff(s)[:10] for s in run.spikes], adapting, rtol=0.01)
