"""An independent solution of the DPI neuron: LSODA in amperes, one event at a time, synapses in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

RECEPTORS = ("ampa", "nmda", "gabaa", "gabab")


@dataclass
class Cell:
    """One neuron: biases [A, s, 1/A] by name, capacitances and constants, input events per receptor [s]."""

    bias: dict[str, float]
    I0: float
    Ut: float
    kappa: float
    C: dict[str, float]
    events: dict[str, np.ndarray]
    leak_saturation: bool = True
    external: float = 0.0

    def tau(self, part: str) -> float:
        return self.C[part] * self.Ut / (self.kappa * self.bias[f"Itau_{part}"])

    def jump(self, part: str) -> float:
        b = self.bias
        return b[f"Igain_{part}"] / b[f"Itau_{part}"] * b[f"Iw_{part}"]


def solve(cell: Cell, duration: float, rtol: float = 1e-10, method: str = "LSODA") -> np.ndarray:
    """Spike times [s] of the cell, from rest."""
    b, I0, kappa = cell.bias, cell.I0, cell.kappa
    parts = (*RECEPTORS, "ahp")
    tau = {p: cell.tau(p) for p in parts}
    jump = {p: cell.jump(p) for p in parts}
    level = dict.fromkeys(parts, I0)
    since = dict.fromkeys(parts, 0.0)
    rate = kappa / (cell.C["mem"] * cell.Ut)  # [1/(A s)]

    def current(part: str, t: float) -> float:
        return max(level[part] * np.exp(-(t - since[part]) / tau[part]), I0)

    def growth(t: float, Imem: float, refractory: bool) -> float:
        """(dImem/dt) / Imem, from the currents in amperes."""
        if refractory:
            Iin = I0
        else:
            gate = Imem / (Imem + b["Inmda_thr"])
            Iin = b["Idc"] + cell.external + current("ampa", t) + current("nmda", t) * gate
            Iin = max(Iin - current("gabab", t), I0)
        Ifb = I0 ** (1 / (kappa + 1)) * Imem ** (kappa / (kappa + 1))
        Ifb /= 1 + np.exp(-b["Ipfb_norm"] * (Imem - b["Ipfb_th"]))
        leak = b["Itau_mem"] + current("ahp", t) + current("gabaa", t)
        if cell.leak_saturation:
            leak *= 1 - (I0 / Imem) ** (1 / kappa)
        return rate * (Iin * b["Igain_mem"] / (Imem + b["Igain_mem"]) - leak + Ifb)

    top = np.log(b["Ith"])

    def crossing(t, y):
        return y[0] - top

    crossing.terminal, crossing.direction = True, 1  # type: ignore[attr-defined]
    arrivals = sorted((t, p) for p in RECEPTORS for t in cell.events.get(p, ()))
    arrivals.append((duration, ""))
    t, y, free_at, spikes = 0.0, np.log(I0), -1.0, []
    for arrival, part in arrivals:
        while t < arrival:
            refractory = t < free_at
            end = min(arrival, free_at) if refractory else arrival
            solution = solve_ivp(
                lambda s, v, held=refractory: [growth(s, np.exp(v[0]), held)],
                (t, end), [y], method=method, rtol=rtol, atol=1e-12,
                events=None if refractory else crossing,
            )  # fmt: skip
            t, y = solution.t[-1], solution.y[0, -1]
            if solution.status == 1:
                t = solution.t_events[0][0]
                spikes.append(t)
                y, free_at = np.log(I0), t + b["refractory"]
                if jump["ahp"] > 0:
                    level["ahp"], since["ahp"] = current("ahp", t) + jump["ahp"], t
            elif refractory and end == free_at:
                free_at = -1.0
        if part:
            level[part], since[part] = current(part, arrival) + jump[part], arrival
    return np.array(spikes)
