"""Which core of the board gets which part: parts are exchanged as a whole, so the cost stays as it is."""

from __future__ import annotations

import numpy as np

from arcana.mapping.circuit import Ints
from arcana.mapping.placing.score import Score, chip_use, load_of, one_hot, score_of
from arcana.mapping.placing.task import Task

_SHUFFLED = 3  # exchanges at random before a further descent


def assign(task: Task, core: Ints, rng: np.random.Generator, rounds: int = 6) -> Ints:
    """Exchange the contents of cores while that keeps more limits, or saves hops.

    Args:
        task: What is placed.
        core: Core of each unit, (units,).
        rng: Shuffles.
        rounds: Descents, each from the best one so far with some parts shuffled.

    Returns:
        Core of each unit.
    """
    parts = _Parts(task, core)
    best = np.arange(task.cores)
    score = parts.score(best)
    for attempt in range(rounds):
        place = best.copy()
        for _ in range(_SHUFFLED if attempt else 0):
            a, b = rng.integers(task.cores, size=2)
            place[[a, b]] = place[[b, a]]
        found = parts.descend(place)
        if found.below(score):
            best, score = place, found
        if score[:2] == (0, 0) and score.hops == 0:
            break
    return best[core]


class _Parts:
    """Contents of cores, and senders that are alike: of the same part, heard by the same parts."""

    def __init__(self, task: Task, core: Ints) -> None:
        self.task = task
        heard = task.pins @ one_hot(core, task.cores) > 0
        home = np.where(task.home >= 0, core[task.home], -1)
        rows, of = np.unique(np.column_stack((home, heard)), axis=0, return_inverse=True)
        self.home, self.heard = rows[:, 0], rows[:, 1:].astype(float)
        self.rate, self.number = np.bincount(of.ravel(), task.rate), np.bincount(of.ravel())
        self.load, self.crowd = load_of(task, core), heard.sum(0)
        self.used = np.bincount(core, minlength=task.cores) > 0
        self.cost = score_of(task, core).cost

    def score(self, place: Ints) -> Score:
        """Score with part k on core place[k]."""
        task, board = self.task, self.task.board
        chip = board.chip[place]
        on_chip = self.heard @ one_hot(chip, board.chips) > 0
        excess, hops = chip_use(board, np.where(self.home >= 0, chip[self.home], -1), on_chip)
        crowd = np.maximum(self.crowd - board.tags[place], 0).sum()
        over = np.maximum(self.load - task.room[place], 0).sum()
        return Score(int(over), int(crowd + excess @ self.number), self.cost, float(hops @ self.rate))

    def descend(self, place: Ints) -> Score:
        """Exchange pairs, in place, until no exchange helps."""
        best, better = self.score(place), True
        while better:
            better = False
            for a in range(place.size):
                for b in range(a):
                    if self._alike(a, b, place):
                        continue
                    place[[a, b]] = place[[b, a]]
                    score = self.score(place)
                    if score.below(best):
                        best, better = score, True
                    else:
                        place[[a, b]] = place[[b, a]]
        return best

    def _alike(self, a: int, b: int, place: Ints) -> bool:
        """Whether an exchange cannot change anything."""
        board, room = self.task.board, self.task.room
        i, j = place[a], place[b]
        same = board.chip[i] == board.chip[j] and board.tags[i] == board.tags[j] and (room[i] == room[j]).all()
        return bool(same) or not (self.used[a] or self.used[b])
