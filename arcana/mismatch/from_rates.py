"""Firing rates at known currents, turned into the factors of biases that explain them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from arcana.circuits.technology import Technology
from arcana.errors import BadInput, Problems
from arcana.mismatch.firing import BIASES_OF_RATE, firing_rate

Array: TypeAlias = NDArray[np.float64]

REACH = 3.0  # |ln f| beyond it is no mismatch any more
STEP = 1e-4  # of ln f, for slopes
TELLS = 0.05  # smallest singular value of the slopes; below it, 1 % of error in a rate is 20 % in a factor
ROUNDS, CLOSE = 60, 1e-9


class FromRates(NamedTuple):
    """What the rates say.

    Attributes:
        log_factors: ln f by bias, (n,); NaN where nothing could be said.
        failed: Rows with enough rates that no factors explain.
        slopes: d ln(rate) / d ln(bias) of a nominal neuron at each current (K,), by bias.
        misfit: Root mean square of ln(measured / explained rate); 0 where there are as many biases as rates.
    """

    log_factors: dict[str, Array]
    failed: NDArray[np.bool_]
    slopes: dict[str, Array]
    misfit: float


class _Curve:
    """ln rate of neurons at the currents, as a function of ln f of some biases."""

    def __init__(
        self, biases: Mapping[str, float], currents: Array, solve: Sequence[str], known: Mapping[str, Array],
        technology: Technology,
    ) -> None:  # fmt: skip
        self.solve, self.technology = tuple(solve), technology
        self.biases: dict[str, Array] = {name: np.asarray(biases[name]) for name in (*BIASES_OF_RATE, "Inmda_thr")}
        self.biases["Idc"] = currents
        for name, log_factors in known.items():
            self.biases[name] = self.biases[name] * np.exp(log_factors)[:, None]

    def __call__(self, theta: Array, rows: NDArray[np.intp] | None = None) -> Array:
        """(n, p) -> (n, K); -inf where a neuron does not fire."""
        pick = slice(None) if rows is None else rows
        biases = {name: value[pick] if value.ndim == 2 else value for name, value in self.biases.items()}
        for k, name in enumerate(self.solve):
            biases[name] = biases[name] * np.exp(theta[:, k, None])
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(firing_rate(biases, self.technology)))

    def slopes(self, theta: Array, rows: NDArray[np.intp] | None = None) -> Array:
        """D ln(rate) / d ln f, (n, K, p)."""
        ends = []
        for k in range(len(self.solve)):
            move = STEP * np.eye(len(self.solve))[k]
            ends.append((self(theta + move, rows) - self(theta - move, rows)) / (2 * STEP))
        return np.stack(ends, -1)


def factors_from_rates(
    rates: Array,
    currents: Array,
    solve: Sequence[str],
    biases: Mapping[str, float],
    known: Mapping[str, Array],
    technology: Technology,
) -> FromRates:
    """Least squares in ln(rate) for each neuron, by damped Gauss-Newton steps from f = 1.

    Args:
        rates: Measured rates [Hz], (n, K); NaN where there is none.
        currents: Nominal Idc [A] of each column, (K,).
        solve: The biases that the spread is attributed to, at most K.
        biases: Nominal biases of the measurement.
        known: ln f of biases that were measured otherwise, (n,); NaN is taken as 0.
        technology: Constants of the chip.

    Raises:
        BadInput: if the nominal neuron does not fire at one of the currents, or its rates do not tell the biases
            apart.
    """
    known = {name: np.nan_to_num(value) for name, value in known.items()}
    slopes = _nominal_slopes(biases, currents, technology)
    _check_told_apart(slopes, solve)
    curve = _Curve(biases, currents, solve, known, technology)
    enough = np.isfinite(rates).sum(1) >= len(solve)
    rows = np.flatnonzero(enough)
    theta = np.zeros((len(rates), len(solve)))
    with np.errstate(invalid="ignore"):
        theta[rows], solved, residual = _solve(curve, np.log(rates[rows]), rows)
    failed = enough.copy()
    failed[rows] = ~solved
    theta[~enough | failed] = np.nan
    more = np.isfinite(residual).sum(1) > len(solve)
    squares = np.square(residual[more & solved])
    misfit = float(np.sqrt(np.nanmean(squares))) if squares.size else 0.0
    return FromRates(dict(zip(solve, theta.T, strict=True)), failed, slopes, misfit)


def _solve(curve: _Curve, measured: Array, rows: NDArray[np.intp]) -> tuple[Array, NDArray[np.bool_], Array]:
    """Solve for ln f (n, p); whether each row was solved, and ln(measured / explained) (n, K)."""
    there = np.isfinite(measured)
    wanted = np.where(there, measured, 0.0)
    theta, damping = np.zeros((len(rows), len(curve.solve))), np.full(len(rows), 1e-3)

    def misfit(theta: Array, rows: NDArray[np.intp], own: NDArray[np.bool_], target: Array) -> Array:
        """Residuals; a silent neuron is as far off as can be."""
        return np.where(own, np.maximum(target - np.maximum(curve(theta, rows), -50), -50), 0.0)

    at = misfit(theta, rows, there, wanted)
    moving = np.ones(len(rows), dtype=bool)
    for _ in range(ROUNDS):
        k = np.flatnonzero(moving)
        if not k.size:
            break
        J = np.nan_to_num(curve.slopes(theta[k], rows[k]), nan=0.0, posinf=0.0, neginf=0.0) * there[k][..., None]
        normal = np.einsum("nkp,nkq->npq", J, J)
        diagonal = np.einsum("npp->np", normal) + 1e-12
        damped = normal + damping[k, None, None] * np.einsum("np,pq->npq", diagonal, np.eye(len(curve.solve)))
        step = np.linalg.solve(damped, np.einsum("nkp,nk->np", J, at[k])[..., None])[..., 0]
        new = np.clip(theta[k] + np.clip(step, -0.5, 0.5), -REACH - 1, REACH + 1)
        there_now = misfit(new, rows[k], there[k], wanted[k])
        better = np.square(there_now).sum(1) <= np.square(at[k]).sum(1)
        theta[k[better]], at[k[better]] = new[better], there_now[better]
        damping[k] = np.clip(np.where(better, damping[k] / 10, damping[k] * 10), 1e-12, 1e9)
        moving[k] = ~(better & (np.abs(step).max(1) < CLOSE)) & (damping[k] < 1e8)
    explained = there.sum(1) > len(curve.solve)
    solved = (explained | (np.abs(at).max(1) < 1e-6)) & (np.abs(theta).max(1) < REACH) & (np.abs(at).max(1) < 50)
    return theta, solved, np.where(there, at, np.nan)


def _nominal_slopes(biases: Mapping[str, float], currents: Array, technology: Technology) -> dict[str, Array]:
    """D ln(rate) / d ln(bias) of the nominal neuron at each current, for every bias that is not 0."""
    names = [name for name in BIASES_OF_RATE if name == "Idc" or biases[name] > 0]
    curve = _Curve(biases, currents, names, {}, technology)
    problems = Problems()
    for current, log_rate in zip(currents, curve(np.zeros((1, len(names))))[0], strict=True):
        if not np.isfinite(log_rate):
            hint = "biases= are those of the measurement: a neuron with these does not fire at this current"
            problems.note("Idc", float(current), "a current at which the nominal neuron fires", "A", hint)
    problems.raise_if_any()
    slopes = curve.slopes(np.zeros((1, len(names))))[0]
    return {name: slopes[:, k] for k, name in enumerate(names)}


def _check_told_apart(slopes: Mapping[str, Array], solve: Sequence[str]) -> None:
    problems = Problems()
    for name in solve:
        if name not in slopes:
            problems.note("rate_bias", name, "biases that are not 0 in the measurement: a factor on 0 does nothing")
    problems.raise_if_any()
    smallest = np.linalg.svd(np.stack([slopes[name] for name in solve], 1), compute_uv=False)[-1]
    if smallest < TELLS:
        hint = "add a rate at a much lower or higher current, or name fewer biases"
        raise BadInput.one("rate_bias", tuple(solve), "biases that these rates tell apart", hint=hint)
