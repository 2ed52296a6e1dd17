"""METIS as a reference for placement: k-way partition, then overfull cores give their loosest neurons away."""

from __future__ import annotations

import importlib.util

import numpy as np
from scipy import sparse

from arcana.mapping.circuit import Ints
from arcana.mapping.placing.coarsen import affinity
from arcana.mapping.placing.grow import allot
from arcana.mapping.placing.score import Score, load_of, one_hot, score_of
from arcana.mapping.placing.task import Sparse, Task

SPARES = (0.0, 0.25, 1.0)  # the same numbers of cores that the search tries


def there() -> bool:
    """Whether pymetis is installed."""
    return importlib.util.find_spec("pymetis") is not None


def best(task: Task) -> Score:
    """The best of: synapses or shared senders as edges, and three numbers of parts."""
    graphs = (synapses(task), affinity(task, np.random.default_rng(0)))
    scores = [
        score_of(task, repaired(task, partition(task, graph, allot(task, s)), graph))
        for graph in graphs
        for s in SPARES
    ]
    return min(scores, key=lambda score: (score.over, score.cost))


def synapses(task: Task) -> Sparse:
    """(units, units) how many synapses there are between two units, in both directions."""
    directed = task.own @ task.pins
    both = (directed + directed.T).tocsr()
    both.setdiag(0)
    both.eliminate_zeros()
    return both


def partition(task: Task, graph: Sparse, cores: list[Ints]) -> Ints:
    """One call of METIS for each kind, with as many parts as the kind has cores."""
    import pymetis

    core = np.zeros(task.units, dtype=np.int64)
    for kind, mine in enumerate(cores):
        units = np.flatnonzero(task.kind == kind)
        part = sparse.csr_array(graph[units][:, units])
        edges = np.maximum(np.rint(part.data / part.data.max() * 10_000), 1).astype(np.int64).tolist()
        sizes = task.weight[units, 0].tolist()
        adjacency = pymetis.CSRAdjacency(part.indptr, part.indices)
        label = pymetis.part_graph(mine.size, adjacency, eweights=edges, vweights=sizes)[1] if mine.size > 1 else 0
        core[units] = mine[np.asarray(label)]
    return core


def repaired(task: Task, core: Ints, graph: Sparse) -> Ints:
    """While a core is overfull, what is held least there goes to the core with room that pulls most.

    It stops where nothing that an overfull core holds fits anywhere else.
    """
    core = core.copy()
    size, room = task.weight[:, 0], task.room[:, 0]
    while True:
        load = load_of(task, core)[:, 0]
        over = np.flatnonzero(load > room)
        if not over.size:
            return core
        mine = np.flatnonzero(core == over[0])
        pull = graph[mine] @ one_hot(core, task.cores)
        kind = task.kind[mine[0]]
        takes = np.isin(np.arange(task.cores), core[task.kind == kind]) | (load == 0)
        able = takes & (load + size[mine][:, None] <= room)
        if not able.any():
            return core
        value = np.where(able, pull - pull[:, over[:1]], -np.inf)
        at, to = divmod(int(value.argmax()), task.cores)
        core[mine[at]] = to
