"""Rules about output words (SRAM): they exist, are written once, and lead to cores that exist."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from arcana.mapping.rules.board import Board, Ints
from arcana.mapping.rules.common import repeated, where
from arcana.mapping.rules.tables import Tables
from arcana.mapping.rules.violation import (
    CoreMaskWrong,
    DesignRuleViolation,
    FanOutExceeded,
    HopOffBoard,
    HopTooFar,
    MonitorWordUsed,
    OutputWordMissing,
    OutputWordTwice,
    ReservedSource,
    ReservedTagSent,
    TagNotOwn,
    TagOutOfRange,
)


def check_output_words(tables: Tables) -> Iterator[DesignRuleViolation]:
    """Numbers of words, their count, the word of monitoring, and senders that cannot send."""
    words, board = tables.outputs, tables.board
    topology = board.profile.topology
    for k in where((words.word < 0) | (words.word >= board.outputs)):
        yield OutputWordMissing(*_at(tables, k, int(words.word[k]), board.outputs - 1))
    for neuron, word, count in repeated(words.neuron, words.word):
        yield OutputWordTwice(tables.place(neuron), count, 1, f"output word {word}")
    far = topology.monitor_hops
    purpose = "the driver writes it" if far is None else f"only with hops {far}"
    for k in where(np.isin(words.word, topology.monitor_destinations) & ~tables.monitoring):
        yield MonitorWordUsed(*_at(tables, k, f"hops {_hops(tables, k)}", purpose))
    fan_out = np.bincount(words.neuron[~tables.monitoring], minlength=len(tables.neurons))
    for neuron in where(fan_out > topology.destinations_usable):
        yield FanOutExceeded(tables.place(neuron), int(fan_out[neuron]), topology.destinations_usable)
    silent = _reserved_places(board, tables.core, tables.number)
    for neuron in where(silent & (fan_out > 0)):
        yield ReservedSource(tables.place(neuron), int(fan_out[neuron]), 0)
    yield from _check_targets(tables)
    yield from _check_tags(tables)


def _check_targets(tables: Tables) -> Iterator[DesignRuleViolation]:
    """Hops that fit the word and end on a chip, and masks that name its cores."""
    words, board = tables.outputs, tables.board
    (west, east), (north, south) = board.hops
    routing = ~tables.monitoring
    near = (words.dx >= west) & (words.dx <= east) & (words.dy >= north) & (words.dy <= south)
    for k in where(routing & ~near):
        allowed = f"{west} to {east} along x and {north} to {south} along y"
        yield HopTooFar(*_at(tables, k, _hops(tables, k), allowed))
    starts = tables.chip[words.neuron] < board.chips  # else the chip itself is what is wrong
    for k in where(routing & near & starts & (tables.target < 0)):
        yield HopOffBoard(*_at(tables, k, _hops(tables, k), "the way to another chip or (0, 0)"))
    least = np.where(routing, 1, 0)  # off the board no core takes the event
    for k in where((words.cores < least) | (words.cores > board.every_core)):
        yield CoreMaskWrong(*_at(tables, k, int(words.cores[k]), f"{least[k]} to {board.every_core}"))


def _check_tags(tables: Tables) -> Iterator[DesignRuleViolation]:
    words, board = tables.outputs, tables.board
    exists = (words.tag >= 0) & (words.tag < board.tags)
    for k in where(~exists):
        yield TagOutOfRange(*_at(tables, k, int(words.tag[k]), board.tags - 1))
    own = tables.number[words.neuron]
    if board.by_source:
        for k in where(exists & (words.tag % board.neurons != own)):
            yield TagNotOwn(*_at(tables, k, int(words.tag[k]), int(words.tag[k]) % board.neurons))
    # A neuron that cannot send at all is named once, by ReservedSource
    able = ~_reserved_places(board, tables.core, tables.number)[words.neuron]
    for k in where(able & np.isin(words.tag, board.reserved)):
        yield ReservedTagSent(*_at(tables, k, int(words.tag[k]), "core 0, neuron 0"))


def _reserved_places(board: Board, core: Ints, number: Ints) -> NDArray[np.bool_]:
    found = np.zeros(core.shape, dtype=bool)
    for at, neuron in board.profile.routing.reserved_sources:
        found |= (core == at) & (number == neuron)
    return found


def _hops(tables: Tables, k: int) -> str:
    return f"({tables.outputs.dx[k]}, {tables.outputs.dy[k]})"


def _at(tables: Tables, k: int, used: object, limit: object) -> tuple[str, object, object, str]:
    """What a violation of the k-th output word is made of."""
    words = tables.outputs
    return tables.place(int(words.neuron[k])), used, limit, f"output word {words.word[k]}"
