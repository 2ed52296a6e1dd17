"""The soma equation against its published form, the leak near the floor, and temperature."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn_neurons import CAPACITANCE, CONSTANTS, FEEDBACK
from golden_spikes import Golden
from oracle import Cell, solve, trace
from our_solver import TECHNOLOGY, biases, defaults, simulate, state
from spike_matching import compare

from arcana.circuits import equations as eq
from arcana.circuits.dpi import coefficients

I0, UT, KAPPA = CONSTANTS["I0"], CONSTANTS["Ut"], CONSTANTS["kappa"]


def test_the_published_form_of_the_soma_is_the_same_equation() -> None:
    """The published form, for dImem/dt, against F(x) with dx/dt = (dImem/dt) / Imem, on random states.

    tau (1 + Igain/Imem) dImem/dt = (Igain/Itau) (Iin - Itau - Iahp - Igabaa) - Imem (1 + (Iahp + Igabaa)/Itau)
    + (Ifb/Itau) (Imem + Igain), with the leak in saturation everywhere.
    """
    rng = np.random.default_rng(5)
    n = 2000
    Imem, Iin, Ishunt, Iahp, Igain, Itau = np.exp(rng.uniform(np.log(1e-13), np.log(1e-9), (6, n)))
    Iin = np.maximum(Iin, I0)
    bias = biases([defaults(Itau_mem=t, Igain_mem=g, Ith=1e-6) for t, g in zip(Itau, Igain, strict=True)])
    c = coefficients(bias, TECHNOLOGY, 1e-3, leak_saturation=False)
    x, drive, leak = (torch.tensor(v) for v in (np.log(Imem / I0), Iin / I0, (Itau + Ishunt + Iahp) / I0))
    F = eq.slope(x, drive, torch.zeros(n, dtype=torch.float64), leak, torch.ones(n, dtype=torch.bool), c)

    tau = CAPACITANCE["mem"] * UT / (KAPPA * Itau)
    Ifb = I0 ** (1 / (KAPPA + 1)) * Imem ** (KAPPA / (KAPPA + 1)) / (1 + np.exp(-1.47e9 * (Imem - 500e-12)))
    right = Igain / Itau * (Iin - Itau - Iahp - Ishunt) - Imem * (1 + (Iahp + Ishunt) / Itau)
    right += Ifb / Itau * (Imem + Igain)
    published = right / (tau * (1 + Igain / Imem))  # dImem/dt [A/s]
    ours = F.numpy() * KAPPA * I0 / (CAPACITANCE["mem"] * UT) * Imem
    # of the terms that cancel
    scale = KAPPA / (CAPACITANCE["mem"] * UT) * Imem * (Iin + Itau + Ishunt + Iahp + Ifb)
    assert np.abs(ours - published).max() > 0
    np.testing.assert_array_less(np.abs(ours - published) / scale, 1e-12)


@pytest.mark.parametrize("solver", ["rk4", "heun"])
def test_tail_to_rest_is_exponential(solver: str) -> None:
    """Near rest the distance in x shrinks by a constant factor a step, known in closed form."""
    bias = defaults(Idc=0.0)
    steps, dt = 600, 1e-3
    high = state(1, Imem=[1e-9])
    fall = simulate([bias], [{}], dt, steps * dt, solver=solver, record=["Imem"], start=high).record["Imem"]
    x = np.log(fall[:, 0] / I0)
    assert np.all(np.diff(x) <= 0)
    rest = simulate([bias], [{}], dt, 0.5, solver=solver, record=["Imem"]).record["Imem"][-1, 0]
    distance = x - np.log(rest / I0)
    tail = distance[(distance < 0.02) & (distance > 1e-4)]
    assert tail.size >= 20
    gain, leak, y = 20e-12 / I0, (5e-12 + 2 * I0) / I0, np.log(rest / I0)
    p = KAPPA / (KAPPA + 1)
    onset = 1 / (1 + np.exp(-1.47e9 * (rest - 500e-12)))
    slope = (
        -gain * np.exp(y) / (gain + np.exp(y)) ** 2
        - leak / KAPPA * np.exp(-y / KAPPA)
        + np.exp(p * y) * onset * (p + 1.47e9 * rest * (1 - onset))
    )
    rate = -slope * KAPPA * I0 / (CAPACITANCE["mem"] * UT)
    np.testing.assert_allclose(-np.diff(np.log(tail)) / dt, rate, rtol=0.02)


def test_without_saturation_the_membrane_hits_the_floor() -> None:
    """What the saturating leak replaces: a straight fall of x, cut off at I0; the oracle falls on the same line."""
    bias = defaults(Idc=0.0)
    run = simulate([bias], [{}], 1e-3, 0.4, record=["Imem"], start=state(1, Imem=[1e-9]), leak_saturation=False)
    assert run.record["Imem"][-1, 0] == pytest.approx(I0, rel=1e-12)
    cell = Cell(bias, **CONSTANTS, C=CAPACITANCE, leak_saturation=False, start={"mem": 1e-9})
    exact = trace(cell, np.arange(1, 101) * 1e-3).Imem
    np.testing.assert_allclose(run.record["Imem"][:100, 0], exact, rtol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("solver", ["rk4", "heun", "euler"])
def test_membrane_never_falls_below_the_floor(golden: Golden, solver: str, dtype: torch.dtype) -> None:
    """Even with ten times the inhibition of the drawn neurons and no constant input."""
    stronger = [{"Iw_gabaa": 10 * b["Iw_gabaa"], "Iw_gabab": 10 * b["Iw_gabab"], "Idc": 0.0} for b in golden.biases]
    inhibited = [b | more for b, more in zip(golden.biases, stronger, strict=True)]
    run = simulate(inhibited, golden.events, 1e-3, 0.3, solver=solver, dtype=dtype, record=["Imem"])
    assert run.record["Imem"].min() >= I0 * (1 - 1e-6)


def test_spikes_at_another_temperature(golden: Golden) -> None:
    """Ut = k T / q slows the membrane and every synapse: LSODA with that Ut finds the same spikes."""
    cold = TECHNOLOGY.at_temperature(273.15)
    chosen = [golden.of(regime)[0] for regime in FEEDBACK]
    run = simulate(
        [golden.biases[i] for i in chosen], [golden.events[i] for i in chosen], 1e-4, 0.3, technology=cold
    )  # fmt: skip
    cells = [golden.cells[i] for i in chosen]
    for cell in cells:
        cell.Ut = 1.380649e-23 * 273.15 / 1.602176634e-19
    expected = [solve(cell, 0.3) for cell in cells]
    pooled, _ = compare(expected, run.spikes)
    assert pooled.expected >= 15
    assert pooled.missed == pooled.extra == 0
    assert pooled.errors.max() < 0.05e-3
    at_25_mV = [golden.lsoda[i][golden.lsoda[i] < 0.3] for i in chosen]
    assert compare(at_25_mV, expected)[0].median > 0.1e-3  # the temperature does make a difference
