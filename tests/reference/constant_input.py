"""Neurons under constant input: their rate over the current, their refractory period, their adaptation."""

from __future__ import annotations

import numpy as np
from drawn_neurons import CAPACITANCE, CONSTANTS
from oracle import Cell, solve
from our_solver import defaults

# A membrane that fires from 8 pA on; the feedback is the circuit's own, or early and abrupt
EXCITABLE = {"Itau_mem": 1.2e-12, "Igain_mem": 60e-12}
STRONG = {"Itau_mem": 1.2e-12, "Igain_mem": 60e-12, "Ipfb_th": 100e-12, "Ipfb_norm": 2e10}
IDC = np.geomspace(8e-12, 320e-12, 9)
REFRACTORY = np.array([0.4, 0.7, 1.0, 2.0, 3.3, 5.0, 10.0, 20.0]) * 1e-3  # [s]
ADAPTING = [
    defaults(Idc=Idc, Itau_ahp=Itau, Igain_ahp=4 * Itau, Iw_ahp=Iw, refractory=1e-3, **EXCITABLE)
    for Idc in (200e-12, 320e-12)
    for Itau in (0.7e-12, 2e-12)
    for Iw in (0.3e-12, 0.6e-12)
]


def exact(bias: dict[str, float], duration: float) -> np.ndarray:
    """Spike times [s] by the oracle."""
    return solve(Cell(bias, **CONSTANTS, C=CAPACITANCE), duration)


def rate(spikes: np.ndarray) -> float:
    """Spikes per second between the first and the last."""
    return (spikes.size - 1) / (spikes[-1] - spikes[0])
