"""Fractional weights where a weight is repeated words: whole counts and a weight current, chosen together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from arcana.circuits.names import RECEPTORS, Receptor
from arcana.graph import NetworkGraph, Population, Projection
from arcana.mapping.circuit import Floats
from arcana.quantize.counted import choose_counts_jointly


@dataclass(frozen=True)
class Counted:
    """How well whole numbers of one weight current make the weights of a receptor.

    Attributes:
        population: Population whose neurons have the receptor.
        receptor: The receptor.
        before: Weight current that the weights were multiples of [A].
        current: Weight current that was chosen [A].
        rms: ||made - wanted|| / ||wanted||, before the current is rounded to a code.
    """

    population: str
    receptor: Receptor
    before: float
    current: float
    rms: float


def whole_counts(graph: NetworkGraph, words: int) -> tuple[NetworkGraph, tuple[Counted, ...]]:
    """Replace fractional counts n by whole ones: Iw n ~ I m with whole m, I and m chosen together.

    Populations with whole counts stay as they are. The others get one weight current per receptor for all their
    neurons, and counts within the input words of a neuron.

    Args:
        graph: The network.
        words: Input words of a neuron.
    """
    found: list[Counted] = []
    for population in graph.populations:
        mine = [p for p in graph.projections if p.target == population.name]
        if any(p.count.dtype.kind == "f" for p in mine):
            graph, fits = _whole(graph, population, mine, words)
            found += fits
    return graph, tuple(found)


def _whole(
    graph: NetworkGraph, population: Population, mine: list[Projection], words: int
) -> tuple[NetworkGraph, list[Counted]]:
    tables: dict[Receptor, list[Floats]] = {}
    sizes = {part.name: part.size for part in graph.parts}
    for p in mine:
        table = np.zeros((population.size, sizes[p.source]))
        table[p.post, p.pre] = p.count * population.values(f"Iw_{p.receptor}")[p.post]
        tables.setdefault(p.receptor, []).append(table)
    used = [r for r in RECEPTORS if r in tables]
    fits = choose_counts_jointly({r: np.concatenate(tables[r], axis=1) for r in used}, words)
    counts = {
        r: iter(np.split(fits[r].counts, np.cumsum([t.shape[1] for t in tables[r]])[:-1], axis=1)) for r in used
    }
    made = {
        id(p): Projection.from_matrix(p.source, p.target, p.receptor, next(counts[p.receptor]), p.delay)
        for p in mine
    }
    before = {r: float(population.values(f"Iw_{r}").mean()) for r in used}
    biases = {**population.biases, **{f"Iw_{r}": fits[r].current for r in used}}
    changed = replace(
        graph,
        populations=tuple(replace(p, biases=biases) if p is population else p for p in graph.populations),
        projections=tuple(made.get(id(p), p) for p in graph.projections),
    )
    return changed, [Counted(population.name, r, before[r], fits[r].current, fits[r].rms) for r in used]
