"""Synapses against their closed form, and the potentials they leave on the membrane against LSODA."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn_neurons import CAPACITANCE, CONSTANTS
from oracle import RECEPTORS, Cell, trace
from our_solver import TECHNOLOGY, biases, defaults, simulate, state

from arcana.circuits import dpi
from arcana.circuits.relations import tau_of

RATIOS = np.geomspace(0.01, 10, 13)  # dt / tau
DT = 1e-3


def with_tau(tau: float) -> dict[str, float]:
    """All synapses with this time constant [s]; an event adds 320 pA."""
    Itau = CAPACITANCE["ampa"] * CONSTANTS["Ut"] / (CONSTANTS["kappa"] * tau)
    return defaults(**{f"Itau_{r}": Itau for r in RECEPTORS}, **{f"Igain_{r}": 4 * Itau for r in RECEPTORS})


@pytest.mark.parametrize("solver", ["rk4", "heun"])
def test_decay_is_exact(solver: str) -> None:
    """To 1e-6 for dt / tau from 0.01 to 10, down to the floor I0."""
    events = [dict.fromkeys(RECEPTORS, np.array([1])) for _ in RATIOS]
    found = simulate(
        [with_tau(DT / ratio) for ratio in RATIOS], events, DT, 0.2, solver=solver,
        record=[f"I{r}" for r in RECEPTORS],
    )  # fmt: skip
    elapsed = np.arange(1, 201)[:, None] * DT
    start = CONSTANTS["I0"] + 320e-12
    exact = np.maximum(start * np.exp(-elapsed * RATIOS / DT), CONSTANTS["I0"])
    for r in RECEPTORS:
        np.testing.assert_allclose(found.record[f"I{r}"], exact, rtol=1e-6)


def test_decay_in_single_precision_is_exact_per_step() -> None:
    neurons = [with_tau(DT / ratio) for ratio in RATIOS]
    high = [1e-7] * len(RATIOS)
    found = simulate(
        neurons, [{}] * len(RATIOS), DT, DT, dtype=torch.float32, record=["Iampa"],
        start=state(len(RATIOS), torch.float32, Iampa=high),
    )  # fmt: skip
    np.testing.assert_allclose(found.record["Iampa"][0], 1e-7 * np.exp(-RATIOS), rtol=1e-6)


@pytest.mark.parametrize("solver", ["rk4", "heun"])
def test_membrane_receives_the_exact_charge(solver: str) -> None:
    """The solver's quadrature of the stages is tau (1 - exp(-h / tau)), for any h / tau."""
    c = dpi.coefficients(biases([with_tau(DT / r) for r in RATIOS]), TECHNOLOGY, DT, solver=solver, substeps=1)
    s = c.ampa
    weighed = (s.start + 4 * s.middle + s.end) / 6 if solver == "rk4" else (s.start + s.end) / 2
    np.testing.assert_allclose(weighed.numpy(), (1 - np.exp(-RATIOS)) / RATIOS, rtol=1e-6)


# Idc [pA] that the membrane rests on, and the weight [pA] of the event: clear effects, no spike
POTENTIALS = {"ampa": (1, 20), "nmda": (100, 40), "gabaa": (100, 2), "gabab": (100, 25)}


@pytest.fixture(scope="module")
def settled() -> list[Cell]:
    """A resting neuron per receptor, one event at time 0."""
    cells = []
    for receptor, (Idc, Iw) in POTENTIALS.items():
        bias = defaults(Idc=Idc * 1e-12, **{f"Iw_{receptor}": Iw * 1e-12})
        rest = trace(Cell(bias, **CONSTANTS, C=CAPACITANCE), [1.0]).Imem[-1]
        events = {receptor: np.array([0.0])}
        cells.append(Cell(bias, **CONSTANTS, C=CAPACITANCE, events=events, start={"mem": rest}))
    return cells


@pytest.mark.parametrize("dt", [1e-3, 1e-4, 1e-5])
def test_peak_of_the_potential(settled: list[Cell], dt: float) -> None:
    """The largest excursion of Imem after one event, within 1 % of LSODA at dt = 1, 0.1 and 0.01 ms."""
    rest = np.array([c.start["mem"] for c in settled])
    events = [{receptor: np.array([1])} for receptor in POTENTIALS]
    found = simulate(
        [c.bias for c in settled], events, dt, 0.05, record=["Imem"], start=state(4, Imem=rest.tolist())
    )  # fmt: skip
    for i, cell in enumerate(settled):
        exact = trace(cell, np.arange(1, 5001) * 1e-5)
        assert exact.spikes.size == found.spikes[i].size == 0
        expected = np.abs(exact.Imem - rest[i]).max()
        assert expected > 0.05 * rest[i]
        assert np.abs(found.record["Imem"][:, i] - rest[i]).max() == pytest.approx(expected, rel=0.01)


def test_time_constant_follows_the_temperature() -> None:
    """Tau = C Ut / (kappa Itau), Ut = k T / q: the measured decay is slower in proportion to T."""
    kelvin = np.array([253.15, 300.0, 358.15])
    bias, measured = defaults(), []
    for T in kelvin:
        warm = TECHNOLOGY.at_temperature(T)
        run = simulate(
            [bias], [{}], DT, 5e-3, record=["Iampa"], technology=warm, start=state(1, Iampa=[1e-9])
        )  # fmt: skip
        measured.append(5e-3 / np.log(1e-9 / run.record["Iampa"][-1, 0]))
        assert measured[-1] == pytest.approx(float(tau_of(torch.tensor(20e-12), 2e-12, warm)), rel=1e-6)
    np.testing.assert_allclose(measured, 2e-12 * kelvin * 8.617333262e-5 / (0.705 * 20e-12), rtol=1e-6)
