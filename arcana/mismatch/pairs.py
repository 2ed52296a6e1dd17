"""Correlations between the measured factors of a neuron, and which of them a model should have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from arcana.mismatch.correlation import Pair, groups, matrix
from arcana.mismatch.spread import CONFIDENCE, centred

Array: TypeAlias = NDArray[np.float64]


class PairFit(NamedTuple):
    """Correlation of two biases over the neurons of a core.

    Attributes:
        first: One bias.
        second: The other one.
        neurons: Neurons with a value of both.
        r: Correlation of their Gaussians.
        low: Lower end of its 95 % interval.
        high: Upper end.
        significant: Whether it differs from 0, at 5 % for all pairs of the fit together (Bonferroni).
    """

    first: str
    second: str
    neurons: int
    r: float
    low: float
    high: float
    significant: bool


def pairs_of(values: Mapping[str, Array], group: NDArray[np.int64], robust: bool) -> tuple[PairFit, ...]:
    """R = sum e1 e2 / sqrt(sum e1^2 sum e2^2), e = value - mean of the core; interval by Fisher's z.

    z = atanh(r) has the variance 1 / (N - J - 2), N neurons in J cores. Robust: e by their ranks, and z with the
    variance (1 + r^2 / 2) / (N - J - 2) (Bonett and Wright, Psychometrika 65, 2000); r and both ends are turned
    into the correlation of the Gaussians under the ranks, 2 sin(pi r / 6).

    Args:
        values: What is Gaussian (ln of a lognormal quantity, a normal one itself) by bias, (n,), NaN where missing.
        group: Core of each neuron.
        robust: Whether single neurons far off must not count.
    """
    pairs = list(combinations(sorted(values), 2))
    found = []
    for a, b in pairs:
        both = np.isfinite(values[a]) & np.isfinite(values[b])
        own = np.unique(group[both], return_inverse=True)[1]
        cores = int(own.max()) + 1 if both.any() else 0
        free = int(both.sum()) - cores - 2
        if free < 1:
            continue
        e1, e2 = (centred(values[name][both], own) for name in (a, b))
        if robust:
            e1, e2 = (rankdata(e) - (len(e) + 1) / 2 for e in (e1, e2))
        scale = np.sqrt(e1 @ e1 * (e2 @ e2))
        r = float(np.clip(e1 @ e2 / scale, -1, 1)) if scale > 0 else 0.0
        error = np.sqrt((1 + r * r / 2 if robust else 1.0) / free)
        z = np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12))
        reach = float(ndtri((1 + CONFIDENCE) / 2)) * error
        limit = float(ndtri(1 - (1 - CONFIDENCE) / (2 * len(pairs)))) * error
        ends = np.array([r, np.tanh(z - reach), np.tanh(z + reach)])
        r, low, high = (2 * np.sin(np.pi * ends / 6) if robust else ends).tolist()
        found.append(PairFit(a, b, int(both.sum()), r, low, high, bool(abs(z) > limit)))
    return tuple(found)


def possible(pairs: Iterable[PairFit]) -> tuple[dict[Pair, float], float]:
    """The correlations by pair, and the factor on all of them that makes their matrix positive semi-definite.

    Pairs estimated one by one, from different neurons or with others set to 0, need not be possible together.
    """
    table = {(p.first, p.second): p.r for p in pairs}
    smallest = min((float(np.linalg.eigvalsh(matrix(names, table))[0]) for names in groups(table)), default=0.0)
    factor = 1 / (1 - smallest) if smallest < 0 else 1.0
    return {pair: r * factor for pair, r in table.items()}, factor
