"""Placement as an integer program, for a few units.

x[g, k] = 1: unit g is on core k.  y[p, k] >= x[g, k] for g in p: a set p of units that share a sender has one on
core k.  z[p, c] >= y[p, k] for k on chip c.  u[p, g, c, d] >= x[g, on c] + z[p, d] - 1: a sender in g, on chip c,
sends to chip d.  cost = sum rate y; hops = sum rate hops[c, d] u.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import LinearConstraint

from arcana.mapping.circuit import Floats, Ints
from arcana.mapping.placing.task import Task

Flags = NDArray[np.bool_]


@dataclass(eq=False)
class Edges:
    """Senders that are heard by the same units, as one.

    Attributes:
        units: (sets, units) which units a set has.
        rate: Sum of their rates, (sets,).
        number: How many senders, (sets,).
        inside: Whether a neuron is among them, (sets,).
        home: For each (set, unit) that a neuron of the unit sends to the set: set, unit, and sum of the rates.
    """

    units: Flags
    rate: Floats
    number: Floats
    inside: Flags
    home: tuple[Ints, Ints, Floats]

    @classmethod
    def of(cls, task: Task) -> Edges:
        """Merge equal senders."""
        units, of = np.unique(task.pins.toarray() > 0, axis=0, return_inverse=True)
        of = of.ravel()
        neuron = task.home >= 0
        keys, which = np.unique(of[neuron] * task.units + task.home[neuron], return_inverse=True)
        rate: Floats = np.bincount(which, task.rate[neuron], keys.size).astype(float)
        inside = np.isin(np.arange(len(units)), of[neuron])
        home = (keys // task.units, keys % task.units, rate)
        total, number = (np.bincount(of, w).astype(float) for w in (task.rate, np.ones_like(task.rate)))
        return cls(units, total, number, inside, home)


@dataclass(eq=False)
class Model:
    """Variables and rows of the program. Variables are numbered x, y, t, z, u; all are 0 or 1.

    Args:
        task: What is placed.
        with_hops: Whether the hops are needed, too (then chips cannot be told apart by number any more).
    """

    task: Task
    with_hops: bool
    rows: list[tuple[Ints, Floats, float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        task, board = self.task, self.task.board
        self.edges = Edges.of(task)
        self.kinds = int(task.kind.max()) + 1
        self.chips_count = self.with_hops or bool(board.far.any()) or board.targets < board.chips
        sizes = [
            task.units * task.cores,
            len(self.edges.units) * task.cores,
            task.cores * self.kinds,
            len(self.edges.units) * board.chips * self.chips_count,
            self.edges.home[0].size * board.chips**2 * (self.with_hops or bool(board.far.any())),
        ]
        ends = np.cumsum([0, *sizes])
        self.size = int(ends[-1])
        numbers = np.split(np.arange(self.size), ends[1:-1])
        self.x, self.y = (n.reshape(-1, task.cores) for n in numbers[:2])
        self.t = numbers[2].reshape(-1, self.kinds)
        self.z, self.u = numbers[3].reshape(-1, board.chips), numbers[4].reshape(-1, board.chips, board.chips)
        self._cores()
        self._sets()
        if self.chips_count:
            self._chips()
        self._order()
        if self.u.size:
            self._ways()

    @cached_property
    def cost(self) -> Floats:
        """Coefficients of the cost."""
        found = np.zeros(self.size)
        found[self.y] = self.edges.rate[:, None]
        return found

    @cached_property
    def hops(self) -> Floats:
        """Coefficients of the hops."""
        found = np.zeros(self.size)
        found[self.u] = self.edges.home[2][:, None, None] * self.task.board.hops
        return found

    def constraints(self) -> LinearConstraint:
        """All rows."""
        column = np.concatenate([np.ravel(c) for c, _, _, _ in self.rows])
        value = np.concatenate([np.broadcast_to(v, np.shape(c)).ravel() for c, v, _, _ in self.rows])
        row = np.repeat(np.arange(len(self.rows)), [np.size(c) for c, _, _, _ in self.rows])
        matrix = sparse.csr_array((value, (row, column)), shape=(len(self.rows), self.size))
        return LinearConstraint(matrix, [low for _, _, low, _ in self.rows], [high for _, _, _, high in self.rows])

    def add(self, columns: Ints, values: Floats | float, low: float, high: float) -> None:
        """One row: low <= sum of values * variables <= high."""
        self.rows.append((columns, np.asarray(values, dtype=float), low, high))

    def at_least(self, large: int, small: int) -> None:
        """One variable is not below another."""
        self.add(np.array([large, small]), np.array([1.0, -1.0]), 0, np.inf)

    def _cores(self) -> None:
        task = self.task
        for unit in range(task.units):
            self.add(self.x[unit], 1.0, 1, 1)
        for core in range(task.cores):
            for k in range(task.room.shape[1]):
                self.add(self.x[:, core], task.weight[:, k].astype(float), 0, float(task.room[core, k]))
            self.add(self.y[:, core], self.edges.number, 0, float(task.board.tags[core]))
            self.add(self.t[core], 1.0, 0, 1)
            for unit in range(task.units):
                self.at_least(self.t[core, task.kind[unit]], self.x[unit, core])

    def _sets(self) -> None:
        for p, mine in enumerate(self.edges.units):
            for unit in np.flatnonzero(mine):
                for core in range(self.task.cores):
                    self.at_least(self.y[p, core], self.x[unit, core])
            self.add(self.y[p], 1.0, least_cores(self.task, mine), np.inf)

    def _chips(self) -> None:
        board = self.task.board
        for p in np.flatnonzero(self.edges.inside):
            for core in range(self.task.cores):
                self.at_least(self.z[p, board.chip[core]], self.y[p, core])
            self.add(self.z[p], 1.0, 1, board.targets)

    def _ways(self) -> None:
        board = self.task.board
        for e, (p, unit) in enumerate(zip(*self.edges.home[:2], strict=True)):
            for c in range(board.chips):
                here = self.x[unit, board.chip == c]
                for d in np.flatnonzero(board.hops[c]):
                    columns = np.concatenate(([self.u[e, c, d], self.z[p, d]], here))
                    self.add(columns, np.array([1.0, -1.0] + [-1.0] * here.size), -1, np.inf)
                    if board.far[c, d]:
                        self.add(self.u[e, c, [d]], 1.0, 0, 0)

    def _order(self) -> None:
        """Cores that are alike are used in order of their first unit: exchanging them gives nothing new."""
        task, board = self.task, self.task.board
        free = not self.with_hops and not self.chips_count
        for core in range(1, task.cores):
            same = (task.room[core - 1] == task.room[core]).all() and board.tags[core - 1] == board.tags[core]
            if same and (free or board.chip[core - 1] == board.chip[core]):
                for unit in range(task.units):
                    columns = np.concatenate(([self.x[unit, core]], self.x[:unit, core - 1]))
                    self.add(columns, np.array([1.0] + [-1.0] * unit), -np.inf, 0)


def least_cores(task: Task, units: Flags) -> int:
    """Cores that a set of units needs at least, by weight and by kind."""
    most, needed = task.room.max(0), 0
    for kind in np.unique(task.kind[units]):
        total = task.weight[units & (task.kind == kind)].sum(0)
        needed += max(1, int(np.max(-(-total // np.maximum(most, 1)))))
    return needed
