"""Each receptor does its own work, in the solver as in LSODA."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_neurons import CAPACITANCE, CONSTANTS, GRID
from oracle import Cell, solve, trace
from our_solver import defaults, simulate, state

DURATION = 0.4  # [s]
# An AMPA event every 5 ms makes it fire; the leak is small enough for a few picoamperes of shunt to matter
DRIVEN = defaults(Itau_mem=3e-12, Iw_ampa=150e-12, Iw_gabaa=10e-12, Iw_gabab=200e-12, refractory=2e-3)
EXCITATORY = 5  # [ms]
NMDA = defaults(Inmda_thr=500e-12, Itau_nmda=2e-12, Igain_nmda=8e-12, Iw_nmda=20e-12, Ith=4e-9)


def every(ticks: int, shift: int = 0) -> np.ndarray:
    counts = np.zeros(round(DURATION / GRID), dtype=int)
    counts[10 + shift :: ticks] = 1
    return counts


def oracle(bias: dict[str, float], events: dict[str, np.ndarray]) -> Cell:
    times = {r: np.flatnonzero(c) * GRID for r, c in events.items()}
    return Cell(bias, **CONSTANTS, C=CAPACITANCE, events=times)


def test_excitation_alone_fires_and_silence_does_not() -> None:
    spikes = simulate([DRIVEN, DRIVEN], [{"ampa": every(EXCITATORY)}, {}], 1e-3, DURATION).spikes
    assert spikes[0].size >= 10
    assert spikes[1].size == 0


@pytest.mark.parametrize("shift", [-2, 2])
@pytest.mark.parametrize("receptor", ["gabaa", "gabab"])
def test_inhibition_two_milliseconds_away_cuts_the_count(receptor: str, shift: int) -> None:
    """Before or after the excitatory event, never with it: subtracting from or shunting the membrane must last."""
    events = [{"ampa": every(EXCITATORY)}, {"ampa": every(EXCITATORY), receptor: every(EXCITATORY, shift)}]
    alone, inhibited = (s.size for s in simulate([DRIVEN, DRIVEN], events, 1e-3, DURATION).spikes)
    assert inhibited <= 0.6 * alone
    assert abs(inhibited - solve(oracle(DRIVEN, events[1]), DURATION).size) <= 1


def test_nmda_does_little_at_rest_and_much_near_threshold() -> None:
    """The current that one NMDA event brings in is gated by Imem / (Imem + Inmda_thr)."""
    pair = [NMDA | {"Idc": 1e-12}, NMDA | {"Idc": 140e-12}]
    rests = [trace(oracle(bias, {}), [1.0]).Imem[-1] for bias in pair]
    neurons = pair * 2
    events: list[dict[str, np.ndarray]] = [{"nmda": np.array([1])}] * 2 + [{}] * 2
    run = simulate(neurons, events, 1e-3, 0.1, record=["Imem"], start=state(4, Imem=rests * 2))
    gain = run.record["Imem"][:, :2].max(0) - run.record["Imem"][:, 2:].max(0)
    assert gain[0] < 2e-12
    assert gain[1] > 100e-12
    for i in range(2):
        cell = oracle(neurons[i], {"nmda": np.array([1])})
        cell.start["mem"] = rests[i]
        exact = trace(cell, np.arange(1, 101) * GRID)
        np.testing.assert_allclose(run.record["Imem"][:, i], exact.Imem, rtol=1e-3)


def test_nmda_alone_never_fires_and_helps_ampa_to() -> None:
    bias = DRIVEN | {"Inmda_thr": 500e-12, "Itau_nmda": 2e-12, "Igain_nmda": 8e-12, "Iw_nmda": 50e-12}
    bias["Iw_ampa"] = 55e-12
    ampa, nmda = every(EXCITATORY), every(20)
    events = [{"nmda": nmda}, {"ampa": ampa}, {"ampa": ampa, "nmda": nmda}]
    counts = [s.size for s in simulate([bias] * 3, events, 1e-3, DURATION).spikes]
    assert counts[0] == 0
    assert counts[2] >= counts[1] + 3
    assert counts == [solve(oracle(bias, e), DURATION).size for e in events]
