"""The search for a placement: from coarse to fine, from several starts, then again from the best."""

from __future__ import annotations

import numpy as np

from arcana.mapping.circuit import Floats, Ints
from arcana.mapping.placing.assign import assign
from arcana.mapping.placing.coarsen import affinity, coarse_label, coarsen
from arcana.mapping.placing.descend import descend
from arcana.mapping.placing.grow import allot, gathered, grown, in_order
from arcana.mapping.placing.prices import Prices
from arcana.mapping.placing.repair import repair
from arcana.mapping.placing.score import Score, score_of
from arcana.mapping.placing.spectrum import directions
from arcana.mapping.placing.task import Task

_SPARES = (0.0, 0.25, 1.0)  # shares of the cores that are not needed, tried in turn
_GROWN = 5  # random starts for each of them, with cores filled up, and as many with cores filled alike
_KEPT = 2  # of these starts are refined
_FEW = 400  # units: from there on, one number of cores is kept
_NEAR = 1.2  # the neurons' own order is refined if its cost is at most this much above the best
_FAR = 1.2  # a coarse one that costs this much more than the best is given up
_CYCLES = 4  # times that the best one is coarsened and refined again
_IDLE = 2  # of them in a row that find nothing better are the last
_RESCUES = 7  # the same while limits are broken; every third time it starts anew
_LAST = 24  # rounds of the last search for the cores of parts
_PASSES = 5  # of one refinement
_MORE = 16  # passes while limits are broken
_STUCK = 4  # of them in a row that help nothing are the last
_WORTH = 1e-3  # a pass that gains a smaller part of the cost is the last

Found = tuple[Ints, Score]


def search(task: Task, seed: int) -> Found:
    """The best placement found, and its score, which says whether all limits are kept."""
    rng = np.random.default_rng(seed)
    points = directions(task, rng)
    best = _finish(task, _gathered(task, points, rng), rng)
    order = _from_order(task)
    if order[1].below(best[1]) or order[1].cost <= _NEAR * best[1].cost:
        best = _better(best, _finish(task, order[0], rng))
    if not _unbeatable(task, best[1]):
        best = _from_coarse(task, best, points, rng)
    idle = 0
    for cycle in range(_RESCUES):
        if _unbeatable(task, best[1]) or (best[1].legal and (cycle >= _CYCLES or idle >= _IDLE)):
            break
        fresh = not best[1].legal and cycle % 3 == 2
        found = _from_coarse(task, best, points, rng) if fresh else _again(task, best[0], points, rng)
        idle = 0 if found[1].below(best[1]) else idle + 1
        best = _better(best, found)
    core = assign(task, best[0], rng, _LAST)
    return _better(best, (core, score_of(task, core)))


def refine(task: Task, core: Ints, rng: np.random.Generator) -> Found:
    """Passes of local search until they stop helping; prices of broken limits rise from one to the next."""
    prices, idle = Prices.free(task), 0
    best = core, score_of(task, core)
    for attempt in range(_MORE):
        core, score = descend(task, core, prices, rng)
        worth = score[:2] < best[1][:2] or score.cost < best[1].cost * (1 - _WORTH)
        idle = 0 if worth else idle + 1
        best = _better(best, (core, score))
        if (best[1].legal and (idle or attempt + 1 >= _PASSES)) or idle >= _STUCK:
            break
        prices.update(task, core)
    return best


def _better(one: Found, other: Found) -> Found:
    return other if other[1].below(one[1]) else one


def _from_order(task: Task) -> Found:
    starts = [in_order(task, allot(task, spare), spare < 1) for spare in _SPARES]
    found = [(core, score_of(task, core)) for core in starts]
    best = found[0]
    for other in found[1:]:
        best = _better(best, other)
    return best


def _gathered(task: Task, points: Floats, rng: np.random.Generator) -> Ints:
    """Units sorted by direction, on as many cores as turn out best after one pass."""
    found = []
    for spare in _SPARES:
        core = assign(task, gathered(task, allot(task, spare), points, rng), rng)
        found.append(descend(task, core, Prices.free(task), rng))
    return min(found, key=lambda one: one[1])[0]


def _from_coarse(task: Task, best: Found, points: Floats, rng: np.random.Generator) -> Found:
    """The best start for each number of cores is refined; where there are _FEW units or more, only the best one.

    Given up, with ``best`` as the result, where a level shows that it will not get there.
    """
    levels = coarsen(task, rng, points)
    coarsest = levels[-1][0] if levels else task
    near = affinity(coarsest, rng).toarray()
    found = [_start(coarsest, spare, near, rng) for spare in _SPARES]
    for level, cluster in reversed(levels):
        tried = [refine(level, core, rng) for core in found]
        if level.units >= _FEW:
            tried = [min(tried, key=lambda one: one[1])]
            if best[1].legal and tried[0][1].cost > _FAR * best[1].cost:
                return best
        found = [core[cluster] for core, _ in tried]
    for core in found:
        best = _better(best, _finish(task, core, rng))
    return best


def _start(task: Task, spare: float, near: Floats, rng: np.random.Generator) -> Ints:
    """The best of some starts, on its best cores."""
    flat, cores = task.on_one_chip(), allot(task, spare)
    grow = [grown(task, cores, near, number % 2 == 0, rng) for number in range(2 * _GROWN)]
    starts = sorted((descend(flat, core, Prices.free(flat), rng) for core in grow), key=lambda found: found[1])
    best = min((refine(flat, core, rng) for core, _ in starts[:_KEPT]), key=lambda found: found[1])
    return assign(task, best[0], rng)


def _again(task: Task, core: Ints, points: Floats, rng: np.random.Generator) -> Found:
    levels = coarsen(task, rng, points, core)
    for _, cluster in levels:
        core = coarse_label(core, cluster)
    for level, cluster in reversed(levels):
        core = refine(level, core, rng)[0][cluster]
    return _finish(task, core, rng)


def _finish(task: Task, core: Ints, rng: np.random.Generator) -> Found:
    """Refinement of units, then with the parts in their best places."""
    best = refine(task, core, rng)
    if best[1].over:
        best = refine(task, repair(task, best[0]), rng)
    moved = assign(task, best[0], rng)
    return refine(task, moved, rng) if score_of(task, moved).below(best[1]) else best


def _unbeatable(task: Task, score: Score) -> bool:
    """Whether each sender reaches one core only, on its own chip."""
    return score.legal and score.cost <= float(task.rate.sum()) and score.hops == 0
