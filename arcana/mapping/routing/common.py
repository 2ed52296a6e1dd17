"""What the routers of both chips share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from arcana.errors import Problem
from arcana.mapping.circuit import Circuit, Ints, Layout, Placement

Flags = NDArray[np.bool_]


class NoRoute(Exception):
    """The router found no tags for this placement; ``problems`` says where it got stuck."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass
class Tags:
    """Tags that senders got.

    Attributes:
        of: (senders, cores) tag by which a core knows a sender; -1 where it does not hear it.
        copies: For each sender, the output words or input events: (chip, core mask, tag).
    """

    of: Ints
    copies: list[list[tuple[int, int, int]]] = field(default_factory=list)

    @classmethod
    def empty(cls, senders: int, cores: int) -> Tags:
        """No tags yet."""
        return cls(np.full((senders, cores), -1, dtype=np.int64), [[] for _ in range(senders)])

    def add(self, sender: int, cores: Ints, layout: Layout, tag: int) -> None:
        """Send the events of a sender to some cores of one chip under a tag."""
        self.of[sender, cores] = tag
        mask = int((1 << layout.core[cores]).sum())
        self.copies[sender].append((int(layout.chip[cores[0]]), mask, tag))


def audience(circuit: Circuit, placement: Placement, cores: int, used: Flags) -> Flags:
    """(senders, cores) whether a sender has a target in a core; synapse groups that are not used do not count."""
    heard = np.zeros((circuit.inputs + circuit.neurons, cores), dtype=bool)
    heard[circuit.pre[used], placement.core[circuit.post[used]]] = True
    return heard


def by_chip(cores: Ints, layout: Layout) -> list[Ints]:
    """The cores of each chip among these."""
    chips = layout.chip[cores]
    return [cores[chips == chip] for chip in np.unique(chips)]


def crowded(heard: Flags, layout: Layout) -> list[Problem]:
    """Cores that more senders reach than they have tags for."""
    count = heard.sum(0)
    return [
        Problem(
            f"senders that reach C{layout.chip[k]}c{layout.core[k]}", int(count[k]), f"at most {layout.tags[k]}"
        )
        for k in np.flatnonzero(count > layout.tags)
    ]


def far_apart(circuit: Circuit, heard: Flags, layout: Layout) -> list[Problem]:
    """Neurons that send to more chips than they have output words."""
    chips = np.stack([heard[circuit.inputs :, layout.chip == k].any(1) for k in np.unique(layout.chip)]).sum(0)
    return [
        Problem(f"chips that {circuit.name_of(n)} sends to", int(chips[n]), f"at most {layout.targets}")
        for n in np.flatnonzero(chips > layout.targets)[:20].tolist()
    ]


def claim(tags: Tags, sender: int, cores: Ints, free: Flags, layout: Layout, most: int | None = None) -> bool:
    """Give a sender tags in some cores: one for all if possible, else one a chip, else as few as it takes.

    Args:
        tags: What was given so far; extended.
        sender: Who sends.
        cores: Who has to hear it.
        free: (cores, tags) which tags are free; updated.
        layout: The board.
        most: Most output words; None for an input line, which has no limit.

    Returns:
        Whether it worked; nothing is changed otherwise.
    """
    everywhere = free[cores].all(0)
    if everywhere.any():
        tag = int(everywhere.argmax())
        chosen = [(group, tag) for group in by_chip(cores, layout)]
    else:
        chosen = [part for group in by_chip(cores, layout) for part in _cover(group, free)]
    if sum(part.size for part, _ in chosen) < cores.size or (most is not None and len(chosen) > most):
        return False
    for group, tag in chosen:
        tags.add(sender, group, layout, tag)
        free[group, tag] = False
    return True


def _cover(cores: Ints, free: Flags) -> list[tuple[Ints, int]]:
    """Tags for the cores of one chip, each time the one that is free in most of those that are left."""
    found = []
    while cores.size:
        reached = free[cores].sum(0)
        tag = int(reached.argmax())
        if not reached[tag]:
            break
        ok = free[cores, tag]
        found.append((cores[ok], tag))
        cores = cores[~ok]
    return found
