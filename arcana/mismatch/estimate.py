"""The spread of one bias from ln of its measured values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arcana.mismatch.fit import BiasFit, Outlier
from arcana.mismatch.shape import Shape, shape_of
from arcana.mismatch.shapes import DISTRIBUTIONS
from arcana.mismatch.spread import (
    Array,
    Codes,
    Spread,
    between_cores,
    centred,
    cv_of_log,
    lognormal_spread,
    medians,
    normal_spread,
    outlying,
    robust_spread,
)

FAR = 5.0  # robust standard deviations from the median of the core, from which on a neuron is an outlier


class Estimate(NamedTuple):
    """What was found for a bias.

    Attributes:
        fit: Its spread.
        outliers: Neurons far from the others of their core.
        log_factors: ln f over the mean of the core, one for each row, NaN where there is none.
        note: What has to be said about the shape; empty where it was clear.
    """

    fit: BiasFit
    outliers: list[Outlier]
    log_factors: Array
    note: str

    @property
    def gaussian(self) -> Array:
        """What is Gaussian around the level of the core: ln of a lognormal factor, a normal one itself."""
        return self.log_factors if self.fit.distribution == "lognormal" else np.exp(self.log_factors)


class Way(NamedTuple):
    """How to estimate: the shape asked for ("auto" to compare), the one to fall back on, robust or not, seed."""

    distribution: str
    likely: str
    robust: bool
    seed: int


def estimate(bias: str, source: str, y: Array, core: NDArray[np.int64], rows: Sequence[str], way: Way) -> Estimate:
    """Spread of one bias, y = ln f + the level of its core, NaN where it was not measured."""
    used = np.flatnonzero(np.isfinite(y))
    values, group = y[used], counted(core[used])
    far = outlying(values, group)
    ratios = np.exp(values - medians(values, group))
    outliers = [Outlier(rows[used[k]], bias, float(ratios[k]), float(far[k])) for k in np.flatnonzero(far > FAR)]
    near = far <= FAR if way.robust else np.ones(used.size, dtype=bool)
    shape = shape_of(values[near], counted(group[near]))
    distribution, note = _chosen(bias, shape, way)
    spread = _spread(values, group, distribution, way)
    cores = int(group.max()) + 1
    between = between_cores(values, group)
    fit = BiasFit(bias, source, used.size, cores, spread, distribution, shape, between)
    log_factors = np.full(y.size, np.nan)
    log_factors[used] = centred(values, group)
    return Estimate(fit, outliers, log_factors, note)


def counted(core: NDArray[np.int64]) -> Codes:
    """The cores that there are, numbered from 0."""
    return np.unique(core, return_inverse=True)[1].astype(np.int64)


def within_cores(y: Array, core: NDArray[np.int64]) -> Array:
    """Y minus the mean of its core; NaN stays."""
    used = np.isfinite(y)
    found = np.full(y.size, np.nan)
    if used.any():
        found[used] = centred(y[used], counted(core[used]))
    return found


def _chosen(bias: str, shape: Shape, way: Way) -> tuple[str, str]:
    """The shape to use, and what has to be said about it."""
    if way.distribution in DISTRIBUTIONS:
        return way.distribution, ""
    if shape.verdict == "neither":
        text = f"{bias} has neither shape (outliers? several populations?): {shape.likelier}, the likelier, is used"
        return shape.likelier, text
    if shape.verdict == "undecided":
        text = f"too few neurons or too little spread to tell the shape of {bias}: {way.likely} is assumed"
        return way.likely, text
    return shape.verdict, ""


def _spread(y: Array, group: Codes, distribution: str, way: Way) -> Spread:
    if not way.robust:
        if distribution == "lognormal":
            return lognormal_spread(y, group)
        return normal_spread(np.exp(centred(y, group)), group)
    relative = y if distribution == "lognormal" else np.exp(y - medians(y, group))
    to_cv: Callable[[float], float] = cv_of_log if distribution == "lognormal" else float
    return robust_spread(relative, group, way.seed, to_cv)
