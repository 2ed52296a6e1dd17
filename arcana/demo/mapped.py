"""The demo network on a chip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from arcana.hardware.profile import HardwareProfile
from arcana.mapping.pipeline import map_network
from arcana.mapping.result import Mapping
from arcana.nn.sequential import Sequential


@dataclass(frozen=True)
class MappedRow:
    """The network on one chip.

    Attributes:
        chip: Name of the chip.
        before: Test accuracy of the emulated settings, before they were written.
        after: The same from the file, read back.
        cores: Cores in use.
        words: Input words in use.
    """

    chip: str
    before: float
    after: float
    cores: int
    words: int

    @classmethod
    def of(cls, mapping: Mapping, before: float, after: float) -> Self:
        """The row of a mapping with its two accuracies."""
        cores = mapping.report().cores
        return cls(mapping.profile.name, before, after, len(cores), sum(core.words for core in cores))


def map_on(net: Sequential, profile: HardwareProfile, seed: int) -> Mapping:
    """The trained network on a chip.

    Raises:
        BadInput: listing what does not fit.
    """
    return map_network(net, profile, seed=seed, note="arcana demo: BasicMotions")
