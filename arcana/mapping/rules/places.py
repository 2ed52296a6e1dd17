"""Rules about places: every neuron has one of its own, and it exists."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from arcana.config import ChipConfig
from arcana.mapping.rules.tables import Tables
from arcana.mapping.rules.violation import (
    ChipMissing,
    CoreMissing,
    DesignRuleViolation,
    NeuronMissing,
    PlaceTaken,
)


def check_places(tables: Tables, config: ChipConfig) -> Iterator[DesignRuleViolation]:
    """Chips, cores and neurons out of range, and places with several neurons."""
    board = tables.board
    places = [(f"C{c.chip}c{c.core}", c.chip, c.core, 0) for c in config.cores]
    places += [(tables.place(k), n.chip, n.core, n.neuron) for k, n in enumerate(tables.neurons)]
    for name, chip, core, neuron in places:
        if chip >= board.chips:
            yield ChipMissing(name, chip, board.chips - 1)
        if core >= board.cores:
            yield CoreMissing(name, core, board.cores - 1)
        if neuron >= board.neurons:
            yield NeuronMissing(name, neuron, board.neurons - 1)
    for (chip, core, neuron), group in groupby(tables.neurons, key=lambda n: (n.chip, n.core, n.neuron)):
        names = [f"{n.population}[{n.index}]" for n in group]
        if len(names) > 1:
            yield PlaceTaken(f"C{chip}c{core}n{neuron}", " and ".join(names), "one neuron")
