"""How good a placement is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arcana.mapping.circuit import Floats, Ints
from arcana.mapping.placing.task import Board, Task

SAME = 1e-9  # relative difference of two costs that are rounding only


class Score(NamedTuple):
    """Less is better; an earlier entry counts before all later ones.

    Attributes:
        over: Neurons that are too many, summed over cores and resources.
        excess: Senders that are too many for the tags, chips that are too many for a sender, chips out of reach.
        cost: Sum over senders of rate * cores.
        hops: Sum over senders of rate * hops.
    """

    over: int
    excess: int
    cost: float
    hops: float

    def below(self, other: Score) -> bool:
        """Whether this is better, by more than rounding."""
        if self[:2] != other[:2]:
            return self[:2] < other[:2]
        for mine, theirs in ((self.cost, other.cost), (self.hops, other.hops)):
            if abs(mine - theirs) > SAME * (1 + abs(theirs)):
                return mine < theirs
        return False

    @property
    def legal(self) -> bool:
        """Whether no limit is broken."""
        return self.over == 0 and self.excess == 0


def one_hot(label: Ints, groups: int) -> Floats:
    """(units, groups) one where a unit belongs to a group."""
    found = np.zeros((label.size, groups))
    found[np.arange(label.size), label] = 1
    return found


def load_of(task: Task, core: Ints) -> Ints:
    """(cores, resources) what is used of each core."""
    load = np.zeros_like(task.room)
    np.add.at(load, core, task.weight)
    return load


def chip_use(board: Board, home: Ints, heard: NDArray[np.bool_]) -> tuple[Ints, Floats]:
    """Excess of each sender (chips too many, chips out of reach), and its hops.

    Args:
        board: The board.
        home: Chip of each sender, -1 for an input line, (senders,).
        heard: Whether a sender has a target on a chip, (senders, chips).
    """
    inside = home >= 0
    far = (heard * board.far[home]).sum(1)
    many = np.maximum(heard.sum(1) - board.targets, 0)
    return np.where(inside, far + many, 0).astype(np.int64), np.where(
        inside, (heard * board.hops[home]).sum(1), 0.0
    )


def score_of(task: Task, core: Ints) -> Score:
    """Score of a placement."""
    heard = task.pins @ one_hot(core, task.cores) > 0
    on_chip = heard.astype(float) @ one_hot(task.board.chip, task.board.chips) > 0
    excess, hops = chip_use(task.board, home_chip(task, core), on_chip)
    crowd = np.maximum(heard.sum(0) - task.board.tags, 0).sum()
    over = np.maximum(load_of(task, core) - task.room, 0).sum()
    cost = float(task.rate @ heard.sum(1))
    return Score(int(over), int(crowd + excess.sum()), cost, float(task.rate @ hops))


def home_chip(task: Task, core: Ints) -> Ints:
    """Chip of each sender, -1 for an input line."""
    chip: Ints = np.where(task.home >= 0, task.board.chip[core[task.home]], -1)
    return chip
