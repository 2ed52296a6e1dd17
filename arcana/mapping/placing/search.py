"""The search for a placement: from coarse to fine, from several starts, then again from the best."""

from __future__ import annotations

import numpy as np

from arcana.mapping.circuit import Ints
from arcana.mapping.placing.assign import assign
from arcana.mapping.placing.coarsen import affinity, coarse_label, coarsen
from arcana.mapping.placing.descend import descend
from arcana.mapping.placing.grow import allot, grown, in_order
from arcana.mapping.placing.prices import Prices
from arcana.mapping.placing.repair import repair
from arcana.mapping.placing.score import Score, score_of
from arcana.mapping.placing.task import Task

_SPARES = (0.0, 0.25, 1.0)  # shares of the cores that are not needed, tried in turn
_GROWN = 5  # random starts for each of them, with cores filled up, and as many with cores filled alike
_KEPT = 3  # starts that are refined further
_NEAR = 1.2  # the neurons' own order is refined if its cost is at most this much above the best
_CYCLES = 4  # times that the best one is coarsened and refined again
_IDLE = 2  # of them in a row that find nothing better are the last
_RESCUES = 12  # the same while limits are broken; every third time it starts anew
_PASSES = 5  # of one refinement
_MORE = 10  # passes while limits are broken
_WORTH = 1e-3  # a pass that gains a smaller part of the cost is the last

Found = tuple[Ints, Score]


def search(task: Task, seed: int) -> Found:
    """The best placement found, and its score, which says whether all limits are kept."""
    rng = np.random.default_rng(seed)
    best = _better(_from_coarse(task, rng), _from_order(task))
    own = _from_order(task)
    if own[0] is not best[0] and own[1].cost <= _NEAR * best[1].cost:
        best = _better(best, _finish(task, own[0], rng))
    idle = 0
    for cycle in range(_RESCUES):
        if _unbeatable(task, best[1]) or (best[1].legal and (cycle >= _CYCLES or idle >= _IDLE)):
            break
        fresh = not best[1].legal and cycle % 3 == 2
        found = _from_coarse(task, rng) if fresh else _again(task, best[0], rng)
        idle = 0 if found[1].below(best[1]) else idle + 1
        best = _better(best, found)
    return best


def refine(task: Task, core: Ints, rng: np.random.Generator, passes: int = _PASSES) -> Found:
    """Passes of local search until they stop helping; prices of broken limits rise from one to the next."""
    prices = Prices.free(task)
    best = core, score_of(task, core)
    for attempt in range(max(passes, _MORE)):
        core, score = descend(task, core, prices, rng)
        worth = score[:2] < best[1][:2] or score.cost < best[1].cost * (1 - _WORTH)
        best = _better(best, (core, score))
        if best[1].legal and (not worth or attempt + 1 >= passes):
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


def _from_coarse(task: Task, rng: np.random.Generator) -> Found:
    levels = coarsen(task, rng)
    coarsest = levels[-1][0] if levels else task
    flat = coarsest.on_one_chip()
    near = affinity(coarsest, rng).toarray()
    starts: list[Found] = []
    for spare in _SPARES:
        cores = allot(coarsest, spare)
        for number in range(2 * _GROWN):
            core = grown(coarsest, cores, near, number % 2 == 0, rng)
            starts.append(descend(flat, core, Prices.free(flat), rng))
    starts.sort(key=lambda found: found[1])
    kept = [assign(coarsest, refine(flat, core, rng)[0], rng) for core, _ in starts[:_KEPT]]
    best = min((refine(coarsest, core, rng) for core in kept), key=lambda found: found[1])
    return _to_fine(task, levels, best[0], rng)


def _again(task: Task, core: Ints, rng: np.random.Generator) -> Found:
    levels = coarsen(task, rng, core)
    for _, cluster in levels:
        core = coarse_label(core, cluster)
    return _to_fine(task, levels, core, rng)


def _to_fine(task: Task, levels: list[tuple[Task, Ints]], core: Ints, rng: np.random.Generator) -> Found:
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
