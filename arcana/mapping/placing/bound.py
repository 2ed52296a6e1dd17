"""Lower bounds of the cost that no placement can beat."""

from __future__ import annotations

import numpy as np

from arcana.mapping.circuit import Floats, Ints
from arcana.mapping.placing.score import one_hot
from arcana.mapping.placing.task import Task

MOST = 16  # units of a bound by subsets: the work is 3^units


def bound_of_senders(task: Task) -> float:
    """Sum over senders of rate * the cores that its targets need if they are alone on the board.

    Targets of several kinds need as many cores for each.
    """
    most = np.maximum(task.room.max(0), 1)
    least = np.zeros(task.rate.size)
    for column in one_hot(task.kind, int(task.kind.max()) + 1).T:
        heard = task.pins @ (task.weight * column[:, None])
        least += np.maximum(np.ceil(heard / most).max(1), task.pins @ column > 0)
    return float(task.rate @ least)


def bound_of_subsets(task: Task) -> float:
    """The least cost on as many cores that are all as large as the largest, without limits of chips.

    best[j][M] = min over S in M, lowest unit of M in S, of f(S) + best[j - 1][M without S], where f(S) is the sum
    of the rates of senders that reach the set of units S, and S fits a core: exact, with 3^units steps at most.

    Returns:
        The bound; infinite if there is no such placement.

    Source:
        Held and Karp 1962, the usual recursion over subsets.
    """
    price = np.where(_fits(task), _reach(task, task.rate), np.inf)
    every = price.size - 1
    layers = min(task.cores, task.units)
    best = np.full((layers + 1, price.size), np.inf)
    best[:, 0] = 0
    for low in reversed(range(task.units)):
        above = every & ~((2 << low) - 1)
        for more in _subsets(above):
            part = int(more) | (1 << low)
            if np.isfinite(price[part]):
                rest = _subsets(above & ~int(more))
                whole = rest | part
                best[1:, whole] = np.minimum(best[1:, whole], price[part] + best[:-1, rest])
    return float(best[layers, every])


def _reach(task: Task, amount: Floats) -> Floats:
    """For each set of units, the sum of ``amount`` over senders with a target in it."""
    mask = (task.pins @ (1 << np.arange(task.units))).astype(np.int64)
    inside = np.bincount(mask, amount, 1 << task.units)  # becomes the sum over senders with all targets in the set
    for unit in range(task.units):
        table = inside.reshape(-1, 2, 1 << unit)
        table[:, 1] += table[:, 0]
    found: Floats = inside[-1] - inside[::-1]
    return found


def _fits(task: Task) -> Ints:
    """For each set of units, whether a core can hold it."""
    units = 1 << np.arange(task.units)
    member = (np.arange(1 << task.units)[:, None] & units) > 0
    kinds = sum((member[:, task.kind == k].any(1)).astype(int) for k in np.unique(task.kind))
    fits = (member @ task.weight <= task.room.max(0)).all(1) & (kinds <= 1)
    found: Ints = fits & (_reach(task, np.ones_like(task.rate)) <= task.board.tags.max())
    return found


def _subsets(mask: int) -> Ints:
    """All subsets of a set of bits."""
    found = np.zeros(1, dtype=np.int64)
    while mask:
        bit = mask & -mask
        found = np.concatenate((found, found | bit))
        mask ^= bit
    return found
