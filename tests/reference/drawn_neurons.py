"""Neurons to compare solvers on: drawn from a documented range, kept for the rate of the oracle and nothing else.

Draw number k of a regime of the positive feedback is a pure function of (seed, regime, k). A draw is kept if the
oracle finds between 5 and 200 spikes in its second; the draws go on until every regime has ``PER_REGIME`` neurons.
"""

from __future__ import annotations

import numpy as np
from oracle import RECEPTORS, Cell

SEED = 20140501
PER_REGIME = 16
RATE = (5.0, 200.0)  # [Hz], of the oracle
DURATION = 1.0  # [s]
GRID = 1e-3  # [s], input events arrive at its ticks

# The constants of the circuit in the published emulator of this interface, with C_ahp = 4 pF.
CONSTANTS = {"I0": 0.05e-12, "Ut": 25e-3, "kappa": 0.705}
CAPACITANCE = {"mem": 3e-12, "ampa": 2e-12, "nmda": 2e-12, "gabaa": 2e-12, "gabab": 2e-12, "ahp": 4e-12}

# Onset of the positive feedback [A] and its steepness [1/A]: hardly any below threshold; the circuit's own; and
# early and abrupt. All other ranges below are shared by the three regimes, and log-uniform.
FEEDBACK = {
    "weak": ((2e-9, 5e-9), (1.47e9, 1.47e9)),
    "own": ((500e-12, 500e-12), (1.47e9, 1.47e9)),
    "strong": ((50e-12, 300e-12), (5e9, 5e10)),
}
SOMA = {
    "Itau_mem": (3e-12, 15e-12),  # tau 7-35 ms
    "Ith": (0.5e-9, 3e-9),
    "Idc": (2e-12, 200e-12),
    "refractory": (0.4e-3, 5e-3),
    "Inmda_thr": (0.5e-12, 200e-12),
}
MEMBRANE_GAIN = (2.0, 8.0)  # Igain_mem / Itau_mem
# Per integrator: tau [s], current that one event adds [A], rate of Poisson events [Hz]
INTEGRATOR = {
    "ampa": ((2e-3, 10e-3), (50e-12, 600e-12), (50, 300)),
    "nmda": ((20e-3, 80e-3), (10e-12, 100e-12), (20, 80)),
    "gabaa": ((3e-3, 20e-3), (0.5e-12, 10e-12), (20, 100)),
    "gabab": ((3e-3, 30e-3), (20e-12, 300e-12), (20, 100)),
    "ahp": ((40e-3, 150e-3), (0.2e-12, 3e-12), None),
}


def draw(regime: str, k: int) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Biases [A, s, 1/A] of draw k, and its events: counts per tick of 1 ms for each receptor."""
    rng = np.random.default_rng((SEED, list(FEEDBACK).index(regime), k))

    def between(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    bias = {name: between(*limits) for name, limits in SOMA.items()}
    bias["Igain_mem"] = bias["Itau_mem"] * between(*MEMBRANE_GAIN)
    bias["Ipfb_th"], bias["Ipfb_norm"] = (between(*limits) for limits in FEEDBACK[regime])
    events = {}
    for part, (taus, jumps, rates) in INTEGRATOR.items():
        tau, jump = between(*taus), between(*jumps)
        Itau = CAPACITANCE[part] * CONSTANTS["Ut"] / (CONSTANTS["kappa"] * tau)
        bias |= {f"Itau_{part}": Itau, f"Igain_{part}": 4 * Itau, f"Iw_{part}": jump / 4}
        if rates is not None:
            events[part] = rng.poisson(between(*rates) * GRID, round(DURATION / GRID)).astype(np.int16)
            events[part][0] = 0  # Brian2 cannot deliver an event at time 0
    return bias, events


def cell(bias: dict[str, float], events: dict[str, np.ndarray], **other: object) -> Cell:
    """The same neuron for the oracle; an event of tick n arrives at n ms."""
    times = {r: np.repeat(np.arange(events[r].size) * GRID, events[r]) for r in RECEPTORS if r in events}
    return Cell(bias, **CONSTANTS, C=CAPACITANCE, events=times, **other)  # type: ignore[arg-type]
