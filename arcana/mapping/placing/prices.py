"""What broken limits cost, raised until they are kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arcana.mapping.circuit import Floats, Ints
from arcana.mapping.placing.score import chip_use, home_chip, one_hot
from arcana.mapping.placing.task import Task

_HOP = 1e-3  # weight of a hop beside a destination core: breaks ties, the score decides
_STEP = 0.5  # of the mean rate, by which the price of a broken limit rises
_DECAY = 0.9


@dataclass(eq=False)
class Prices:
    """Prices of limits.

    Attributes:
        tag: For one more sender in a core, (cores,).
        chip: For one more chip of a sender, (senders,).
        mean: Mean rate: what prices are measured in.
    """

    tag: Floats
    chip: Floats
    mean: float

    @classmethod
    def free(cls, task: Task) -> Prices:
        """Nothing is broken yet."""
        positive = task.rate[task.rate > 0]
        mean = float(positive.mean()) if positive.size else 1.0
        return cls(np.zeros(task.cores), np.zeros(task.rate.size), mean)

    def of_cores(self, task: Task) -> Floats:
        """(senders, cores): rate + price of a tag."""
        price: Floats = task.rate[:, None] + self.tag
        return price

    def of_chips(self, task: Task, home: Ints) -> Floats:
        """(senders, chips): price of a chip + hops + far."""
        ways = np.where((home >= 0)[:, None], _ways(task)[home] * task.rate[:, None], 0.0)
        price: Floats = self.chip[:, None] + ways
        return price

    def of_homes(self, task: Task, core: Ints, heard: Ints) -> Floats:
        """(cores, units) what the hops of a unit's own spikes change when it moves there."""
        ways = task.own @ (heard * task.rate[:, None]) @ _ways(task)  # symmetric: from any chip to those heard
        change: Floats = ways[:, task.board.chip] - ways[np.arange(task.units), task.board.chip[core]][:, None]
        return change.T

    def update(self, task: Task, core: Ints) -> None:
        """Raise the prices of limits that are broken, lower the others."""
        heard = task.pins @ one_hot(core, task.cores) > 0
        on_chip = heard.astype(float) @ one_hot(task.board.chip, task.board.chips) > 0
        excess, _ = chip_use(task.board, home_chip(task, core), on_chip)
        crowded = heard.sum(0) > task.board.tags
        self.tag = np.where(crowded, self.tag + _STEP * self.mean, self.tag * _DECAY)
        self.chip = np.where(excess > 0, self.chip + _STEP * self.mean, self.chip * _DECAY)


def _ways(task: Task) -> Floats:
    ways: Floats = _HOP * task.board.hops + task.board.far
    return ways
