"""Clusters of units that share senders: a search among clusters sees far, one among units sees details."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from arcana.mapping.circuit import Floats, Ints
from arcana.mapping.placing.spectrum import aligned, merged
from arcana.mapping.placing.task import Sparse, Task

_CHUNK = 96  # targets of a sender that are compared with each other; larger sets are cut at random
_PER_CORE = 8  # clusters per core at the coarsest level
_LEAST = 96  # and in all
_SHARE = 6  # a cluster fills at most 1/6 of a core
_SHRINKS = 0.9  # a level that shrinks less is not worth its time


def affinity(task: Task, rng: np.random.Generator) -> Sparse:
    """(units, units) sum over senders that two units share of rate / (targets - 1), the diagonal zero."""
    size = np.diff(task.pins.indptr)
    row = np.repeat(np.arange(size.size), size)
    row, column = _chunks(row, task.pins.indices.astype(np.int64), size, rng)
    width = np.bincount(row)
    weight = np.repeat(task.rate, -(-size // _CHUNK)) / np.maximum(width - 1, 1)
    part = sparse.csr_array((np.ones(row.size), (row, column)), shape=(width.size, task.units))
    weighted = sparse.csr_array((weight[row], (row, column)), shape=part.shape)
    found = (part.T @ weighted).tocsr()
    found.setdiag(0)
    found.eliminate_zeros()
    return found


def _chunks(row: Ints, column: Ints, size: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Rows cut into pieces of at most _CHUNK entries, which are chosen at random."""
    order = np.lexsort((rng.random(row.size), row))
    row, column = row[order], column[order]
    at = np.arange(row.size) - np.repeat(np.cumsum(size) - size, size)
    pieces = -(-size // _CHUNK)
    return (np.cumsum(pieces) - pieces)[row] + at % pieces[row], column


def matching(task: Task, near: Sparse, rng: np.random.Generator, within: Ints | None = None) -> Ints:
    """Cluster of each unit: pairs that share most for their weight; only of one kind, and of one ``within``.

    Units that share nothing with a free one stay alone.
    """
    weight = task.weight.max(1)
    limit = max(int(task.room.max()) // _SHARE, 2)
    mate = np.full(task.units, -1, dtype=np.int64)
    label = task.kind if within is None else task.kind * task.cores + within
    for unit in rng.permutation(task.units).tolist():
        if mate[unit] >= 0:
            continue
        span = slice(near.indptr[unit], near.indptr[unit + 1])
        other = near.indices[span]
        able = (mate[other] < 0) & (label[other] == label[unit]) & (weight[other] + weight[unit] <= limit)
        value = np.where(able, near.data[span] / np.maximum(weight[other], 1), -1.0)
        best = int(value.argmax()) if value.size else -1
        mate[unit] = unit
        if best >= 0 and value[best] > 0:
            mate[unit], mate[other[best]] = other[best], unit
    first = np.minimum(np.arange(task.units), mate)
    cluster: Ints = np.unique(first, return_inverse=True)[1].astype(np.int64)
    return cluster


def coarsen(
    task: Task, rng: np.random.Generator, points: Floats, within: Ints | None = None
) -> list[tuple[Task, Ints]]:
    """Coarser and coarser tasks, each with the cluster of each unit of the one before.

    Args:
        task: The finest.
        rng: Order of the matching.
        points: Direction of each unit, see ``spectrum.directions``.
        within: Core of each unit, if only units of one core are to be joined.
    """
    levels: list[tuple[Task, Ints]] = []
    room = task.room
    while task.units > max(_LEAST, _PER_CORE * task.cores):
        cluster = matching(task, aligned(affinity(task, rng), points), rng, within)
        number = int(cluster.max()) + 1
        if number > _SHRINKS * task.units:
            break
        if within is not None:
            within = coarse_label(within, cluster)
        task, points = task.merged(cluster).with_slack(room), merged(points, cluster)
        levels.append((task, cluster))
    return levels


def coarse_label(label: Ints, cluster: Ints) -> Ints:
    """Label of each cluster whose units all have the same one."""
    found = np.zeros(int(cluster.max()) + 1, dtype=np.int64)
    found[cluster] = label
    return found
