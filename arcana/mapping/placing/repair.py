"""Cores that hold too much give units away, alone or in exchange, whatever that costs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arcana.mapping.circuit import Ints
from arcana.mapping.placing.score import load_of
from arcana.mapping.placing.task import Task


def repair(task: Task, core: Ints) -> Ints:
    """Move one unit, or exchange two, as long as fewer neurons are too many after it.

    Units that weigh the same and are of one kind are the same to it. It stops where no move and no exchange helps:
    limits may still be broken then.
    """
    core, load = core.copy(), load_of(task, core)
    if (load <= task.room).all():
        return core
    rows, sort = np.unique(np.column_stack((task.kind, task.weight)), axis=0, return_inverse=True)
    sort = sort.ravel()
    sorts = np.concatenate((rows, [[-1] + [0] * task.weight.shape[1]]))  # the last one: nothing in exchange
    while (load > task.room).any():
        step = _best(task, core, load, sort, sorts)
        if step is None:
            break
        a, b, giving, taking = step
        there = np.flatnonzero((core == b) & (sort == taking))[:1]
        core[np.flatnonzero((core == a) & (sort == giving))[0]] = b
        core[there] = a
        load = load_of(task, core)
    return core


def _best(task: Task, core: Ints, load: Ints, sort: Ints, sorts: Ints) -> tuple[int, int, int, int] | None:
    """(core, other core, what goes, what comes back) that helps most."""
    has = np.zeros((task.cores, len(sorts)), dtype=bool)
    has[core, sort] = True
    has[:, -1] = True
    best, found = 0, None
    for a in np.flatnonzero((load > task.room).any(1)).tolist():
        for giving in np.flatnonzero(has[a, :-1]).tolist():
            difference = sorts[giving, 1:] - sorts[:, 1:]  # [taking]
            before = _over(load - task.room).sum(-1)
            after_a = _over(load[a] - difference - task.room[a]).sum(-1)
            after_b = _over(load[:, None] + difference - task.room[:, None]).sum(-1)
            change = after_a + after_b - before[a] - before[:, None]
            allowed = has & _takes(task, core, sorts[giving, 0])[:, None]
            allowed[:, :-1] &= sorts[:-1, 0] == sorts[giving, 0]
            change = np.where(allowed, change, 0)
            change[a] = 0
            b, taking = divmod(int(change.argmin()), len(sorts))
            if change[b, taking] < best:
                best, found = int(change[b, taking]), (a, b, giving, taking)
    return found


def _takes(task: Task, core: Ints, kind: int) -> NDArray[np.bool_]:
    """(cores,) which cores hold this kind, or nothing."""
    mine = np.zeros(task.cores, dtype=bool)
    mine[core[task.kind == kind]] = True
    mine |= np.bincount(core, minlength=task.cores) == 0
    return mine


def _over(difference: Ints) -> Ints:
    return np.maximum(difference, 0)
