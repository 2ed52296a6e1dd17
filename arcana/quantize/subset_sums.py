"""The arithmetic of weight switches: nearest sums, and the best currents for them, for many candidates at once.

The weights are sorted once. The nearest sum of a weight then changes at 2^s - 1 places only, and what a fit needs
(how many weights each sum serves, and their total) is a difference of prefix sums: a candidate costs the same for a
hundred weights and for a hundred thousand.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from arcana.quantize.levels import Currents

Ints = NDArray[np.int64]

_ROUNDS = 60  # of Lloyd's iteration; it settles in 10 to 30
_SETTLED = 1e-10  # relative gain of a round below which it is over
_RIDGE = 1e-13  # keeps the equations solvable where a switch is not used; far below what a current is good for


def bits_of(switches: int) -> Currents:
    """(2^s, s): row m holds the bits of mask m, lowest first."""
    return np.array((np.arange(2**switches)[:, None] >> np.arange(switches)) & 1, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class SortedWeights:
    """Weights in rising order with the prefix sums of a, a w and a w^2 (a: how much each weight counts)."""

    weights: Currents
    prefix: Currents

    @classmethod
    def of(cls, weights: Currents, importance: Currents) -> SortedWeights:
        """Sort and sum up, once."""
        order = np.argsort(weights, kind="stable")
        w, a = weights[order], importance[order]
        prefix = np.zeros((3, w.size + 1))
        np.cumsum(np.stack([a, a * w, a * w * w]), axis=1, out=prefix[:, 1:])
        return cls(w, prefix)

    @property
    def squares(self) -> float:
        """||w||^2, each weight with its importance."""
        return float(self.prefix[2, -1])

    def shares(self, currents: Currents) -> tuple[Currents, Currents]:
        """What each subset sum serves as the nearest one.

        Args:
            currents: Candidates (c, s).

        Returns:
            Sum of a and sum of a w over the weights of each mask, both (c, 2^s).
        """
        sums = currents @ bits_of(currents.shape[1]).T
        order = np.argsort(sums, axis=1, kind="stable")
        parts = self._served(np.take_along_axis(sums, order, 1))
        shares = np.empty_like(parts)
        np.put_along_axis(shares, np.broadcast_to(order, parts.shape), parts, 2)
        return shares[0], shares[1]

    def errors(self, currents: Currents) -> Currents:
        """||w^ - w||^2 of each candidate (c, s) with the nearest sums, (c,)."""
        rising = np.sort(currents @ bits_of(currents.shape[1]).T, axis=1)
        count, total = self._served(rising)
        return np.asarray(self.squares + np.einsum("cm,cm->c", rising, count * rising - 2 * total))

    def _served(self, rising: Currents) -> Currents:
        """Sum of a and of a w over the weights nearest to each of the sums (c, m), which rise: (2, c, m)."""
        ends = np.zeros((len(rising), rising.shape[1] + 1), dtype=np.int64)
        ends[:, 1:-1] = np.searchsorted(self.weights, (rising[:, 1:] + rising[:, :-1]) / 2, side="right")
        ends[:, -1] = self.weights.size
        below = self.prefix[:2, ends]
        return np.asarray(below[..., 1:] - below[..., :-1])

    def settle(self, currents: Currents) -> tuple[Currents, Currents]:
        """Lloyd's iteration: nearest sums, then the best currents >= 0 for them, until nothing gains.

        Returns:
            The candidates (c, s) that it ends on and their ||w^ - w||^2 (c,): none worse than it was.
        """
        best = currents.copy()
        errors = self.errors(best)
        moving = np.arange(best.shape[0])
        for _ in range(_ROUNDS):
            better = least_squares(*self.shares(best[moving]), best.shape[1])
            now = self.errors(better)
            gains = errors[moving] - now > _SETTLED * self.squares
            moving, better, now = moving[gains], better[gains], now[gains]
            if moving.size == 0:
                break
            best[moving], errors[moving] = better, now
        return best, errors


def least_squares(count: Currents, total: Currents, switches: int) -> Currents:
    """The currents >= 0 of least error where the masks are given: min over W >= 0 of W'AW - 2 c'W.

    A = sum_m count_m b_m b_m' and c = sum_m total_m b_m. For s <= 6 all sets of currents that are not 0 can be
    tried, so the result is the minimum and not an approximation.

    Args:
        count: Weights that each mask serves (c, 2^s).
        total: Their sums (c, 2^s).
        switches: s.

    Returns:
        Currents (c, s).
    """
    bits = bits_of(switches)
    A = (count @ (bits[:, :, None] * bits[:, None, :]).reshape(len(bits), -1)).reshape(-1, switches, switches)
    c = total @ bits
    A = A + _RIDGE * A.trace(axis1=1, axis2=2)[:, None, None] * np.eye(switches) + np.finfo(float).tiny
    found = _solved(A, c, tuple(range(switches)))
    wrong = np.flatnonzero((found < 0).any(1))
    if wrong.size:
        found[wrong] = _best_support(A[wrong], c[wrong])
    return found


def _best_support(A: Currents, c: Currents) -> Currents:
    switches = c.shape[1]
    best, value = np.zeros_like(c), np.zeros(len(c))
    for size in range(1, switches):
        for support in combinations(range(switches), size):
            x = _solved(A, c, support)
            cost = np.einsum("ci,cij,cj->c", x, A, x) - 2 * np.einsum("ci,ci->c", c, x)
            wins = (x >= 0).all(1) & (cost < value)
            best[wins], value[wins] = x[wins], cost[wins]
    return best


def _solved(A: Currents, c: Currents, support: tuple[int, ...]) -> Currents:
    """Least squares over the currents of ``support``, the others 0."""
    x = np.zeros_like(c)
    part = A[:, support][:, :, support]
    x[:, support] = np.linalg.solve(part, c[:, support][..., None])[..., 0]
    return x


def nearest_masks(weights: Currents, currents: Currents) -> Ints:
    """Mask of the subset sum nearest to each weight; the smaller sum, then the smaller mask, of two equal ones."""
    sums = bits_of(currents.size) @ currents
    order = np.argsort(sums, kind="stable")
    rising, first = np.unique(sums[order], return_index=True)
    place = np.searchsorted((rising[1:] + rising[:-1]) / 2, weights, side="left")
    return np.asarray(order[first[place]], dtype=np.int64)
