"""What differs from chip to chip, drawn from (seed, chip) alone: biases, dead parts, disturbed input."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcana.mismatch import Mismatch

Array = NDArray[np.float64]
NEVER = 60.0  # ln of a factor on a threshold that no membrane current reaches: e^60
# Without the second one the feedback of a neuron that does not spike would run away
THRESHOLDS = ("Ith", "Ipfb_th")


def stream(seed: int, chip: int, *names: str) -> np.random.Generator:
    """Random numbers that follow from the seed, the number of the chip, and what they are for."""
    return np.random.default_rng([seed, chip, *(zlib.crc32(name.encode()) for name in names)])


@dataclass(frozen=True)
class Chips(Mismatch):
    """Virtual chips with more than mismatch: ln f = mismatch + drift, and thresholds that dead neurons never reach.

    Attributes:
        drift: Coefficient of variation of a lognormal factor per bias that all neurons of a population (on a board:
            of a core) share.
        dead_neurons: Share of neurons that never spike.
    """

    drift: float = 0.0
    dead_neurons: float = 0.0

    def log_factors(self, population: str, bias: str, n: int) -> Array:
        """Ln f, shape (n_chips, n)."""
        factors = super().log_factors(population, bias, n)
        if self.drift:
            s = math.sqrt(math.log1p(self.drift**2))
            common = [self._stream(k, "drift", population, bias).standard_normal() for k in range(self.n_chips)]
            factors = factors + (s * np.array(common) - s * s / 2)[:, None]
        if self.dead_neurons and bias in THRESHOLDS:
            dead = [self._stream(k, "dead", population).random(n) < self.dead_neurons for k in range(self.n_chips)]
            factors = np.where(np.stack(dead), NEVER, factors)
        return factors

    def _stream(self, k: int, *names: str) -> np.random.Generator:
        return stream(self.seed, self.first + k, *names)


def noisy(signal: Array, noise: float, seed: int, chip: int) -> Array:
    """The signal with independent Gaussian noise on each sample."""
    return signal + noise * stream(seed, chip, "noise").standard_normal(signal.shape)


def disturbed(
    events: Array, seed: int, chip: int, *, jitter: float, dropped: float, spurious: float, dt: float
) -> Array:
    """Events (..., T, n) of one chip: lost ones taken out, the others shifted, and ones added that mean nothing.

    Each event is lost with probability ``dropped`` and moved by a Gaussian time of standard deviation ``jitter``
    [s], to the nearest step; what would leave the sequence stays in its first or last step. On each line a Poisson
    number of events of rate ``spurious`` [Hz] is added. Several events in a step are kept as a count.
    """
    counts = np.asarray(events).astype(np.int64)
    if dropped:
        counts = stream(seed, chip, "dropped").binomial(counts, 1 - dropped)
    if jitter:
        counts = _shifted(counts, jitter / dt, stream(seed, chip, "jitter"))
    if spurious:
        counts = counts + stream(seed, chip, "spurious").poisson(spurious * dt, counts.shape)
    return counts.astype(np.float64)


def _shifted(counts: NDArray[np.int64], steps: float, rng: np.random.Generator) -> NDArray[Any]:
    at = np.repeat(np.argwhere(counts), counts[counts > 0], axis=0)
    moved = at[:, -2] + np.rint(steps * rng.standard_normal(len(at))).astype(np.int64)
    at[:, -2] = moved.clip(0, counts.shape[-2] - 1)
    result = np.zeros_like(counts)
    np.add.at(result, tuple(at.T), 1)
    return result
