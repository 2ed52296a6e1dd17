"""Measured mismatch: a table of quantities, one neuron a row, becomes a ``MismatchModel``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from arcana.circuits.names import BIASES
from arcana.errors import Problems, did_you_mean, unknown_name
from arcana.hardware.profile import HardwareProfile
from arcana.hardware.registry import as_profile
from arcana.mismatch.attributed import attributed
from arcana.mismatch.estimate import Way, estimate
from arcana.mismatch.firing import BIASES_OF_RATE
from arcana.mismatch.fit import BiasFit, MismatchFit
from arcana.mismatch.model import MismatchModel
from arcana.mismatch.pairs import PairFit, pairs_of, possible
from arcana.mismatch.shapes import DISTRIBUTIONS
from arcana.mismatch.spread import Array
from arcana.mismatch.table import LeftOut, Measurements, read_measurements

FEWEST = 3  # neurons beyond one for each core, without which nothing is estimated
_CHOICES = {
    "distribution": ("auto", *DISTRIBUTIONS),
    "correlation": ("significant", "all", "none"),
    "missing": ("leave_out", "refuse"),
}

__all__ = ["MismatchFit", "fit_mismatch"]


def fit_mismatch(
    table: Any,
    profile: HardwareProfile | str | None = None,
    *,
    rate_bias: str | Sequence[str] = "Idc",
    biases: Mapping[str, float] | None = None,
    group_by: Sequence[str] = ("chip", "core"),
    distribution: str = "auto",
    correlation: str = "significant",
    robust: bool = False,
    missing: str = "leave_out",
    ignore: Sequence[str] = (),
    seed: int = 0,
) -> MismatchFit:
    """For each neuron, ln f = -ln tau + a constant: a time constant spreads as its leak current does.

    tau = C Ut / (kappa Itau); a refractory period, a pulse, or a bias itself goes in with the other sign. What all
    neurons of a core share (its bias generator, C, Ut, kappa) is unknown: the mean of each core is taken out, one
    degree of freedom each, so that only the spread within cores is estimated; the spread between them is reported
    beside it. Rates are inverted through the neuron's own f-I curve (``arcana.mismatch.firing``), which needs a
    profile. One rate tells one factor: that it belongs to ``rate_bias`` is an attribution, not a measurement. What
    the measurement itself adds to the spread counts as mismatch.

    Args:
        table: Path of a CSV file, mapping of columns, or structured array, one neuron a row. Columns: chip, core,
            neuron (optional); tau_mem, tau_ampa, tau_nmda, tau_gabaa, tau_gabab, tau_ahp [s]; any bias by its name
            (refractory [s], ...); rate, rate@Idc=100pA, rate@IF_DC_P=4/120 [Hz]. A unit may follow in brackets:
            ``tau_mem [ms]``.
        profile: The chip, for rates, and for the shape of what is undecided.
        rate_bias: The bias, or biases, that the spread of the rates is attributed to; at most one for each rate.
        biases: What the biases were when the rates were measured [A, s, 1/A]; the profile's where not given.
        group_by: Labels whose mean is taken out; () takes out one mean for all.
        distribution: "auto" compares both shapes; "lognormal" or "normal" sets the shape that is fitted.
        correlation: Which correlations the model gets: "significant", "all" or "none".
        robust: Median-based spread and rank correlations, which outliers do not move.
        missing: "leave_out" lists values that are missing (and rates of 0) and goes on; "refuse" raises.
        ignore: Columns to pass over.
        seed: Of the simulated intervals of ``robust``.

    Raises:
        BadInput: listing unknown columns and options, bad cells with their rows, cores of one neuron, and rates
            that tell nothing (``BadFile`` for a file).
    """
    wanted = (rate_bias,) if isinstance(rate_bias, str) else tuple(rate_bias)
    _check_options({"distribution": distribution, "correlation": correlation, "missing": missing}, wanted, biases)
    chip = None if profile is None else as_profile(profile)
    data = read_measurements(table, chip, group_by, ignore, missing == "refuse")
    left_out, notes = list(data.left_out), list[str]()
    direct = {c.bias: c for c in data.columns if c.bias}
    logs: dict[str, Array] = {b: np.asarray(c.sign * np.log(data.values[c.name])) for b, c in direct.items()}
    source = {b: c.name for b, c in direct.items()}
    rates = [c.name for c in data.columns if not c.bias]
    if rates:
        logs |= attributed(data, chip, biases, wanted, logs, left_out, notes)
        source |= dict.fromkeys(wanted, ", ".join(rates))
    logs = {name: _in_company(source[name], logs[name], data, left_out) for name in BIASES if name in logs}
    _check_enough(logs, data)

    likely = DISTRIBUTIONS[0] if chip is None else chip.mismatch_distribution
    way = Way(distribution, likely, robust, seed)
    found = [estimate(name, source[name], y, data.core, data.rows, way) for name, y in logs.items()]
    notes += [e.note for e in found if e.note]
    pairs = pairs_of({e.fit.bias: e.gaussian for e in found}, data.core, robust)
    kept = [p for p in pairs if correlation == "all" or (p.significant and correlation == "significant")]
    model = _model([e.fit for e in found], kept, notes)
    outliers = tuple(outlier for e in found for outlier in e.outliers)
    if outliers and not robust:
        notes.append("outliers widen the estimates: look at them, and compare with robust=True")
    return MismatchFit(
        model, tuple(e.fit for e in found), pairs, len(data.rows), tuple(left_out), outliers, robust,
        {e.fit.bias: e.log_factors for e in found}, tuple(notes),
    )  # fmt: skip


def _check_options(given: Mapping[str, str], wanted: Sequence[str], biases: Mapping[str, Any] | None) -> None:
    problems = Problems()
    for option, value in given.items():
        known = _CHOICES[option]
        if value not in known:
            problems.note(option, value, "one of " + ", ".join(known), hint=did_you_mean(str(value), known))
    problems.extend(unknown_name("rate_bias", str(n), BIASES_OF_RATE) for n in wanted if n not in BIASES_OF_RATE)
    if not wanted or len(set(wanted)) < len(wanted):
        problems.note("rate_bias", wanted, "one bias, or several different ones")
    for name, amount in (biases or {}).items():
        if name not in BIASES:
            problems.append(unknown_name("bias", str(name), BIASES))
        elif not (
            isinstance(amount, (int, float, np.number))
            and np.isfinite(amount)
            and (amount > 0 or (amount == 0 and BIASES[name].zero_allowed))
        ):
            allowed = f"a finite number {'>=' if BIASES[name].zero_allowed else '>'} 0"
            hint = "2 pA is written 2e-12" if isinstance(amount, str) else ""
            problems.note(f"biases[{name!r}]", amount, allowed, BIASES[name].unit, hint)
    if not problems and biases and biases.get("Iw_ahp", 0) > 0:
        hint = "the f-I curve is that of neurons without adaptation: measure with it off"
        problems.note("biases['Iw_ahp']", biases["Iw_ahp"], "0", "A", hint)
    problems.raise_if_any()


def _in_company(source: str, y: Array, data: Measurements, left_out: list[LeftOut]) -> Array:
    """Without neurons that are the only one of their core: they say nothing about the spread within it."""
    there = np.isfinite(y)
    alone = there & (np.bincount(data.core, there)[data.core] == 1)
    for k in np.flatnonzero(alone):
        left_out.append(LeftOut(data.rows[k], source, float("nan"), "the only neuron of its core"))
    return np.where(alone, np.nan, y)


def _check_enough(logs: Mapping[str, Array], data: Measurements) -> None:
    problems = Problems()
    for name, y in logs.items():
        used = np.isfinite(y)
        cores = np.unique(data.core[used]).size
        if used.sum() - cores < FEWEST:
            hint = f"{used.sum()} neurons on {cores} cores"
            if np.bincount(data.core).max() == 1:
                hint = "every neuron is the only one of its core: group_by=('chip',) or () takes cores as alike"
            problems.note(f"neurons with {name}", int(used.sum()), f"at least {FEWEST} more than cores", hint=hint)
    problems.raise_if_any()


def _model(fits: Sequence[BiasFit], pairs: Sequence[PairFit], notes: list[str]) -> MismatchModel:
    table, factor = possible(pairs)
    if factor < 1:
        notes.append(f"the correlations were multiplied by {factor:.3f}, so that they can be together")
    problems = Problems()
    for f in fits:
        if f.spread.cv > 1:
            hint = "wrong unit in some rows, or outliers? robust=True is not moved by a few"
            problems.note(f"CV of {f.bias}", f.spread.cv, "at most 1: more is no mismatch", hint=hint)
    problems.raise_if_any()
    shapes = {f.bias: f.distribution for f in fits}
    return MismatchModel({f.bias: f.spread.cv for f in fits}, shapes, table)
