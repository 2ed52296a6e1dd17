"""Units as points in a space of few dimensions, where units of one community lie in one direction."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from arcana.mapping.circuit import Floats, Ints
from arcana.mapping.placing.task import Sparse, Task

_DIMENSIONS = 32
_ROUNDS = 12  # of the iteration
_NEXT = 24  # neighbours of a unit that are compared
_OPPOSITE = 1e-3  # weight of neighbours that lie in no common direction


def directions(task: Task, rng: np.random.Generator) -> Floats:
    """(units, dimensions) rows v_k of sigma_k^2, where M = sum sigma_k u_k v_k', normalised to length 1.

    M[s, v] = sqrt(rate[s] / targets of s) / sqrt(sum over senders of v of rate / targets). Its first direction,
    which is the same for all units, is left out.
    """
    count = np.maximum(np.diff(task.pins.indptr), 1)
    weight = np.sqrt(task.rate / count)
    whole = np.sqrt(task.senders @ (weight**2))
    scale = 1 / np.where(whole > 0, whole, 1.0)
    matrix = sparse.diags_array(weight) @ task.pins @ sparse.diags_array(scale)
    back = matrix.T.tocsr()
    vectors = rng.standard_normal((task.units, min(_DIMENSIONS + 1, task.units)))
    vectors[:, 0] = whole
    for _ in range(_ROUNDS):
        vectors = np.linalg.qr(back @ (matrix @ vectors))[0]
    strength = np.linalg.norm(matrix @ vectors, axis=0) ** 2
    return unit_length((vectors * strength * scale[:, None])[:, 1:])


def unit_length(rows: Floats) -> Floats:
    """Rows of length 1; rows of zeros stay."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    found: Floats = rows / np.where(length > 0, length, 1.0)
    return found


def merged(points: Floats, cluster: Ints) -> Floats:
    """Mean direction of each cluster."""
    total = np.zeros((int(cluster.max()) + 1, points.shape[1]))
    np.add.at(total, cluster, points)
    return unit_length(total)


def aligned(near: Sparse, points: Floats) -> Sparse:
    """The nearest neighbours of each unit, weighted with the cosine between their directions.

    That two units share a sender may be chance; the directions know all that they share with others.
    """
    size = np.diff(near.indptr)
    row = np.repeat(np.arange(size.size), size)
    order = np.lexsort((-near.data, row))
    rank = np.arange(row.size) - np.repeat(near.indptr[:-1], size)
    kept = order[rank < _NEXT]
    row, column = row[kept], near.indices[kept]
    cosine = np.einsum("ed,ed->e", points[row], points[column])
    value = near.data[kept] * np.maximum(cosine, _OPPOSITE)
    return sparse.csr_array((value, (row, column)), shape=near.shape)
