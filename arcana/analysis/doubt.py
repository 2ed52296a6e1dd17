"""Whether a network does better than guessing: a yield of chips that guess means nothing."""

from __future__ import annotations

from typing import Any

from scipy.stats import binomtest

from arcana.analysis.markup import percent
from arcana.analysis.metrics import Accuracy

_LEVEL = 0.05


def doubt(metric: Any, clean: float, series: int) -> str:
    """What to say where the undisturbed network may be guessing; empty where it does not, or for other metrics.

    P(right >= k | n, 1 / classes) > 0.05: a binomial test, one-sided, of k right series of n.

    Args:
        metric: Of the study.
        clean: Its value without mismatch.
        series: Number of series.
    """
    if not isinstance(metric, Accuracy) or metric.classes is None:
        return ""
    if binomtest(round(clean * series), series, 1 / metric.classes, "greater").pvalue <= _LEVEL:
        return ""
    return (
        f"Without mismatch the accuracy is {percent(clean)} of {series} series, no better than guessing among "
        f"{metric.classes} classes: chips that guess as well count as working, unless a threshold says otherwise."
    )
