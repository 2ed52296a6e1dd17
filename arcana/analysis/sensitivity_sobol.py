"""Variance-based indices of the biases, from the values of three sets of chips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from arcana.analysis.statistics import RESAMPLES, SLACK

Array = NDArray[np.float64]
NUMBERS_AT_ONCE = 2**22  # of a bootstrap, for memory
FEW = 10  # chips off the most common value, below which indices hang on single chips


@dataclass(frozen=True)
class Estimate:
    """A number with the interval in which the true one lies with the confidence of the study."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """Plain data, for JSON."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Indices:
    """Sobol indices of one bias.

    Attributes:
        first: S_b = Var(E[y | x_b]) / Var(y): what the mismatch of b explains by itself.
        total: T_b = 1 - Var(E[y | x_not_b]) / Var(y): the same with its part in all interactions.
    """

    first: Estimate
    total: Estimate


def sobol(f_A: Array, f_B: Array, f_AB: Sequence[Array], confidence: float, seed: int) -> tuple[Indices, ...]:
    """S_b = E[f_B (f_AB - f_A)] / Var(f), T_b = E[(f_AB - f_A)^2] / (2 Var(f)), for each bias b.

    x_b is not one number: it is the whole vector of the factors that b has on all neurons of a chip, drawn again
    together. So S_b is the share of the spread between chips that would go if the mismatch of b were known on every
    neuron, whichever neuron it sits on. Estimates may leave 0 to 1 where chips are few; they are not cut off.
    The estimator is ``scipy.stats.sobol_indices`` (Saltelli et al., Computer Physics Communications 181, 2010);
    intervals are percentiles of ``scipy.stats.bootstrap`` over chips. SciPy's own ``SobolResult.bootstrap`` cannot
    be given a seed, and the same study must give the same numbers.

    Args:
        f_A: Values of n chips, n a power of two.
        f_B: Of n others.
        f_AB: Of the first n with the factors of one bias from the others; one row for each bias.
        confidence: Of the intervals.
        seed: Of the bootstrap.

    Returns:
        One for each bias; none where all values of A and B are equal, since there is nothing to divide by.
    """
    A, B, AB = (np.asarray(f, dtype=float) for f in (f_A, f_B, f_AB))
    if constant(A, B):
        return ()
    # SciPy cannot do a single input: one more without any effect, whose chips are those of A
    pages = np.concatenate([AB, A[None]])

    def indices(chips: Any, axis: int = -1) -> Array:
        """(2, biases) for a list of chips; (2, biases, lists) for several lists, as so many outputs of SciPy's."""
        lists = np.atleast_2d(chips)
        found = stats.sobol_indices(func={"f_A": A[lists], "f_B": B[lists], "f_AB": pages[:, lists]}, n=len(A))
        both = np.stack([found.first_order, found.total_order]).reshape(2, len(lists), len(pages))
        return np.moveaxis(both[..., :-1], 1, -1).reshape(2, len(pages) - 1, *np.shape(chips)[:-1])

    every = np.arange(len(A))
    interval = stats.bootstrap(
        (every,), indices, vectorized=True, n_resamples=RESAMPLES, batch=max(1, NUMBERS_AT_ONCE // pages.size),
        confidence_level=confidence, method="percentile", random_state=np.random.default_rng(seed),
    ).confidence_interval  # fmt: skip
    triples = np.stack([indices(every), interval.low, interval.high], axis=-1)
    return tuple(Indices(Estimate(*map(float, s)), Estimate(*map(float, t))) for s, t in zip(*triples, strict=True))


def constant(*values: Array) -> bool:
    """Whether all values are the same, up to the rounding of floats."""
    both = np.concatenate(values)
    return bool(np.ptp(both) <= SLACK * np.abs(both).max())


def doubts(f_A: Array, f_B: Array) -> tuple[str, ...]:
    """What a reader of the indices should know."""
    both = np.concatenate([f_A, f_B])
    if constant(both):
        return (
            f"all {len(both)} chips have the value {both[0]:g}: there is no spread that could have a cause; take a "
            "metric that tells these chips apart, or more mismatch",
        )
    off = len(both) - int(np.unique(both, return_counts=True)[1].max())
    if off < min(FEW, len(both) / 2):
        return (f"only {off} of {len(both)} chips differ from the most common value: the indices hang on these",)
    return ()
