"""Firing rate of DPI neurons under constant input, as an integral over the membrane: no simulation, no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from arcana.circuits.technology import Technology

Array: TypeAlias = NDArray[np.float64]

BIASES_OF_RATE = ("Itau_mem", "Igain_mem", "Ith", "Idc", "Ipfb_th", "Ipfb_norm", "refractory")
PANELS, NODES = 48, 8


def firing_rate(biases: Mapping[str, Any], technology: Technology) -> Array:
    """1 / rate = refractory + (C_mem Ut / kappa) * integral of dx / F(x), x from its value after the reset to Ith.

    F(x) = Iin Igain / (Igain + I) - (Itau + 2 I0) (1 - exp(-x / kappa)) + Ifb, I = I0 exp(x): the membrane equation
    of ``arcana.circuits.equations`` with all synapses and the adaptation at their floor I0. 0 where F <= 0 before
    the threshold: the neuron stays below it.

    Args:
        biases: ``BIASES_OF_RATE`` and ``Inmda_thr`` [A, 1/A, s]: numbers or arrays that broadcast.
        technology: Constants of the chip.

    Returns:
        Rates [Hz], in the shape that the biases broadcast to.
    """
    I0, kappa = technology.I0, technology.kappa
    speed = kappa * I0 / (technology.C_mem * technology.Ut)  # [1/s]: dx/dt = speed F / I0
    unit = {"Ipfb_norm": 1 / I0, "refractory": 1.0}
    names = (*BIASES_OF_RATE, "Inmda_thr")
    arrays = np.broadcast_arrays(*(np.asarray(biases[name], dtype=float) / unit.get(name, I0) for name in names))
    b = {name: array[..., None] for name, array in zip(names, arrays, strict=True)}
    leak = b["Itau_mem"] + 2  # GABA_A and adaptation rest at I0, not at 0

    def slope(x: Array, listening: bool) -> Array:
        current = np.exp(x)
        into = np.maximum(b["Idc"] + current / (current + b["Inmda_thr"]), 1) if listening else 1.0
        feedback = np.exp(kappa / (kappa + 1) * x) * expit(b["Ipfb_norm"] * (current - b["Ipfb_th"]))
        found = into * b["Igain_mem"] / (b["Igain_mem"] + current) + leak * np.expm1(-x / kappa) + feedback
        return np.asarray(found)

    rest = slope(np.zeros(1), listening=False)
    low = rest * kappa / leak * -np.expm1(-leak / kappa * speed * b["refractory"])  # where it waits for the release
    nodes, weights = _panels()
    span = np.log(b["Ith"]) - low
    F = slope(low + span * nodes, listening=True)
    fires = (F > 0).all(-1) & (span[..., 0] > 0)
    rise = (weights / np.where(F > 0, F, 1)).sum(-1) * span[..., 0] / speed
    return np.where(fires, 1 / np.where(fires, b["refractory"][..., 0] + rise, 1), 0.0)


def _panels() -> tuple[Array, Array]:
    """Nodes and weights of Gauss-Legendre quadrature in equal panels of [0, 1]."""
    x, w = np.polynomial.legendre.leggauss(NODES)  # type: ignore[no-untyped-call]
    starts = np.arange(PANELS)[:, None]
    return ((starts + (x + 1) / 2) / PANELS).ravel(), np.tile(w / 2 / PANELS, PANELS)
