"""The limits of a board as numbers, as the rules need them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcana.config.words import MISMATCHED_DELAY, PRECISE_DELAY, SHORT_TERM
from arcana.errors import Problems
from arcana.hardware.profile import HardwareProfile

Ints = NDArray[np.int64]
_FLAGS = {"precise_delay": PRECISE_DELAY, "mismatched_delay": MISMATCHED_DELAY, "stp": SHORT_TERM}
_LIMITS = (
    "topology.chips_per_board", "topology.cores_per_chip", "topology.neurons_per_core", "topology.cam_per_neuron",
    "topology.destinations_per_neuron", "routing.tags",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Board:
    """What a board has.

    Attributes:
        profile: Its chip.
        chips: Number of chips.
        cores: Cores of a chip.
        neurons: Neurons of a core.
        words: Input words of a neuron.
        outputs: Output words of a neuron.
        tags: Number of tags.
        by_source: Whether a tag is the sender's place (SE1), not any number (SE2).
        receptors: Codes of the receptors, rising.
        flags: All flags of an input word that exist.
        reserved: Tags that mean "empty" in an input word.
        hops: (lowest, highest) along x and along y.
        grid: Chip at each (column, row); -1 where there is none.
    """

    profile: HardwareProfile
    chips: int
    cores: int
    neurons: int
    words: int
    outputs: int
    tags: int
    by_source: bool
    receptors: tuple[int, ...]
    flags: int
    reserved: tuple[int, ...]
    hops: tuple[tuple[int, int], tuple[int, int]]
    grid: Ints

    @classmethod
    def of(cls, profile: HardwareProfile) -> Board:
        """The board of a profile.

        Raises:
            BadInput: listing the limits and positions that a profile without a real board does not have.
        """
        problems, sizes, routing = Problems(), list[int](), profile.routing
        for key in _LIMITS:
            limit = profile.need(key, "the design-rule check")
            if isinstance(limit, int):
                sizes.append(limit)
            else:
                hint = "choose the profile of a real chip, such as dynapse1 or dynapse2"
                problems.note(key, limit, "a number", hint=hint)
        positions = profile.topology.chip_positions
        if not problems and len(positions) < sizes[0]:
            problems.note("topology.chip_positions", len(positions), f"one for each of the {sizes[0]} chips")
        problems.raise_if_any()
        grid = np.full(np.max(positions[: sizes[0]], axis=0) + 1, -1, dtype=np.int64)
        for chip, place in enumerate(positions[: sizes[0]]):
            grid[place] = chip
        chips, cores, neurons, words, outputs, tags = sizes
        by_source = routing.addressing == "source"
        return cls(
            profile, chips, cores, neurons, words, outputs, tags, by_source,
            tuple(sorted(r.code for r in profile.synapse.receptor.values() if r.code is not None)),
            sum(bit for part, bit in _FLAGS.items() if part in profile.synapse.word_parts),
            tuple(core * neurons + neuron for core, neuron in routing.reserved_sources) if by_source else (),
            (routing.hops_x or (0, 0), routing.hops_y or (0, 0)), grid,
        )  # fmt: skip

    @property
    def every_core(self) -> int:
        """The mask of all cores of a chip."""
        return (1 << self.cores) - 1

    def targets(self, chip: Ints, dx: Ints, dy: Ints) -> Ints:
        """Chips that hops (dx, dy) from chips lead to; -1 where there is none, or a chip does not exist."""
        known = chip < self.chips
        x, y = np.array(self.profile.topology.chip_positions)[np.where(known, chip, 0)].T
        x, y = x + dx, y + dy
        known &= (x >= 0) & (x < self.grid.shape[0]) & (y >= 0) & (y < self.grid.shape[1])
        return np.where(known, self.grid[np.where(known, x, 0), np.where(known, y, 0)], -1)

    def is_monitoring(self, word: Ints, dx: Ints, dy: Ints) -> NDArray[np.bool_]:
        """Whether output words bring spikes to the computer."""
        topology = self.profile.topology
        if topology.monitor_hops is None:
            return np.zeros(word.shape, dtype=bool)
        east, south = topology.monitor_hops
        found: NDArray[np.bool_] = np.isin(word, topology.monitor_destinations) & (dx == east) & (dy == south)
        return found
