"""The two shapes of spread: the factor f of a bias, with mean 1 and coefficient of variation CV, from Gaussians."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr, ndtri

from arcana.mismatch.correlation import Array

DISTRIBUTIONS = ("lognormal", "normal")


def lognormal(cv: float, g: Array) -> Array:
    """Ln f = s g - s^2 / 2, s^2 = ln(1 + CV^2)."""
    s = math.sqrt(math.log1p(cv * cv))
    return np.asarray(s * g - s * s / 2)


def normal_redrawn(cv: float, n: int, rng: np.random.Generator) -> Array:
    """Ln f, f = 1 + CV g, redrawn at or below zero."""
    factors = 1 + cv * rng.standard_normal(n)
    while (low := factors <= 0).any():
        factors[low] = 1 + cv * rng.standard_normal(int(low.sum()))
    return np.asarray(np.log(factors))


def normal_of(cv: float, g: Array) -> Array:
    """Ln f of the same distribution as a function of g: f = 1 + CV z, z the quantile of g above -1 / CV.

    Redrawing one bias of a neuron would undo its correlation with the others, and redrawing all of them would
    change the others' spread. So z = F^-1(Phi(g)), F the normal distribution cut at -1 / CV; z is g wherever the
    cut is far away. Each tail is worked out from its own end, where it has all its digits.
    """
    kept = ndtr(1 / cv)
    lower = ndtri(ndtr(-1 / cv) + ndtr(g) * kept)
    upper = -ndtri(ndtr(-g) * kept)
    factors = 1 + cv * np.where(g < 0, lower, upper)
    return np.asarray(np.log(np.maximum(factors, np.finfo(float).tiny)))
