"""Rules about input and output lines: events that exist, and outputs that can be told apart."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np

from arcana.config import ChipConfig
from arcana.mapping.rules.common import some, where
from arcana.mapping.rules.tables import Tables
from arcana.mapping.rules.violation import (
    ChipMissing,
    CoreMaskWrong,
    DesignRuleViolation,
    OutputNotMonitored,
    OutputPlaceEmpty,
    OutputTagTwice,
    OutputTagWrong,
    ReservedTagSent,
    SilentLine,
    TagOutOfRange,
)


def check_inputs(tables: Tables) -> Iterator[DesignRuleViolation]:
    """Tags, chips and cores of input events, and lines without events."""
    events, board = tables.events, tables.board

    def at(k: int) -> str:
        return tables.sender(len(tables.neurons) + int(events.line[k]))

    for k in where((events.tag < 0) | (events.tag >= board.tags)):
        yield TagOutOfRange(at(k), int(events.tag[k]), board.tags - 1)
    for k in where(np.isin(events.tag, board.reserved)):
        yield ReservedTagSent(at(k), int(events.tag[k]), "core 0, neuron 0")
    for k in where((events.chip < 0) | (events.chip >= board.chips)):
        yield ChipMissing(at(k), int(events.chip[k]), board.chips - 1)
    for k in where((events.cores < 1) | (events.cores > board.every_core)):
        yield CoreMaskWrong(at(k), int(events.cores[k]), f"1 to {board.every_core}")
    yield from _check_silent(tables)


def _check_silent(tables: Tables) -> Iterator[DesignRuleViolation]:
    """One warning for each input: it may have a million lines."""
    silent = where(np.bincount(tables.events.line, minlength=len(tables.lines)) == 0)
    for _, group in groupby(silent, key=lambda line: tables.lines[line][0]):
        names = [tables.sender(len(tables.neurons) + line) for line in group]
        yield SilentLine(some(names), len(names), 0)


def check_outputs(tables: Tables, config: ChipConfig) -> Iterator[DesignRuleViolation]:
    """Outputs name neurons, with the tags that their events have at the monitor, each of its own."""
    board = tables.board
    neuron_at = {(n.chip, n.core, n.neuron): k for k, n in enumerate(tables.neurons)}
    written = board.profile.topology.monitor_hops is not None  # else the driver brings every spike out
    monitored = _monitored(tables)
    outputs: list[tuple[int, int]] = []
    for lines in sorted(config.outputs, key=lambda part: part.name):
        for k, row in enumerate(lines.addresses):
            neuron = neuron_at.get((row.chip, row.core, row.neuron))
            place, what = f"C{row.chip}c{row.core}n{row.neuron}", f"output {lines.name}[{k}]"
            if not 0 <= row.tag < board.tags:
                yield TagOutOfRange(place, row.tag, board.tags - 1, what)
            if neuron is None:
                yield OutputPlaceEmpty(place, 0, 1, what)
                continue
            outputs.append((neuron, row.tag))
            place = tables.place(neuron)
            tags = monitored.get(neuron, []) if written else [row.core * board.neurons + row.neuron]
            if not tags:
                yield OutputNotMonitored(place, 0, 1, what)
            elif row.tag not in tags:
                yield OutputTagWrong(place, row.tag, some(list(map(str, tags))), what)
    if written:
        yield from _check_told_apart(tables, outputs, monitored)


def _monitored(tables: Tables) -> dict[int, list[int]]:
    """Tags of the monitoring words of each neuron that has one."""
    found: dict[int, list[int]] = {}
    for k in where(tables.monitoring):
        found.setdefault(int(tables.outputs.neuron[k]), []).append(int(tables.outputs.tag[k]))
    return found


def _check_told_apart(
    tables: Tables, outputs: list[tuple[int, int]], monitored: dict[int, list[int]]
) -> Iterator[DesignRuleViolation]:
    """Outputs that share a tag with each other, or with a monitored neuron that is no output."""
    named = {neuron for neuron, _ in outputs}
    users: dict[int, list[int]] = {}
    for neuron, tag in outputs:
        users.setdefault(tag, []).append(neuron)
    for neuron, tags in monitored.items():
        for tag in tags:
            if neuron not in named and tag in users:
                users[tag].append(neuron)
    for tag in sorted(users):
        if len(users[tag]) > 1:
            places = [tables.place(neuron) for neuron in users[tag]]
            yield OutputTagTwice(places[0], some(places), "one output", f"tag {tag} at the monitor")
