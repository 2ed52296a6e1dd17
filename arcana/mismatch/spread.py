"""How far values spread within cores whose own levels are unknown: coefficient of variation with its interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import log_ndtr
from scipy.stats import chi2

Array: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]

CONFIDENCE = 0.95
MAD = 0.6744897501960817  # median |g| of a standard normal g
SIMULATED = 4000
STILL = 1e-12  # relative differences below it are rounding
WIDEST = 50.0  # no interval of a CV is looked for above this


class Spread(NamedTuple):
    """Coefficient of variation, and the ends of its 95 % interval."""

    cv: float
    low: float
    high: float


def centred(values: Array, group: Codes) -> Array:
    """The values minus the mean of their group."""
    return values - (np.bincount(group, values) / np.bincount(group))[group]


def cv_of_log(s: float) -> float:
    """CV = sqrt(exp(s^2) - 1) of a lognormal factor whose ln has the standard deviation s."""
    return float(np.sqrt(np.expm1(s * s)))


def lognormal_spread(y: Array, group: Codes) -> Spread:
    """S^2 = sum (y - mean of the core)^2 / (N - J), y = ln of the quantity; N neurons in J cores.

    (N - J) S^2 / s^2 has the chi-square distribution of N - J degrees of freedom, whatever the levels of the
    cores are: the interval is exact. CV = sqrt(exp(S^2) - 1).
    """
    free = y.size - np.bincount(group).size
    squares = float(np.square(centred(y, group)).sum())
    tails = [float(chi2.ppf(p, free)) for p in (0.5 + CONFIDENCE / 2, 0.5 - CONFIDENCE / 2)]
    return Spread(*(cv_of_log(np.sqrt(squares / divisor)) for divisor in (free, *tails)))


def normal_spread(x: Array, group: Codes) -> Spread:
    """CV of x = m (1 + CV g) cut at 0, m the unknown level of each core, by restricted likelihood.

    l(c) = -(N - J) ln c - J ln(1 + 2 c^2) / 2 - N ln Phi(1 / c) + sum over cores of n ln u - n (A u^2 - 2 B u + 1)
    / (2 c^2), with the mean B of x, the mean A of x^2, and u = 1 / m where the likelihood is largest for this c.
    The J terms are the adjustment of Cox and Reid (J. R. Stat. Soc. B 49, 1987) for the levels, which for small c
    makes of the maximum the sum of squares over N - J. The interval is where l is within 1.92 of its maximum.
    """
    relative = x / (np.bincount(group, x) / np.bincount(group))[group]
    if np.ptp(relative) < STILL:
        return Spread(0.0, 0.0, 0.0)
    cores = Cores.of(relative, group)

    def loss(log_c: float) -> float:
        c = float(np.exp(log_c))
        return normal_loss(c, cores) - cores.n.size * (log_c - 0.5 * float(np.log1p(2 * c * c)))

    start = float(np.log(np.std(relative)))
    best = minimize_scalar(loss, bounds=(start - 2, start + 2), method="bounded", options={"xatol": 1e-7})
    drop = float(chi2.ppf(CONFIDENCE, 1)) / 2

    def beyond(log_c: float) -> float:
        return loss(log_c) - float(best.fun) - drop

    at = float(best.x)
    top = float(np.log(WIDEST))
    low = float(brentq(beyond, at - 3, at))
    high = float(brentq(beyond, at, top)) if beyond(top) > 0 else np.inf
    return Spread(*(float(np.exp(v)) for v in (at, low, high)))


class Cores(NamedTuple):
    """What the likelihood of a normal spread needs of the values of each core: how many, mean, mean square."""

    n: Codes
    mean: Array
    square: Array

    @classmethod
    def of(cls, x: Array, group: Codes) -> Cores:
        """From the values."""
        n = np.bincount(group)
        return cls(n, np.bincount(group, x) / n, np.bincount(group, x * x) / n)

    def levels(self, c: float) -> Array:
        """Level m of each core for a given c: the root of A u^2 - B u - c^2 = 0 in u = 1 / m."""
        return np.asarray(2 * self.square / (self.mean + np.sqrt(self.mean**2 + 4 * self.square * c * c)))


def normal_loss(c: float, cores: Cores) -> float:
    """Minus the log-likelihood of x = m (1 + c g) cut at 0, at its largest in the levels m of the cores."""
    n, B, A = cores
    u = 1 / cores.levels(c)
    squares = float((n * (A * u * u - 2 * B * u + 1)).sum())
    constant = 0.5 * math.log(2 * math.pi) + math.log(c) + float(log_ndtr(1 / c))
    return int(n.sum()) * constant + squares / (2 * c * c) - float((n * np.log(u)).sum())


def robust_spread(values: Array, group: Codes, seed: int, to_cv: Callable[[float], float]) -> Spread:
    """Median of |value - median of its core|, over what it is for Gaussians of variance 1 on the same cores.

    That is simulated, and so is the interval: the ratio of the statistic to s has the same distribution for every
    s and every level of the cores. A few neurons far off move neither.
    """
    sizes = tuple(np.bincount(group).tolist())
    own = [_deviations(values[group == core][None])[0] for core in range(len(sizes))]
    statistic = float(np.median(np.concatenate(own)))
    return Spread(*(to_cv(statistic / end) for end in _for_gaussians(sizes, seed)))


@lru_cache(maxsize=64)
def _for_gaussians(sizes: tuple[int, ...], seed: int) -> tuple[float, ...]:
    """Median and upper and lower end of the statistic for Gaussians of variance 1 on cores of these sizes."""
    rng, drawn = np.random.default_rng(seed), list[Array]()
    block = max(1, 2**20 // sum(sizes))
    while sum(map(len, drawn)) < SIMULATED:
        columns = [_deviations(rng.standard_normal((block, n))) for n in sizes]
        drawn.append(np.median(np.concatenate(columns, 1), axis=1))
    levels = [0.5, 0.5 + CONFIDENCE / 2, 0.5 - CONFIDENCE / 2]
    return tuple(float(end) for end in np.quantile(np.concatenate(drawn), levels))


def _deviations(rows: Array) -> Array:
    return np.asarray(np.abs(rows - np.median(rows, axis=1, keepdims=True)))


def outlying(y: Array, group: Codes) -> Array:
    """Distance of each neuron from the median of its core, in robust standard deviations; y = ln of the quantity.

    The smaller one of that in ln and that in the quantity itself, so that neither shape makes outliers of its
    own tails.
    """
    relative = np.exp(y - medians(y, group))
    distances = []
    for deviation in (np.log(relative), relative - 1):
        scale = float(np.median(np.abs(deviation))) / MAD
        distances.append(np.abs(deviation) / max(scale, STILL))
    return np.asarray(np.minimum(*distances))


def between_cores(y: Array, group: Codes) -> float | None:
    """Standard deviation of the levels of the cores in ln, without what the spread of the neurons adds to them.

    The variance component of a one-way layout: (MS between - MS within) / n0. None for a single core.
    """
    n = np.bincount(group)
    cores, total = n.size, y.size
    if cores < 2 or total == cores:
        return None
    means = np.bincount(group, y) / n
    within = float(np.square(centred(y, group)).sum()) / (total - cores)
    between = float((n * np.square(means - y.mean())).sum()) / (cores - 1)
    size = (total - float((n * n).sum()) / total) / (cores - 1)
    return float(np.sqrt(max(0.0, (between - within) / size)))


def medians(values: Array, group: Codes) -> Array:
    """For each value, the median of its core."""
    return np.array([np.median(values[group == core]) for core in range(int(group.max()) + 1)])[group]
