"""An independent solution of the DPI neuron: LSODA in amperes, one event at a time, synapses in closed form.

Nothing of arcana is imported here. The equations are written again from their sources, in amperes and seconds, with
scalar Python; the only thing shared with the toolkit is the meaning of the bias names.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.integrate import solve_ivp

RECEPTORS = ("ampa", "nmda", "gabaa", "gabab")
PARTS = (*RECEPTORS, "ahp")


@dataclass
class Cell:
    """One neuron: biases [A, s, 1/A] by name, constants, and input events.

    Attributes:
        bias: Values by the names of the toolkit.
        I0: Floor of all currents [A].
        Ut: Thermal voltage [V].
        kappa: Slope factor.
        C: Capacitances [F] of mem, ampa, nmda, gabaa, gabab, ahp.
        events: Times [s] of the input events per receptor; a time may be repeated.
        leak_saturation: Whether the leak transistor leaves saturation at the floor.
        start: Currents [A] at time 0 by part (``mem`` and ``PARTS``); the floor where absent.
    """

    bias: dict[str, float]
    I0: float
    Ut: float
    kappa: float
    C: dict[str, float]
    events: dict[str, np.ndarray] = field(default_factory=dict)
    leak_saturation: bool = True
    start: dict[str, float] = field(default_factory=dict)

    def tau(self, part: str) -> float:
        """Time constant [s] of an integrator."""
        return self.C[part] * self.Ut / (self.kappa * self.bias[f"Itau_{part}"])

    def jump(self, part: str) -> float:
        """Current [A] that one event adds."""
        b = self.bias
        return b[f"Igain_{part}"] / b[f"Itau_{part}"] * b[f"Iw_{part}"]


class Solution(NamedTuple):
    """Spike times [s], and Imem [A] at the times asked for."""

    spikes: np.ndarray
    Imem: np.ndarray


class _Piece(NamedTuple):
    """A stretch of smooth evolution: its end, whether it ended in a spike, and ln Imem within it."""

    start: float
    end: float
    spiked: bool
    log_current: object


def solve(cell: Cell, duration: float, rtol: float = 1e-10, method: str = "LSODA") -> np.ndarray:
    """Spike times [s] of the cell within ``duration``."""
    return np.array([piece.end for piece in _pieces(cell, duration, rtol, method) if piece.spiked])


def trace(cell: Cell, times: Sequence[float], rtol: float = 1e-10, method: str = "LSODA") -> Solution:
    """Spikes up to the last of the (ascending) times, and Imem [A] at each of them."""
    at, spikes, values = np.asarray(times, dtype=float), [], []
    for piece in _pieces(cell, float(at[-1]), rtol, method):
        inside = at[(at > piece.start) & (at <= piece.end)]
        if inside.size:
            values.append(np.exp(piece.log_current(inside)[0]))  # type: ignore[operator]
        if piece.spiked:
            spikes.append(piece.end)
    first = [np.full(int((at <= 0).sum()), cell.start.get("mem", cell.I0))]
    return Solution(np.array(spikes), np.concatenate(first + values))


def _pieces(cell: Cell, duration: float, rtol: float, method: str) -> Iterator[_Piece]:
    b, I0, kappa = cell.bias, cell.I0, cell.kappa
    tau = {p: cell.tau(p) for p in PARTS}
    jump = {p: cell.jump(p) for p in PARTS}
    level = {p: cell.start.get(p, I0) for p in PARTS}
    since = dict.fromkeys(PARTS, 0.0)
    rate = kappa / (cell.C["mem"] * cell.Ut)  # [1/(A s)]
    gain, leak0, Idc, nmda_thr = b["Igain_mem"], b["Itau_mem"], b["Idc"], b["Inmda_thr"]
    steep, onset = b["Ipfb_norm"], b["Ipfb_th"]

    def current(part: str, t: float) -> float:
        return max(level[part] * math.exp(-(t - since[part]) / tau[part]), I0)

    def growth(t: float, Imem: float, refractory: bool) -> float:
        """(dImem/dt) / Imem, from the currents in amperes."""
        Iin = I0
        if not refractory:
            gate = Imem / (Imem + nmda_thr)
            Iin = max(Idc + current("ampa", t) + current("nmda", t) * gate - current("gabab", t), I0)
        Ifb = I0 ** (1 / (kappa + 1)) * Imem ** (kappa / (kappa + 1))
        Ifb /= 1 + math.exp(min(-steep * (Imem - onset), 700.0))
        leak = leak0 + current("ahp", t) + current("gabaa", t)
        if cell.leak_saturation:
            leak *= 1 - (I0 / Imem) ** (1 / kappa)
        return rate * (Iin * gain / (Imem + gain) - leak + Ifb)

    top = math.log(b["Ith"])

    def crossing(t: float, y: np.ndarray) -> float:
        return float(y[0]) - top

    crossing.terminal, crossing.direction = True, 1  # type: ignore[attr-defined]
    arrivals = sorted((float(t), p) for p in RECEPTORS for t in cell.events.get(p, ()) if t < duration)
    arrivals.append((duration, ""))
    t, y, free_at = 0.0, math.log(cell.start.get("mem", I0)), -1.0
    for arrival, part in arrivals:
        while t < arrival:
            refractory = t < free_at
            end = min(arrival, free_at) if refractory else arrival
            solution = solve_ivp(
                lambda s, v, held=refractory: [growth(s, math.exp(v[0]), held)],
                (t, end), [y], method=method, rtol=rtol, atol=1e-12, max_step=1e-3, dense_output=True,
                events=None if refractory else crossing,
            )  # fmt: skip
            if solution.status < 0:
                raise RuntimeError(f"the oracle failed at t = {solution.t[-1]:g} s: {solution.message}")
            spiked = solution.status == 1
            last = solution.t_events[0][0] if spiked else end
            yield _Piece(t, last, spiked, solution.sol)
            t, y = last, solution.y[0, -1]
            if spiked:
                y, free_at = math.log(I0), t + b["refractory"]
                if jump["ahp"] > 0:
                    level["ahp"], since["ahp"] = current("ahp", t) + jump["ahp"], t
        if part:
            level[part], since[part] = current(part, arrival) + jump[part], arrival
