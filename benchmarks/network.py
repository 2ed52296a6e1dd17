"""The network that every method runs: drawn biases, counts of synapses and events, all from one seed.

All neurons have all four synapses, adaptation and positive feedback (a third each with hardly any of it below
threshold, the circuit's own, and early and abrupt feedback), and fire at rates of tens of Hz.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from arcana.circuits.technology import Technology
from arcana.hardware.registry import load_profile

Array = NDArray[np.float64]
RECEPTORS = ("ampa", "nmda", "gabaa", "gabab")
TICK = 1e-3  # [s]: input events lie on this grid at every dt
DENSITY = 0.05  # share of entries of the input with an event: 50 Hz an input

# Onset of the positive feedback [A] and its steepness [1/A]
FEEDBACK = (
    ((1.5e-9, 3e-9), (1.47e9, 1.47e9)),
    ((500e-12, 500e-12), (1.47e9, 1.47e9)),
    ((50e-12, 300e-12), (5e9, 5e10)),
)
SOMA = {
    "Itau_mem": (3e-12, 5e-12),
    "Ith": (0.5e-9, 1.5e-9),
    "Idc": (30e-12, 60e-12),
    "refractory": (0.4e-3, 3e-3),
    "Inmda_thr": (0.5e-12, 100e-12),
}
MEMBRANE_GAIN = (3.0, 6.0)  # Igain_mem / Itau_mem
# Per receptor: tau [s], mean current at rest of the network's input [A], synapses of a neuron
SYNAPSES = {
    "ampa": ((4e-3, 10e-3), (180e-12, 260e-12), 16),
    "nmda": ((20e-3, 80e-3), (40e-12, 80e-12), 8),
    "gabaa": ((3e-3, 20e-3), (0.3e-12, 1e-12), 4),
    "gabab": ((3e-3, 30e-3), (20e-12, 40e-12), 8),
}
ADAPTATION = ((40e-3, 150e-3), (0.2e-12, 1e-12))  # tau [s], current that a spike adds [A]
LOOP = {"ampa": 4, "gabab": 4}  # recurrent synapses of a neuron


@dataclass(frozen=True)
class Network:
    """One population.

    Attributes:
        biases: Values [A, s, 1/A] of each neuron by the toolkit's names.
        counts: Synapses (n_out, n_in) by receptor.
        loop: Recurrent synapses (n_out, n_out) by receptor; empty without recurrence.
        technology: Constants of the chip.
    """

    biases: dict[str, Array]
    counts: dict[str, Array]
    loop: dict[str, Array]
    technology: Technology


def draw(n_in: int, n_out: int, recurrent: bool = False, seed: int = 0) -> Network:
    """A network of a size; the same for the same arguments."""
    rng = np.random.default_rng((seed, n_in, n_out))
    technology = load_profile("ideal").technology()

    def between(limits: tuple[float, float]) -> Array:
        low, high = np.log(limits)
        drawn: Array = np.exp(rng.uniform(low, high, n_out))
        return drawn

    biases = {name: between(limits) for name, limits in SOMA.items()}
    biases["Igain_mem"] = biases["Itau_mem"] * between(MEMBRANE_GAIN)
    regime = np.arange(n_out) % len(FEEDBACK)
    for k, name in enumerate(("Ipfb_th", "Ipfb_norm")):
        biases[name] = np.choose(regime, [between(limits[k]) for limits in FEEDBACK])

    def integrator(part: str, tau: Array, jump: Array) -> None:
        Itau = getattr(technology, f"C_{part}") * technology.Ut / (technology.kappa * tau)
        biases.update({f"Itau_{part}": Itau, f"Igain_{part}": 4 * Itau, f"Iw_{part}": jump / 4})

    counts = {}
    for part, (taus, currents, synapses) in SYNAPSES.items():
        tau = between(taus)
        integrator(part, tau, between(currents) / (synapses * DENSITY / TICK * tau))
        counts[part] = (rng.random((n_out, n_in)) < synapses / n_in).astype(float)
    integrator("ahp", *(between(limits) for limits in ADAPTATION))
    loop = {r: (rng.random((n_out, n_out)) < k / n_out).astype(float) for r, k in LOOP.items()}
    return Network(biases, counts, loop if recurrent else {}, technology)


def events(batch: int, steps: int, n_in: int, per_tick: int = 1, seed: int = 0) -> torch.Tensor:
    """Random events (batch, steps, n_in), ``DENSITY`` of the entries of each tick of ``per_tick`` steps set."""
    generator = torch.Generator().manual_seed(seed)
    ticks = -(-steps // per_tick)
    at_tick = (torch.rand(ticks, batch, n_in, generator=generator) < DENSITY).float()
    if per_tick == 1:
        return at_tick.transpose(0, 1).contiguous()
    X = torch.zeros(batch, ticks * per_tick, n_in)
    X[:, ::per_tick] = at_tick.transpose(0, 1)
    return X[:, :steps].contiguous()
