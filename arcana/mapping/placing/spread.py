"""Over which groups of units (cores, chips) each sender spreads, kept up to date while units move."""

from __future__ import annotations

import numpy as np

from arcana.mapping.circuit import Floats, Ints
from arcana.mapping.placing.score import one_hot
from arcana.mapping.placing.task import Sparse, Task


class Spread:
    """Counts of targets, and what a move changes: G[k, v] = joins[v, k] - leaves[v].

    joins[v, k] sums price[s, k] over the senders s of v that have no target in group k yet; leaves[v] sums
    price[s, a] over those that have no other target in v's own group a. ``gain`` is G, one row per core.

    Args:
        task: What is placed.
        label: Group of each unit, (units,).
        price: What a sender pays for each group that it reaches, (senders, groups).
        rows: For each group, the rows of ``gain`` that stand for it.
        gain: (cores, units), added to.
    """

    def __init__(self, task: Task, label: Ints, price: Floats, rows: list[Ints], gain: Floats) -> None:
        self.label, self.price, self.rows, self.gain = label.copy(), price, rows, gain
        self._pins, self._senders = task.pins, task.senders
        self.count = (task.pins @ one_hot(label, price.shape[1])).astype(np.int32)
        joins = task.senders @ (price * (self.count == 0))
        leaves = (task.senders @ (price * (self.count == 1)))[np.arange(label.size), label]
        for group, mine in enumerate(rows):
            gain[mine] += joins[:, group] - leaves

    def move(self, unit: int, to: int) -> tuple[Ints, Ints]:
        """Move a unit. Its own column of ``gain`` is not kept up to date: it moves once.

        Returns:
            The senders that left the old group, and those that are new in the other.
        """
        a = int(self.label[unit])
        self.label[unit] = to
        mine = self._senders.indices[self._senders.indptr[unit] : self._senders.indptr[unit + 1]]
        was, now = self.count[mine, a] - 1, self.count[mine, to] + 1
        self.count[mine, a], self.count[mine, to] = was, now
        changed = (was <= 1) | (now <= 2)
        sender, was, now = mine[changed], was[changed], now[changed]
        pin, entry = pins_of(self._pins, sender)
        self._step(a, to, pin, sender[entry], was[entry], now[entry], unit)
        return mine[self.count[mine, a] == 0], mine[self.count[mine, to] == 1]

    def _step(self, a: int, b: int, pin: Ints, sender: Ints, was: Ints, now: Ints, unit: int) -> None:
        size = self.label.size
        at_a, at_b = self.price[sender, a], self.price[sender, b]
        gone, new = was == 0, now == 1
        self.gain[self.rows[a]] += np.bincount(pin[gone], at_a[gone], size)
        self.gain[self.rows[b]] -= np.bincount(pin[new], at_b[new], size)
        label = self.label[pin]
        alone = (was == 1) & (label == a)
        paired = (now == 2) & (label == b) & (pin != unit)
        if alone.any() or paired.any():
            touched = np.concatenate((pin[alone], pin[paired]))
            amount = np.concatenate((-at_a[alone], at_b[paired]))
            unique, place = np.unique(touched, return_inverse=True)
            self.gain[:, unique] += np.bincount(place, amount)


def pins_of(matrix: Sparse, rows: Ints) -> tuple[Ints, Ints]:
    """Columns of some rows, one after the other, and the position in ``rows`` that each belongs to."""
    first = matrix.indptr[rows].astype(np.int64)
    size = matrix.indptr[rows + 1] - first
    entry = np.repeat(np.arange(rows.size), size)
    end = np.cumsum(size)
    at = np.arange(entry.size) + (first - end + size)[entry]
    return matrix.indices[at], entry
