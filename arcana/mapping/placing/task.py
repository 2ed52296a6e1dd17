"""What has to be placed where, as flat arrays: units (neurons that stay together), their senders, the cores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from arcana.mapping.circuit import Circuit, Floats, Ints, Layout

Sparse: TypeAlias = Any  # a scipy.sparse.csr_array of ones


@dataclass(frozen=True, eq=False)
class Board:
    """What the cores and chips allow.

    Attributes:
        chip: Position of each core's chip in ``hops``, (cores,).
        hops: Steps between two chips, (chips, chips).
        far: Whether they are further apart than an event can go, (chips, chips).
        targets: Most chips that one neuron can send to.
        tags: Senders that each core can tell apart, (cores,).
    """

    chip: Ints
    hops: Floats
    far: Floats
    targets: int
    tags: Ints

    @classmethod
    def of(cls, layout: Layout) -> Board:
        """The board of a layout."""
        _, first, chip = np.unique(layout.chip, return_index=True, return_inverse=True)
        dx, dy = (np.abs(np.subtract.outer(p[first], p[first])) for p in (layout.x, layout.y))
        far = (dx > layout.reach[0]) | (dy > layout.reach[1])
        return cls(chip, (dx + dy).astype(float), far.astype(float), layout.targets, layout.tags)

    @property
    def chips(self) -> int:
        """How many chips there are."""
        return len(self.hops)


@dataclass(frozen=True, eq=False)
class Task:
    """Units to place.

    Attributes:
        board: Cores and chips.
        pins: (senders, units) one where the sender has a target in the unit; senders without targets are left out.
        rate: Events of each sender, (senders,).
        home: Unit that a sender belongs to, -1 for an input line, (senders,).
        weight: What each unit takes of each resource, (units, resources).
        room: What each core has of it, (cores, resources).
        kind: Bias set of each unit, (units,).
    """

    board: Board
    pins: Sparse
    rate: Floats
    home: Ints
    weight: Ints
    room: Ints
    kind: Ints

    @property
    def units(self) -> int:
        """How many units there are."""
        return self.kind.size

    @property
    def cores(self) -> int:
        """How many cores there are."""
        return self.board.chip.size

    @cached_property
    def senders(self) -> Sparse:
        """(units, senders): ``pins`` the other way round."""
        return self.pins.T.tocsr()

    @cached_property
    def own(self) -> Sparse:
        """(units, senders) one where the sender is a neuron of the unit."""
        inside = np.flatnonzero(self.home >= 0)
        return _ones(self.home[inside], inside, (self.units, self.rate.size))

    def merged(self, cluster: Ints) -> Task:
        """The task of placing clusters of units; ``cluster`` is that of each unit, numbered from 0."""
        number = int(cluster.max()) + 1
        members = _ones(cluster, np.arange(cluster.size), (number, cluster.size))
        pins = self.pins @ members.T
        pins.data[:] = 1
        kind = np.zeros(number, dtype=np.int64)
        kind[cluster] = self.kind
        home = np.where(self.home >= 0, cluster[self.home], -1)
        weight = (members @ self.weight).astype(np.int64)
        return replace(self, pins=pins, home=home, weight=weight, kind=kind)

    def on_one_chip(self) -> Task:
        """The same as if all cores were on one chip: no hops, no limit of chips."""
        none = np.zeros((1, 1))
        return replace(self, board=replace(self.board, chip=np.zeros_like(self.board.chip), hops=none, far=none))

    def with_slack(self, room: Ints) -> Task:
        """The same with the mean weight of a unit more ``room`` in every core that has any.

        Clusters do not fill a core to the last place; without slack nothing could be exchanged.
        """
        slack = np.ceil(self.weight.mean(0)).astype(np.int64)
        return replace(self, room=np.where(room > 0, room + slack, room))


def task_of(circuit: Circuit, kind: Ints, need: Ints, layout: Layout, unit: Ints) -> Task:
    """The task of placing a circuit.

    Args:
        circuit: The network.
        kind: Bias set of each neuron, (neurons,).
        need: Input words of each neuron, (neurons,).
        layout: The board.
        unit: Unit of each neuron, numbered from 0, (neurons,).
    """
    units = int(unit.max()) + 1
    pins = _ones(circuit.pre, unit[circuit.post], (circuit.inputs + circuit.neurons, units))
    heard = np.flatnonzero(np.diff(pins.indptr))
    neuron = heard - circuit.inputs
    home = np.where(neuron >= 0, unit[np.maximum(neuron, 0)], -1)
    weight, room = _resources(circuit, need, layout)
    total = np.zeros((units, weight.shape[1]), dtype=np.int64)
    np.add.at(total, unit, weight)
    kinds = np.zeros(units, dtype=np.int64)
    kinds[unit] = np.unique(kind, return_inverse=True)[1]
    rate = np.asarray(circuit.rate, dtype=float)[heard]
    return Task(Board.of(layout), pins[heard], rate, home, total, room, kinds)


def sends(circuit: Circuit) -> Ints:
    """Numbers of the neurons that send, ascending."""
    found: Ints = np.unique(circuit.pre[circuit.pre >= circuit.inputs]) - circuit.inputs
    return found


def _resources(circuit: Circuit, need: Ints, layout: Layout) -> tuple[Ints, Ints]:
    """Places with at least so many words, for each number of words that places have; and neurons that send.

    Neurons fit the places of a core exactly if no more of them need at least n words than places have n, for
    every n; the numbers that places have are enough.
    """
    levels = np.unique(layout.words[layout.words >= 0])
    least = levels[np.minimum(np.searchsorted(levels, need), levels.size - 1)]
    weight = [least >= level for level in levels]
    room = [(layout.words >= level).sum(1) for level in levels]
    if (layout.senders < room[0]).any():
        weight.append(np.isin(np.arange(need.size), sends(circuit)))
        room.append(layout.senders)
    return np.stack(weight, axis=1).astype(np.int64), np.stack(room, axis=1).astype(np.int64)


def _ones(row: Ints, column: Ints, shape: tuple[int, int]) -> Sparse:
    """A sparse matrix of ones, each entry once."""
    found = sparse.csr_array((np.ones(row.size), (row, column)), shape=shape)
    found.sum_duplicates()
    found.data[:] = 1
    return found
