"""Normal or lognormal: which shape the spread of measured values has, and whether either is one they can have."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import ndtr, ndtri
from scipy.stats import normaltest, shapiro

from arcana.mismatch.spread import STILL, Array, Codes, Cores, centred, normal_loss

DECISIVE = float(np.log(20))  # a likelihood ratio of 20: below it the shapes are not told apart
REJECTED = 0.01  # p-value of a shape that the values do not have
SHAPIRO_LARGEST = 5000  # above it, SciPy's p-value of Shapiro-Wilk is not accurate


class Shape(NamedTuple):
    """What the values say about the shape.

    Attributes:
        verdict: "lognormal", "normal", "undecided" (too few neurons or too little spread), or "neither".
        ratio: ln of the likelihood ratio, lognormal over normal; half the difference of their AIC.
        p_lognormal: p-value of a test of the lognormal shape (Shapiro-Wilk; D'Agostino-Pearson above 5000).
        p_normal: The same for the normal one.
    """

    verdict: str
    ratio: float
    p_lognormal: float
    p_normal: float

    @property
    def likelier(self) -> str:
        """The shape with the larger likelihood."""
        return "lognormal" if self.ratio >= 0 else "normal"


def shape_of(y: Array, group: Codes) -> Shape:
    """Compare the likelihoods of both shapes, each at its best levels of the cores and its best CV.

    Both have one CV and a level for each core, so the difference of their AIC is twice that of ln likelihood.
    """
    N, x = y.size, np.exp(centred(y, group))
    s2 = float(np.square(centred(y, group)).mean())
    if s2 < STILL**2:
        return Shape("undecided", 0.0, 1.0, 1.0)
    lognormal = -N / 2 * (np.log(2 * np.pi * s2) + 1) - float(np.log(x).sum())
    start = 0.5 * np.log(s2)
    cores = Cores.of(x, group)
    best = minimize_scalar(
        lambda log_c: normal_loss(float(np.exp(log_c)), cores), bounds=(start - 2, start + 2), method="bounded"
    )
    c = float(np.exp(best.x))
    ratio = lognormal + float(best.fun)
    p_lognormal, p_normal = (_gaussian(g, group) for g in (y, _quantiles(x, c, cores.levels(c)[group])))
    likelier = p_lognormal if ratio >= 0 else p_normal
    verdict = "undecided"
    if abs(ratio) >= DECISIVE:
        verdict = "lognormal" if ratio > 0 else "normal"
    if max(p_lognormal, p_normal) < REJECTED or (verdict != "undecided" and likelier < REJECTED):
        verdict = "neither"
    return Shape(verdict, float(ratio), p_lognormal, p_normal)


def _quantiles(x: Array, c: float, level: Array) -> Array:
    """The Gaussian whose quantile each value of the cut normal distribution has; nearly (x / m - 1) / c."""
    z = (x / level - 1) / c
    cut = ndtr(-1 / c)
    below = np.maximum(ndtr(z) - cut, np.finfo(float).tiny) / (1 - cut)  # its rounding may be negative at the cut
    return np.asarray(np.where(z < 0, ndtri(below), -ndtri(ndtr(-z) / (1 - cut))))


def _gaussian(values: Array, group: Codes) -> float:
    """p-value of the values being Gaussian in each core, around levels of their own.

    Tested are the recursive residuals (value k of a core minus the mean of those before it, scaled): N - J numbers
    that are independent and Gaussian if the values are, however small the cores.
    """
    residuals = []
    for core in range(int(group.max()) + 1):
        own = values[group == core]
        before = np.arange(1, own.size)
        residuals.append((own[1:] - np.cumsum(own)[:-1] / before) * np.sqrt(before / (before + 1)))
    r = np.concatenate(residuals)
    if r.size < 3:
        return 1.0
    return float((shapiro(r) if r.size <= SHAPIRO_LARGEST else normaltest(r)).pvalue)
