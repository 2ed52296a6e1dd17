"""Comparing two spike trains: spikes are matched in order, within a window; what stays alone is missed or extra."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WINDOW = 2.5e-3  # [s]: half of the shortest mean interval that is compared (200 Hz)


@dataclass(frozen=True)
class Score:
    """How well spikes agree, pooled over neurons.

    Attributes:
        errors: Absolute time difference of each matched pair [s].
        missed: Spikes of the reference without a partner.
        extra: Spikes of the other train without a partner.
        expected: Spikes of the reference.
    """

    errors: np.ndarray
    missed: int
    extra: int
    expected: int

    @property
    def median(self) -> float:
        """Median error [s]."""
        return float(np.median(self.errors)) if self.errors.size else float("nan")

    @property
    def p90(self) -> float:
        """90th percentile of the error [s]."""
        return float(np.quantile(self.errors, 0.9)) if self.errors.size else float("nan")

    @property
    def lost(self) -> float:
        """Missed and extra spikes as a share of the reference's."""
        return (self.missed + self.extra) / self.expected

    @property
    def count_error(self) -> float:
        """(spikes - expected) / expected."""
        return (self.extra - self.missed) / self.expected


def match(reference: np.ndarray, other: np.ndarray, window: float = WINDOW) -> Score:
    """Walk along both trains: the two next spikes are a pair if within the window, else the earlier is alone."""
    i = j = missed = extra = 0
    errors = []
    while i < len(reference) and j < len(other):
        difference = other[j] - reference[i]
        if abs(difference) <= window:
            errors.append(abs(difference))
            i, j = i + 1, j + 1
        elif difference > 0:
            missed, i = missed + 1, i + 1
        else:
            extra, j = extra + 1, j + 1
    left_over = len(reference) - i, len(other) - j
    return Score(np.array(errors), missed + left_over[0], extra + left_over[1], len(reference))


def pool(scores: Sequence[Score]) -> Score:
    """All neurons together, every spike counting once."""
    return Score(
        np.concatenate([s.errors for s in scores]),
        sum(s.missed for s in scores),
        sum(s.extra for s in scores),
        sum(s.expected for s in scores),
    )


def compare(
    reference: Sequence[np.ndarray], other: Sequence[np.ndarray], window: float = WINDOW
) -> tuple[Score, list[Score]]:
    """The pooled score, and that of each neuron."""
    each = [match(r, o, window) for r, o in zip(reference, other, strict=True)]
    return pool(each), each
