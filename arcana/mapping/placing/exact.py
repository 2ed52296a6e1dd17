"""Proofs for a few units: the least cost by subsets, and by an integer program where that is not reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from scipy.optimize import Bounds, milp

from arcana.mapping.circuit import Floats, Ints
from arcana.mapping.placing.bound import bound_of_senders, bound_of_subsets
from arcana.mapping.placing.model import Model
from arcana.mapping.placing.score import SAME, Score, score_of
from arcana.mapping.placing.task import Task

_INFEASIBLE = 2  # status of ``milp``


class Limits(TypedDict, total=False):
    """Where the solver stops: options of ``scipy.optimize.milp``."""

    time_limit: float
    node_limit: int


@dataclass(frozen=True, eq=False)
class Proof:
    """What is known of a task.

    Attributes:
        core: The best placement, (units,).
        score: Its score.
        bound: No placement costs less; infinite if there is none at all.
        optimal: Whether its hops are proven to be the fewest at the least cost, too.
    """

    core: Ints
    score: Score
    bound: float
    optimal: bool


def prove(task: Task, core: Ints, options: Limits, most: float = np.inf) -> Proof:
    """Improve a placement until it is proven to be the best, or the solver's limit is reached.

    Args:
        task: What is placed; at most ``bound.MOST`` units.
        core: A placement to start from, legal or not.
        options: Limits of the solver: ``time_limit`` [s] or ``node_limit``, for the cost and for the hops each.
        most: Variables of the largest integer program that is tried.
    """
    score, bound = score_of(task, core), bound_of_senders(task)
    if not (score.legal and _reached(score.cost, bound)):
        bound = max(bound, bound_of_subsets(task))
    if not np.isfinite(bound):
        return Proof(core, score, bound, True)
    if not (score.legal and _reached(score.cost, bound)):
        core, score, bound = _cheapest(task, core, bound, options, most)
    known = score.legal and _reached(score.cost, bound)
    if not known or score.hops == 0:
        return Proof(core, score, bound, known)
    return _nearest(task, core, bound, options, most)


def _cheapest(task: Task, core: Ints, bound: float, options: Limits, most: float) -> tuple[Ints, Score, float]:
    score, model = score_of(task, core), Model(task, with_hops=False)
    if model.size > most:
        return core, score, bound
    highest = score.cost if score.legal else np.inf
    model.add(np.arange(model.size), model.cost, _slightly(bound, -1), _slightly(highest, 1))
    found, proven, _ = _solve(model, model.cost, options)
    if found is not None and score_of(task, found).below(score):
        core, score = found, score_of(task, found)
    return core, score, max(bound, min(proven, score.cost if score.legal else np.inf))


def _nearest(task: Task, core: Ints, bound: float, options: Limits, most: float) -> Proof:
    score, model = score_of(task, core), Model(task, with_hops=True)
    if model.size > most:
        return Proof(core, score, bound, False)
    model.add(np.arange(model.size), model.cost, _slightly(bound, -1), _slightly(score.cost, 1))
    model.add(np.arange(model.size), model.hops, 0.0, _slightly(score.hops, 1))
    found, _, done = _solve(model, model.hops, options)
    if found is not None and score_of(task, found).below(score):
        core, score = found, score_of(task, found)
    return Proof(core, score, bound, done)


def _solve(model: Model, goal: Floats, options: Limits) -> tuple[Ints | None, float, bool]:
    """The placement, a lower bound (infinite if there is none), and whether the solver came to an end."""
    whole = np.zeros(model.size, dtype=np.int64)
    whole[model.x] = whole[model.t] = 1
    given: Any = {**options, "mip_rel_gap": 0.0}
    result = milp(
        goal, constraints=model.constraints(), integrality=whole, bounds=Bounds(0, 1),
        options=given,
    )  # fmt: skip
    if result.x is None:
        return None, np.inf if result.status == _INFEASIBLE else -np.inf, result.status == _INFEASIBLE
    return result.x[model.x].argmax(1), float(result.mip_dual_bound), result.status == 0


def _reached(cost: float, bound: float) -> bool:
    return cost <= _slightly(bound, 1)


def _slightly(value: float, sign: int) -> float:
    """A little more or less: sums of rates are rounded."""
    return value + sign * SAME * (1 + abs(value)) if np.isfinite(value) else value
