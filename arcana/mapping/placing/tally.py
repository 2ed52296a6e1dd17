"""The score of a placement, kept up to date while units move."""

from __future__ import annotations

import numpy as np

from arcana.mapping.circuit import Ints
from arcana.mapping.placing.prices import Prices
from arcana.mapping.placing.score import Score, chip_use, home_chip, load_of
from arcana.mapping.placing.spread import Spread
from arcana.mapping.placing.task import Task


class Tally:
    """Gains and score.

    gain[k, v] is what moving unit v to core k adds to cost + prices of broken limits. It is exact for the cost of
    one move. For the hops of a neuron's own spikes it is as of the start.

    Args:
        task: What is placed.
        core: Core of each unit at the start.
        prices: Of broken limits.
    """

    def __init__(self, task: Task, core: Ints, prices: Prices) -> None:
        self.task, self.board = task, task.board
        self.gain = np.zeros((task.cores, task.units))
        cores = [np.array([k]) for k in range(task.cores)]
        self.by_core = Spread(task, core, prices.of_cores(task), cores, self.gain)
        self.load, self.members = load_of(task, core), np.bincount(core, minlength=task.cores)
        self.crowd = (self.by_core.count > 0).sum(0)
        self.cost = float(task.rate @ (self.by_core.count > 0).sum(1))
        self.by_chip: Spread | None = None
        self._home = home_chip(task, core)
        self._excess, self._hops = np.zeros(task.rate.size, dtype=np.int64), np.zeros(task.rate.size)
        self._chip_excess, self._chip_hops = 0, 0.0
        if self.board.chips > 1:
            chips = [np.flatnonzero(self.board.chip == c) for c in range(self.board.chips)]
            price = prices.of_chips(task, self._home)
            self.by_chip = Spread(task, self.board.chip[core], price, chips, self.gain)
            self.gain += prices.of_homes(task, core, self.by_chip.count > 0)
            self._count_chips(np.arange(task.rate.size))

    @property
    def core(self) -> Ints:
        """Core of each unit."""
        return self.by_core.label

    @property
    def score(self) -> Score:
        """The score now."""
        crowd = int(np.maximum(self.crowd - self.board.tags, 0).sum())
        return Score(self.over, crowd + self._chip_excess, self.cost, self._chip_hops)

    @property
    def over(self) -> int:
        """Neurons that are too many."""
        return int(np.maximum(self.load - self.task.room, 0).sum())

    def move(self, unit: int, to: int) -> None:
        """Move a unit."""
        a = int(self.core[unit])
        left, new = self.by_core.move(unit, to)
        self.crowd[a] -= left.size
        self.crowd[to] += new.size
        self.cost += float(self.task.rate[new].sum() - self.task.rate[left].sum())
        for k, sign in ((a, -1), (to, 1)):
            self.load[k] += sign * self.task.weight[unit]
            self.members[k] += sign
        chip = int(self.board.chip[to])
        if self.by_chip is not None and chip != self.board.chip[a]:
            left, new = self.by_chip.move(unit, chip)
            own = self.task.own
            mine = own.indices[own.indptr[unit] : own.indptr[unit + 1]]
            self._home[mine] = chip
            self._count_chips(np.unique(np.concatenate((left, new, mine))))

    def _count_chips(self, sender: Ints) -> None:
        assert self.by_chip is not None
        heard = self.by_chip.count[sender] > 0
        excess, hops = chip_use(self.board, self._home[sender], heard)
        hops = hops * self.task.rate[sender]
        self._chip_excess += int((excess - self._excess[sender]).sum())
        self._chip_hops += float((hops - self._hops[sender]).sum())
        self._excess[sender], self._hops[sender] = excess, hops
