"""SE2: a tag is any of 2,048 numbers that an output word carries; places have nothing to do with it."""

from __future__ import annotations

import numpy as np

from arcana.errors import Problem
from arcana.hardware.defects import DefectMap
from arcana.mapping.circuit import Circuit, Ints, Layout, Placement
from arcana.mapping.routing import slots
from arcana.mapping.routing.common import Flags, NoRoute, Tags, claim


def route(
    circuit: Circuit,
    placement: Placement,
    need: Ints,
    heard: Flags,
    layout: Layout,
    tags: int,
    defects: DefectMap,
) -> tuple[Ints, Tags]:
    """Places of all neurons, and tags of all senders: those with most cores to reach choose first.

    Raises:
        NoRoute: if a sender found no tag, or a neuron no place with enough words.
    """
    slot = np.full(circuit.neurons, -1, dtype=np.int64)
    for core in range(layout.words.shape[0]):
        mine = np.flatnonzero(placement.core == core)
        slot[mine] = slots.assign(need[mine], layout.words[core])
    if (slot < 0).any():
        lost = int(np.flatnonzero(slot < 0)[0])
        name = f"{circuit.name_of(lost)}: input words"
        raise NoRoute([Problem(name, int(need[lost]), "a place with as many words that work")])
    free = np.ones((layout.words.shape[0], tags), dtype=bool)
    for k in range(free.shape[0]):
        free[k, list(defects.core_tags(int(layout.chip[k]), int(layout.core[k])))] = False
    given = Tags.empty(*heard.shape)
    # Neurons first: they have few output words, an input line may send as many events as it needs
    order = np.lexsort((-heard.sum(1), np.arange(len(heard)) < circuit.inputs))
    problems = []
    for sender in order.tolist():
        cores = np.flatnonzero(heard[sender])
        most = None if sender < circuit.inputs else layout.targets
        if cores.size and not claim(given, sender, cores, free, layout, most):
            line = sender < circuit.inputs
            name = f"input line {sender}" if line else circuit.name_of(sender - circuit.inputs)
            problems.append(Problem(name, "no tag", "tags that are free in all cores that it reaches"))
    if problems:
        raise NoRoute(problems[:20])
    return slot, given
