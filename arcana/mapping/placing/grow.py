"""Where a search begins: cores filled one after the other."""

from __future__ import annotations

import numpy as np

from arcana.mapping.circuit import Floats, Ints
from arcana.mapping.placing.score import one_hot
from arcana.mapping.placing.spectrum import unit_length
from arcana.mapping.placing.task import Task

_TRIES, _ROUNDS = 6, 30  # of k-means


def allot(task: Task, spare: float) -> list[Ints]:
    """Cores for each kind: as many as it needs, then a share ``spare`` of the rest, to whose cores are fullest."""
    kinds = int(task.kind.max()) + 1
    need = np.stack([task.weight[task.kind == k].sum(0) for k in range(kinds)])
    free = [int(k) for k in np.argsort(-task.room[:, 0], kind="stable") if task.room[k, 0] > 0]
    order = np.argsort(-need[:, 0], kind="stable").tolist()
    given: list[list[int]] = [[] for _ in range(kinds)]
    for kind in order:
        given[kind].append(free.pop(0))
    for kind in order:
        while free and (task.room[given[kind]].sum(0) < need[kind]).any():
            given[kind].append(free.pop(0))
    for _ in range(round(spare * len(free))):
        units = np.bincount(task.kind)
        load = [need[k, 0] / task.room[given[k], 0].sum() if units[k] > len(given[k]) else 0.0 for k in order]
        given[order[int(np.argmax(load))]].append(free.pop(0))
    return [np.sort(cores) for cores in given]


def in_order(task: Task, cores: list[Ints], full: bool) -> Ints:
    """Units in their own order; ``full`` fills each core before the next, else all get the same."""
    core = np.zeros(task.units, dtype=np.int64)
    for kind, mine in enumerate(cores):
        load, at = np.zeros_like(task.room[0]), 0
        units = np.flatnonzero(task.kind == kind)
        goal = _goal(task, mine, units, full)
        for unit in units:
            if at + 1 < mine.size and (load + task.weight[unit] > goal[at]).any():
                load, at = np.zeros_like(load), at + 1
            core[unit], load = mine[at], load + task.weight[unit]
    return core


def grown(task: Task, cores: list[Ints], near: Floats, full: bool, rng: np.random.Generator) -> Ints:
    """Each core grows by the unit that shares most with it, from a random one or from its chip's other cores.

    Args:
        task: What is placed.
        cores: Cores of each kind.
        near: (units, units) how much two units share.
        full: Fill each core before the next, else all get the same.
        rng: Chooses the first units.
    """
    core = np.full(task.units, -1, dtype=np.int64)
    for kind, mine in enumerate(cores):
        units = np.flatnonzero(task.kind == kind)
        goal = _goal(task, mine, units, full)
        for k, limit in zip(mine.tolist(), goal, strict=True):
            _fill(task, core, units, k, limit, near, rng)
        _rest(task, core, units, mine, near)
    return core


def gathered(task: Task, cores: list[Ints], points: Floats, rng: np.random.Generator) -> Ints:
    """Each core gets the units in one direction (k-means), whether they fit or not; the tightest of some tries.

    Args:
        task: What is placed.
        cores: Cores of each kind.
        points: Direction of each unit, see ``spectrum.directions``.
        rng: Chooses the first centres.
    """
    core = np.zeros(task.units, dtype=np.int64)
    for kind, mine in enumerate(cores):
        units = np.flatnonzero(task.kind == kind)
        tries = [_k_means(points[units], min(mine.size, units.size), rng) for _ in range(_TRIES)]
        core[units] = mine[max(tries, key=lambda found: found[0])[1]]
    return core


def _k_means(points: Floats, number: int, rng: np.random.Generator) -> tuple[float, Ints]:
    """Groups of points of length 1 around the directions that they are nearest to.

    Returns:
        The sum of the cosines between points and directions, and the group of each point.
    """
    centre = points[rng.integers(len(points), size=1)]
    while len(centre) < number:  # the next one is likely where no other is near
        away = np.maximum(1 - (points @ centre.T).max(1), 0) + 1e-9
        centre = np.concatenate((centre, points[rng.choice(len(points), size=1, p=away / away.sum())]))
    for _ in range(_ROUNDS):
        label = (points @ centre.T).argmax(1)
        mean = _mean_directions(points, label, centre)
        if np.allclose(mean, centre):
            break
        centre = mean
    cosine = points @ centre.T
    return float(cosine.max(1).sum()), cosine.argmax(1)


def _mean_directions(points: Floats, label: Ints, centre: Floats) -> Floats:
    """Of each group; an empty one keeps its own."""
    total = one_hot(label, len(centre)).T @ points
    return unit_length(np.where(total.any(1, keepdims=True), total, centre))


def _goal(task: Task, cores: Ints, units: Ints, full: bool) -> Ints:
    room = task.room[cores]
    if full:
        return room
    share = task.weight[units].sum(0) / np.maximum(room.sum(0), 1)
    return np.minimum(np.ceil(room * share).astype(np.int64), room)


def _fill(task: Task, core: Ints, units: Ints, k: int, limit: Ints, near: Floats, rng: np.random.Generator) -> None:
    load = np.zeros_like(limit)
    chip = task.board.chip
    near_chip = near[np.flatnonzero((core >= 0) & (chip[core] == chip[k]))].sum(0)
    pull = np.zeros(task.units)
    while True:
        free = units[(core[units] < 0) & (load + task.weight[units] <= limit).all(1)]
        if not free.size:
            return
        wish = pull if pull.any() else near_chip
        unit = int(free[wish[free].argmax()]) if wish.any() else int(rng.choice(free))
        core[unit], load = k, load + task.weight[unit]
        pull += near[unit] / max(int(task.weight[unit, 0]), 1)


def _rest(task: Task, core: Ints, units: Ints, cores: Ints, near: Floats) -> None:
    """What fitted nowhere, heaviest first: to the core with room that it shares most with, or the emptiest."""
    left = units[core[units] < 0]
    load = np.stack([task.weight[core == k].sum(0) for k in cores])
    for unit in left[np.argsort(-task.weight[left].max(1), kind="stable")]:
        room = task.room[cores] - load - task.weight[unit]
        pull = np.array([near[unit, core == k].sum() for k in cores])
        fits = (room >= 0).all(1)
        at = int(np.where(fits, pull, -1.0).argmax()) if fits.any() else int(room.min(1).argmax())
        core[unit] = cores[at]
        load[at] += task.weight[unit]
