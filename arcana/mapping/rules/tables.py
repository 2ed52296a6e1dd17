"""A settings file as flat arrays, in the order of addresses whatever the order in the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from arcana.config import CamWord, ChipConfig, InputEvent, PlacedNeuron, SramWord
from arcana.mapping.rules.board import Board, Ints


@dataclass(frozen=True, eq=False)
class InputWords:
    """All input words; ``neuron`` is a position in ``Tables.neurons``, the rest as in ``CamWord``."""

    neuron: Ints
    word: Ints
    tag: Ints
    receptor: Ints
    switches: Ints
    flags: Ints


@dataclass(frozen=True, eq=False)
class OutputWords:
    """All output words; ``neuron`` is a position in ``Tables.neurons``, the rest as in ``SramWord``."""

    neuron: Ints
    word: Ints
    tag: Ints
    cores: Ints
    dx: Ints
    dy: Ints


@dataclass(frozen=True, eq=False)
class Events:
    """All input events; ``line`` is a position in ``Tables.lines``, the rest as in ``InputEvent``."""

    line: Ints
    tag: Ints
    chip: Ints
    cores: Ints


@dataclass(frozen=True, eq=False)
class Deliveries:
    """Events that are offered to cores.

    Attributes:
        sender: Position in ``Tables.neurons``, or number of neurons + position in ``Tables.lines``.
        core: chip * cores per chip + core.
        tag: Tag of the event.
    """

    sender: Ints
    core: Ints
    tag: Ints


class Tables:
    """The neurons, words and lines of a settings file.

    Args:
        config: The settings.
        board: The board that they are for.
    """

    def __init__(self, config: ChipConfig, board: Board) -> None:
        self.board = board
        self.neurons: list[PlacedNeuron] = sorted(
            config.neurons, key=lambda n: (n.chip, n.core, n.neuron, n.population, n.index)
        )
        places = _table(([n.chip, n.core, n.neuron] for n in self.neurons), 3)
        self.chip, self.core, self.number = places.T
        self.inputs = InputWords(*_rows((n.cams for n in self.neurons), len(CamWord._fields)).T)
        self.outputs = OutputWords(*_rows((n.srams for n in self.neurons), len(SramWord._fields)).T)
        lines = sorted(config.inputs, key=lambda part: part.name)
        self.lines = [(part.name, k) for part in lines for k in range(part.size)]
        first, at = [], 0
        for part in lines:
            first.append(at)
            at += part.size
        rows = ([start + row[0], *row[1:]] for start, part in zip(first, lines, strict=True) for row in part.events)
        self.events = Events(*_table(sorted(rows), len(InputEvent._fields)).T)

    def place(self, neuron: int) -> str:
        """``C0c1n17 (hidden[3])`` for a neuron."""
        n = self.neurons[neuron]
        return f"C{n.chip}c{n.core}n{n.neuron} ({n.population}[{n.index}])"

    def sender(self, number: int) -> str:
        """A neuron's place or an input line's name, by its number in ``Deliveries``."""
        if number < len(self.neurons):
            return self.place(number)
        name, line = self.lines[number - len(self.neurons)]
        return f"{name}[{line}]"

    def core_name(self, core: int) -> str:
        """``C0c1`` for a number in ``Deliveries.core``."""
        return "C{}c{}".format(*divmod(core, self.board.cores))

    @cached_property
    def home(self) -> Ints:
        """Core of each neuron as in ``Deliveries.core``; -1 where the board does not have it."""
        exists = (self.chip < self.board.chips) & (self.core < self.board.cores)
        return np.where(exists, np.where(exists, self.chip, 0) * self.board.cores + self.core, -1)

    @cached_property
    def used(self) -> NDArray[np.bool_]:
        """Which input words are not marked empty."""
        empty = self.board.profile.synapse.empty_code
        return np.ones(self.inputs.tag.shape, dtype=bool) if empty is None else self.inputs.receptor != empty

    @cached_property
    def listens(self) -> NDArray[np.bool_]:
        """Which input words compare their tag with the events of a core that exists."""
        return self.used & self.is_tag(self.inputs.tag) & (self.home[self.inputs.neuron] >= 0)

    @cached_property
    def deliveries(self) -> Deliveries:
        """What every output word and input event offers to cores that exist, in order of senders."""
        out, events, board = self.outputs, self.events, self.board
        sender = np.concatenate([out.neuron, len(self.neurons) + events.line])
        chip = np.concatenate([self.target, np.where(events.chip < board.chips, events.chip, -1)])
        tag, mask = np.concatenate([out.tag, events.tag]), np.concatenate([out.cores, events.cores])
        cores = (mask[:, None] >> np.arange(board.cores) & 1).astype(bool)
        cores &= ((chip >= 0) & self.is_tag(tag))[:, None]
        row, core = np.nonzero(cores)
        return Deliveries(sender[row], chip[row] * board.cores + core, tag[row])

    @cached_property
    def target(self) -> Ints:
        """Chip that each output word sends to; -1 where there is none."""
        return self.board.targets(self.chip[self.outputs.neuron], self.outputs.dx, self.outputs.dy)

    @cached_property
    def monitoring(self) -> NDArray[np.bool_]:
        """Which output words bring spikes to the computer."""
        return self.board.is_monitoring(self.outputs.word, self.outputs.dx, self.outputs.dy)

    def is_tag(self, tag: Ints) -> NDArray[np.bool_]:
        """Which numbers are tags that an event can have."""
        found: NDArray[np.bool_] = (tag >= 0) & (tag < self.board.tags) & ~np.isin(tag, self.board.reserved)
        return found


def _rows(tables: Iterable[list[list[int]]], width: int) -> Ints:
    """(rows, 1 + width): number of the table, then its row; rows of a table in rising order."""
    return _table(([k, *row] for k, rows in enumerate(tables) for row in sorted(rows)), 1 + width)


def _table(rows: Iterable[list[int]], width: int) -> Ints:
    return np.array(list(rows), dtype=np.int64).reshape(-1, width)
