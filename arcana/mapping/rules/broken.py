"""Rules about what does not work on one's own board."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from arcana.hardware.defects import DefectMap
from arcana.mapping.rules.tables import Tables
from arcana.mapping.rules.violation import DesignRuleViolation, InputWordDead, NeuronDead, TagDead


def check_defects(tables: Tables, defects: DefectMap) -> Iterator[DesignRuleViolation]:
    """Dead neurons, input words and tags that are used."""
    homes = np.unique(tables.home[tables.home >= 0]).tolist()
    for home in homes:
        yield from _check_core(tables, defects, home)


def _check_core(tables: Tables, defects: DefectMap, home: int) -> Iterator[DesignRuleViolation]:
    board, words = tables.board, tables.inputs
    core = divmod(home, board.cores)
    alive = defects.alive(*core, board.neurons)
    exists = (tables.home == home) & (tables.number < board.neurons)
    for k in np.flatnonzero(exists & ~alive[np.where(exists, tables.number, 0)]).tolist():
        yield NeuronDead(tables.place(k), "a", "none")
    good, tags = defects.words(*core, board.neurons, board.words), defects.core_tags(*core)
    pairs = defects.word_tags(*core)
    mine = exists[words.neuron] & tables.used & (words.word >= 0) & (words.word < board.words)
    for k in np.flatnonzero(mine).tolist():
        neuron, word, tag = int(words.neuron[k]), int(words.word[k]), int(words.tag[k])
        place, number = tables.place(neuron), int(tables.number[neuron])
        if alive[number] and not good[number, word]:
            yield InputWordDead(place, "an", "none", f"input word {word}")
        if tag in tags:
            yield TagDead(place, tag, f"in C{core[0]}c{core[1]}", f"input word {word}")
        elif pairs & {(number, word, tag), (number, -1, tag), (-1, word, tag)}:
            yield TagDead(place, tag, "in this word", f"input word {word}")
