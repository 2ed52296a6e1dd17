"""Stretches without spike, event or kink, on which a solver shows its order: measured on ``SPAN`` seconds."""

from __future__ import annotations

import numpy as np
import torch
from drawn_neurons import CAPACITANCE, CONSTANTS
from oracle import Cell, trace
from our_solver import TECHNOLOGY, biases, defaults, simulate, state

from arcana.circuits import equations as eq
from arcana.circuits.dpi import coefficients

SPAN = 8e-3  # [s]
STEPS = (1e-3, 0.5e-3, 0.25e-3)  # [s]
# Imem, AMPA, NMDA, GABA_A, GABA_B, adaptation [pA] at the start; the feedback is the circuit's own or strong
STARTS = (
    (40, 60, 20, 3, 30, 1, "own"),
    (200, 100, 40, 6, 20, 2, "own"),
    (20, 200, 10, 1, 60, 0.5, "strong"),
    (500, 10, 5, 10, 5, 3, "own"),
    (100, 30, 80, 4, 15, 1, "strong"),
    (300, 5, 60, 2, 4, 0.5, "own"),
)
PARTS = ("ampa", "nmda", "gabaa", "gabab", "ahp")


def neurons() -> list[dict[str, float]]:
    """One neuron per start: synapses of 3.5 to 35 ms, a threshold out of reach, an input above the floor."""
    feedback = {"own": {}, "strong": {"Ipfb_th": 200e-12, "Ipfb_norm": 1e10}}
    slow = {"Itau_nmda": 2e-12, "Igain_nmda": 8e-12, "Itau_gabaa": 5e-12, "Igain_gabaa": 20e-12}
    return [defaults(Ith=1e-6, Idc=80e-12, Inmda_thr=50e-12, **slow, **feedback[s[-1]]) for s in STARTS]


def exact() -> np.ndarray:
    """Imem [A] at the end, by the oracle."""
    cells = [
        Cell(n, **CONSTANTS, C=CAPACITANCE, start=dict(zip(("mem", *PARTS), np.array(s[:-1]) * 1e-12, strict=True)))
        for n, s in zip(neurons(), STARTS, strict=True)
    ]
    return np.array([trace(c, [SPAN], rtol=1e-13, method="DOP853").Imem[-1] for c in cells])


def errors(solver: str, dt: float, plain_average: bool = False) -> np.ndarray:
    """|error of ln Imem| at the end, with one sub-step a step.

    ``plain_average`` gives the membrane the mean of each decaying current over the step at every stage, as is often
    done, instead of stages that follow the decay and are scaled to the exact charge.
    """
    columns = np.array([s[:-1] for s in STARTS]).T * 1e-12
    start = state(len(STARTS), **dict(zip(("Imem", *(f"I{p}" for p in PARTS)), columns.tolist(), strict=True)))
    c = coefficients(biases(neurons()), TECHNOLOGY, dt, solver=solver, substeps=1)
    if plain_average:
        c = c._replace(**{part: averaged(getattr(c, part)) for part in PARTS})
    end = simulate(neurons(), [{} for _ in STARTS], dt, SPAN, start=start, c=c).state.Imem[0].numpy()
    return np.abs(np.log(end / exact()))


def averaged(part: eq.Integrator) -> eq.Integrator:
    mean = (part.decay - 1.0) / torch.log(part.decay)
    return part._replace(start=mean, middle=mean, end=mean)


def order(solver: str, plain_average: bool = False) -> np.ndarray:
    """Observed order of each piece, between the two smallest steps."""
    coarse, fine = (errors(solver, dt, plain_average) for dt in STEPS[-2:])
    return np.log2(coarse / fine)
