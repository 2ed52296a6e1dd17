"""One pass of local search: every unit moves at most once, and the best state on the way is kept.

Each step takes the move with the least gain, also where that is bad: the pass climbs out of small valleys. Where
the target is full, the move counts together with the best one that makes room for it, which then follows: cores
that are filled to the last place exchange units. (Fiduccia and Mattheyses 1982, with the moves of many groups.)
"""

from __future__ import annotations

import numpy as np

from arcana.mapping.circuit import Ints
from arcana.mapping.placing.prices import Prices
from arcana.mapping.placing.score import Score
from arcana.mapping.placing.tally import Tally
from arcana.mapping.placing.task import Task

_REFRESH = 16  # steps between two looks at what making room costs
_PATIENCE, _PART = 64, 10  # a pass ends after 64 + units / 10 steps that found nothing better
_NEVER = 1e15


def descend(task: Task, core: Ints, prices: Prices, rng: np.random.Generator) -> tuple[Ints, Score]:
    """Run one pass.

    Args:
        task: What is placed.
        core: Core of each unit, (units,).
        prices: Of broken limits.
        rng: Breaks ties.

    Returns:
        The best placement that was passed (the given one if none was better), and its score.
    """
    search = _Pass(task, core, prices, rng)
    best, kept = search.tally.score, 0
    moves: list[tuple[int, int]] = []
    patience = _PATIENCE + task.units // _PART
    while len(moves) < task.units and len(moves) - kept < patience:
        move = search.choose()
        if move is None:
            break
        moves.append((move[0], int(search.tally.core[move[0]])))
        search.apply(*move)
        score = search.tally.score
        if score.below(best):
            best, kept = score, len(moves)
    found = search.tally.core.copy()
    for unit, before in reversed(moves[kept:]):
        found[unit] = before
    return found, best


class _Pass:
    def __init__(self, task: Task, core: Ints, prices: Prices, rng: np.random.Generator) -> None:
        self.task, self.tally = task, Tally(task, core, prices)
        self.units = np.arange(task.units)
        self.gain = self.tally.gain
        self.gain += rng.random(self.gain.shape) * 1e-6 * prices.mean
        self.gain[core, self.units] = np.inf  # where it is already; all of its column once it has moved
        self.other = np.zeros((task.cores, task.units))  # _NEVER where the core holds another kind
        self.full = np.empty((task.cores, task.units), dtype=bool)
        self.swap = np.zeros((task.cores, task.units))  # least gain of a move that makes room for the unit
        self.extra = np.zeros((task.cores, task.units))  # the same where there is no room, and ``other``
        self.several, self.steps = bool((task.kind != task.kind[0]).any()), 0
        for k in range(task.cores):
            self._look_at(k)

    def choose(self) -> tuple[int, int] | None:
        """The next move: (unit, core); None if there is none."""
        if self.tally.over:
            return self._relieve()
        if self.steps % _REFRESH == 0:
            self._price_of_room()
        self.steps += 1
        value = self.gain + self.extra
        to, unit = divmod(int(value.argmin()), self.task.units)
        return (unit, to) if value[to, unit] < _NEVER / 2 else None

    def apply(self, unit: int, to: int) -> None:
        """Make a move."""
        a = int(self.tally.core[unit])
        self.tally.move(unit, to)
        self.gain[:, unit] = np.inf
        self._look_at(a)
        self._look_at(to)

    def _relieve(self) -> tuple[int, int] | None:
        """The best move out of a core that holds too much, into one with room."""
        too_much = self.tally.load > self.task.room
        core = int(too_much.any(1).argmax())
        helps = (self.tally.core == core) & (self.task.weight[:, too_much[core]] > 0).any(1)
        mine = np.flatnonzero(helps)
        if not mine.size:
            return None
        value = self.gain[:, mine] + self.other[:, mine] + _NEVER * self.full[:, mine]
        to, at = divmod(int(value.argmin()), mine.size)
        return (int(mine[at]), to) if value[to, at] < _NEVER / 2 else None

    def _price_of_room(self) -> None:
        """swap[b, v]: the least gain of a move out of b, to v's core or to one with room."""
        order = np.argsort(self.tally.core, kind="stable")
        used = np.flatnonzero(self.tally.members)
        first = np.searchsorted(self.tally.core[order], used)
        least = np.full((self.task.cores, self.task.cores), _NEVER)  # [to, from]
        least[:, used] = np.minimum.reduceat((self.gain + self.other)[:, order], first, axis=1)
        roomy = (self.tally.load < self.task.room).all(1)
        anywhere = np.where(roomy[:, None], least, _NEVER).min(0)
        fix = np.minimum(least.T, anywhere[:, None])  # [b, a]: out of b, into a
        self.swap = np.minimum(fix, _NEVER)[:, self.tally.core]
        self.extra = np.where(self.full, self.swap, 0.0) + self.other

    def _look_at(self, k: int) -> None:
        """What core k has room for; it takes units of the kind that it holds, an empty one takes any."""
        self.full[k] = (self.task.weight > self.task.room[k] - self.tally.load[k]).any(1)
        if self.several:
            mine = np.flatnonzero(self.tally.core == k)
            self.other[k] = (self.task.kind != self.task.kind[mine[0]]) * _NEVER if mine.size else 0.0
        self.extra[k] = np.where(self.full[k], self.swap[k], 0.0) + self.other[k]
