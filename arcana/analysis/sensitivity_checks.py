"""What a study of sensitivity refuses before anything runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from arcana.analysis.conditions import Conditions
from arcana.analysis.sensitivity_plan import METHODS, spreads
from arcana.analysis.statistics import check_confidence
from arcana.circuits.names import BIASES
from arcana.errors import BadInput, Problems, did_you_mean, unknown_name
from arcana.mismatch import MismatchModel


def check_sensitivity(
    metric: Any,
    mismatch: Any,
    n_chips: Any,
    seed: Any,
    biases: Any,
    methods: Any,
    confidence: Any,
    threshold: Any,
    conditions: dict[str, Any],
) -> Conditions:
    """The conditions of all chips, if nothing is wrong with the arguments of ``sensitivity``.

    Raises:
        BadInput: listing everything that is.
    """
    problems = Problems()
    if not callable(metric):
        problems.note("metric", metric, "a function of spikes and targets, such as Accuracy(classes=4)")
    for name, value, low in (("n_chips", n_chips, 2), ("seed", seed, 0)):
        if not _whole(value, low):
            problems.note(name, value, f"a whole number >= {low}")
    check_confidence(confidence, problems)
    number = isinstance(threshold, (int, float)) and not isinstance(threshold, bool) and math.isfinite(threshold)
    if threshold is not None and not number:
        problems.note("threshold", threshold, "a finite number, or None")
    if isinstance(mismatch, MismatchModel):
        _check_biases(biases, mismatch, problems)
    else:
        problems.note("mismatch", mismatch, "a MismatchModel, such as MismatchModel(cv=0.1)")
    _check_methods(methods, mismatch, n_chips, problems)
    found = Conditions()
    try:
        found = Conditions(**conditions)
    except BadInput as error:
        problems.extend(error.problems)
    problems.raise_if_any()
    return found


def _check_biases(biases: Any, mismatch: MismatchModel, problems: Problems) -> None:
    spreading = spreads(mismatch)
    if not spreading:
        problems.note("mismatch", mismatch, "a model in which at least one bias has a CV above 0")
    if biases is None:
        return
    if not _listed(biases):
        problems.note("biases", biases, "None for all, or a list with at least one name")
        return
    for bias in biases:
        if bias not in BIASES:
            problems.append(unknown_name("bias", str(bias), BIASES))
        elif bias not in spreading:
            problems.note(f"CV of {bias}", 0.0, "above 0 for a bias whose mismatch is judged")


def _check_methods(methods: Any, mismatch: Any, n_chips: Any, problems: Problems) -> None:
    if not _listed(methods):
        problems.note("methods", methods, "a list of " + ", ".join(METHODS))
        return
    for method in methods:
        if method not in METHODS:
            hint = did_you_mean(str(method), METHODS)
            problems.note("methods", method, "any of " + ", ".join(METHODS), hint=hint)
    if "sobol" not in methods:
        return
    if _whole(n_chips, 2) and n_chips & (n_chips - 1):
        below = 1 << (n_chips.bit_length() - 1)
        problems.note(
            "n_chips", n_chips, "a power of two for Sobol indices", hint=f"such as {below} or {2 * below}"
        )
    if isinstance(mismatch, MismatchModel) and mismatch.correlation:
        hint = "methods=('one', 'without') need no independence; or drop the correlation"
        pairs = ", ".join(f"{a} with {b}" for a, b in mismatch.correlation)
        problems.note("correlation", pairs, "none for Sobol indices: shares of independent causes", hint=hint)


def _listed(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and len(value) > 0


def _whole(value: Any, low: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= low
