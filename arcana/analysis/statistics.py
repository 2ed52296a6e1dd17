"""What the values of many chips say together: mean, spread, percentiles, yield, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from arcana.errors import Problems

CONFIDENCE = 0.95
SLACK = 1e-12  # relative: 36 of 40 right must reach a threshold of 0.9 x 1.0, whichever way both were rounded
RESAMPLES = 1999  # of a bootstrap


@dataclass(frozen=True)
class Summary:
    """Values of n chips in short.

    Attributes:
        n: Number of chips.
        mean: Of the values.
        sd: Standard deviation with n - 1 degrees of freedom; 0 for one chip, which shows no spread.
        p5: 5th percentile. Percentile p is the order statistic of rank 1 + (n - 1) p / 100, linear in between
            (type 7 of Hyndman and Fan, The American Statistician 50, 1996).
        p50: Median.
        p95: 95th percentile.
        worst: Smallest value.
        yield_: Share of chips with value >= threshold, 0 to 1.
        yield_low: Lower end of the 95 % Wilson interval of the yield.
        yield_high: Upper end.
    """

    n: int
    mean: float
    sd: float
    p5: float
    p50: float
    p95: float
    worst: float
    yield_: float
    yield_low: float
    yield_high: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; ``yield_`` is called ``yield`` there."""
        return {name.rstrip("_"): value for name, value in asdict(self).items()}


def summarise(values: Sequence[float], threshold: float) -> Summary:
    """Mean, spread, percentiles, worst chip, and the yield with its 95 % Wilson interval.

    Args:
        values: Of each chip, the larger the better.
        threshold: From which value on a chip works; a value is allowed to miss it by 1e-12 of it.

    Raises:
        BadInput: listing an empty sequence, and numbers that are not finite.
    """
    problems, array = Problems(), np.asarray(values, dtype=float)
    if array.ndim != 1 or not array.size:
        problems.note("values", array.shape, "one number for each chip, and at least one chip", "(shape)")
    if not np.isfinite(array).all():
        problems.note("values", f"{int((~np.isfinite(array)).sum())} values", "finite numbers")
    if not math.isfinite(threshold):
        problems.note("threshold", threshold, "a finite number")
    problems.raise_if_any()
    n, good = len(array), int(works(array, threshold).sum())
    low, high = wilson(good, n)
    p5, p50, p95 = (float(p) for p in np.percentile(array, (5, 50, 95)))
    sd = float(array.std(ddof=1)) if n > 1 else 0.0
    return Summary(n, float(array.mean()), sd, p5, p50, p95, float(array.min()), good / n, low, high)


def works(values: ArrayLike, threshold: float) -> NDArray[np.bool_]:
    """Which values reach the threshold, up to the rounding of floats."""
    return np.asarray(np.asarray(values) >= threshold - SLACK * abs(threshold))


def wilson(successes: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Interval of a share: (p + z^2/2n -+ z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n), p = successes / n.

    It stays within 0 to 1 and does not shrink to a point where all chips, or none, work. Source: E. B. Wilson,
    Journal of the American Statistical Association 22, 1927.

    Raises:
        BadInput: listing what is not a number of chips, and a confidence that is none.
    """
    problems = Problems()
    whole = all(isinstance(k, (int, np.integer)) and not isinstance(k, bool) for k in (successes, n))
    if not whole or n < 1 or not 0 <= successes <= n:
        problems.note("successes of n", (successes, n), "whole numbers with n >= 1 and 0 <= successes <= n")
    check_confidence(confidence, problems)
    problems.raise_if_any()
    interval = stats.binomtest(int(successes), int(n)).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def mean_interval(
    values: ArrayLike, confidence: float = CONFIDENCE, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bootstrap interval (bias-corrected and accelerated) of the mean of each row, without any assumed shape.

    Rows share their resamples: their intervals differ through their values alone. A row of equal values gives this
    value twice, which says only that no spread was seen.

    Args:
        values: Shape (..., n) with n >= 2.
        confidence: Between 0 and 1.
        seed: Of the resamples.

    Returns:
        Lower and upper ends, each of shape (...).

    Raises:
        BadInput: listing a row that is too short, numbers that are not finite, and a confidence that is none.
    """
    array, problems = np.asarray(values, dtype=float), Problems()
    if array.ndim < 1 or array.shape[-1] < 2 or not np.isfinite(array).all():
        problems.note("values", array.shape, "finite numbers, at least two in a row", "(shape)")
    check_confidence(confidence, problems)
    problems.raise_if_any()
    low, high = array[..., 0].copy(), array[..., 0].copy()
    spread = array.min(-1) < array.max(-1)
    if spread.any():
        interval = stats.bootstrap(
            (array[spread],), np.mean, axis=-1, vectorized=True, n_resamples=RESAMPLES, batch=100,
            confidence_level=confidence, method="BCa", random_state=np.random.default_rng(seed),
        ).confidence_interval  # fmt: skip
        low[spread], high[spread] = interval.low, interval.high
    return low, high


def check_confidence(confidence: Any, problems: Problems) -> None:
    """Note what is not a confidence."""
    if isinstance(confidence, bool) or not isinstance(confidence, (int, float)) or not 0 < confidence < 1:
        problems.note("confidence", confidence, "a number between 0 and 1, such as 0.95")


__all__ = ["CONFIDENCE", "Summary", "mean_interval", "summarise", "wilson", "works"]
