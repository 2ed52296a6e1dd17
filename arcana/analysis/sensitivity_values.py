"""From the values of all chips to what each bias costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arcana.analysis.sensitivity_plan import ALL, OTHER, Key
from arcana.analysis.sensitivity_report import BiasSensitivity
from arcana.analysis.sensitivity_sobol import Array, Estimate, doubts, sobol
from arcana.analysis.statistics import mean_interval, summarise, wilson, works
from arcana.mismatch import MismatchModel


def judged(
    values: Mapping[Key, Array], clean: float, model: MismatchModel, biases: tuple[str, ...], threshold: float,
    confidence: float, seed: int,
) -> dict[str, Any]:  # fmt: skip
    """The fields ``biases``, ``everything`` and ``notes`` of a ``SensitivityReport``.

    Args:
        values: Of each chip, by what its point was for; see ``plan``.
        clean: Without mismatch.
        model: Mismatch of all biases.
        biases: Those that were judged.
        threshold: From which value on a chip works.
        confidence: Of the intervals.
        seed: Of the bootstrap.
    """
    found: dict[str, dict[str, Estimate]] = {bias: {} for bias in biases}
    notes: tuple[str, ...] = ()
    if ("one", biases[0]) in values:
        losses = [clean - values["one", bias] for bias in biases]
        for bias, loss in zip(biases, _means(losses, confidence, seed), strict=True):
            found[bias] |= {"loss": loss, "failing": _failing(values["one", bias], threshold, confidence)}
    if ("without", biases[0]) in values:
        gains = [values["without", bias] - values[ALL] for bias in biases]  # chip by chip
        for bias, gain in zip(biases, _means(gains, confidence, seed), strict=True):
            found[bias]["gain"] = gain
    if OTHER in values:
        A, B = values[ALL], values[OTHER]
        notes = doubts(A, B)
        AB = [values["sobol", bias] for bias in biases]
        for bias, index in zip(biases, sobol(A, B, AB, confidence, seed), strict=False):  # none without variance
            found[bias] |= {"first": index.first, "total": index.total}
    judgements = tuple(BiasSensitivity(bias, model.cv_of(bias), **found[bias]) for bias in biases)
    return {"biases": judgements, "everything": summarise(values[ALL].tolist(), threshold), "notes": notes}


def _means(rows: list[Array], confidence: float, seed: int) -> list[Estimate]:
    """Mean of each row with its bootstrap interval."""
    low, high = mean_interval(rows, confidence, seed)
    return [Estimate(float(row.mean()), float(a), float(b)) for row, a, b in zip(rows, low, high, strict=True)]


def _failing(values: Array, threshold: float, confidence: float) -> Estimate:
    n, failing = len(values), int((~works(values, threshold)).sum())
    return Estimate(failing / n, *wilson(failing, n, confidence))
