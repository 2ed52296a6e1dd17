"""What a board's routing tables connect: every event is followed through them, and nothing else is asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arcana.config import ChipConfig
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.circuit import Ints

_TAG_SPACE = 1 << 16  # more tags than any chip has


@dataclass(frozen=True, eq=False)
class Deliveries:
    """Events on their way into cores.

    Attributes:
        sender: Input line (counted over all inputs), or number of input lines + position in ``config.neurons``.
        core: Core that the event is offered to: chip * cores per chip + core.
        tag: Tag of the event.
    """

    sender: Ints
    core: Ints
    tag: Ints


@dataclass(frozen=True, eq=False)
class Wiring:
    """One entry for each input word that each event of a sender reaches.

    Attributes:
        inputs: Number of input lines.
        pre: Sender, numbered as in ``Deliveries``.
        post: Position of the receiving neuron in ``config.neurons``.
        receptor: The chip's code of the receptor.
        switches: Weight switches of the word.
        flags: Delay and plasticity flags of the word.
    """

    inputs: int
    pre: Ints
    post: Ints
    receptor: Ints
    switches: Ints
    flags: Ints


def wiring(config: ChipConfig, profile: HardwareProfile) -> Wiring:
    """Follow the events of every sender to the input words that match their tags.

    Events that leave the board (to the computer) reach nothing. Input words that hold the reserved tag are empty.
    """
    events = deliveries(config, profile)
    words = _input_words(config, profile)
    order = np.argsort(words[:, 0] * _TAG_SPACE + words[:, 1], kind="stable")
    words = words[order]
    held = words[:, 0] * _TAG_SPACE + words[:, 1]
    sent = events.core * _TAG_SPACE + events.tag
    first, last = (np.searchsorted(held, sent, side) for side in ("left", "right"))
    matches = last - first
    which = np.repeat(first - np.concatenate(([0], np.cumsum(matches)[:-1])), matches) + np.arange(matches.sum())
    found = words[which]
    pre = np.repeat(events.sender, matches)
    return Wiring(line_count(config), pre, *(found[:, k] for k in range(2, 6)))


def line_count(config: ChipConfig) -> int:
    """Number of input lines of all inputs together."""
    return sum(lines.size for lines in config.inputs)


def deliveries(config: ChipConfig, profile: HardwareProfile) -> Deliveries:
    """Every (sender, core, tag) that an event of that sender is offered to, in the order of the file."""
    per_chip = profile.cores_per_chip
    rows, start = [], 0
    for lines in config.inputs:
        rows += [(start + e.line, e.chip, e.tag, e.cores) for e in lines.input_events]
        start += lines.size
    where = {place: chip for chip, place in enumerate(profile.topology.chip_positions)}
    for k, neuron in enumerate(config.neurons):
        if neuron.chip >= len(profile.topology.chip_positions):
            continue
        x, y = profile.topology.chip_positions[neuron.chip]
        for word in neuron.sram_words:
            chip = where.get((x + word.dx, y + word.dy))
            if chip is not None:
                rows.append((start + k, chip, word.tag, word.cores))
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    masks = table[:, 3][:, None] >> np.arange(per_chip) & 1
    row, core = np.nonzero(masks)
    return Deliveries(table[row, 0], table[row, 1] * per_chip + core, table[row, 2])


def _input_words(config: ChipConfig, profile: HardwareProfile) -> Ints:
    """(words, 6): core, tag, post, receptor, switches, flags."""
    empty = profile.synapse.empty_code
    rows = [
        (n.chip * profile.cores_per_chip + n.core, row[1], k, *row[2:])
        for k, n in enumerate(config.neurons)
        for row in n.cams
    ]
    table = np.array(rows, dtype=np.int64).reshape(-1, 6)
    used = np.ones(len(table), dtype=bool) if empty is None else table[:, 3] != empty
    used &= ~np.isin(table[:, 1], reserved_tags(profile))
    return table[used]


def reserved_tags(profile: HardwareProfile) -> list[int]:
    """Tags that mean "empty" in an input word."""
    routing = profile.routing
    if routing.addressing != "source":
        return []
    return [core * profile.neurons_per_core + neuron for core, neuron in routing.reserved_sources]
