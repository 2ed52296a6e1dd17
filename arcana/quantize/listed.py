"""The biases of cores as lists of them and settings files both hold them: coarse 0 is the smallest current."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from arcana.quantize.biasgen import Code


class HasCode(Protocol):
    """A coarse and a fine code, such as ``Code`` or the ``BiasCode`` of a settings file."""

    @property
    def coarse(self) -> int:
        """Coarse code, 0 the smallest current."""

    @property
    def fine(self) -> int:
        """Fine code."""


class HasBiases(Protocol):
    """The biases of one core, such as ``ListedCore`` or the ``CoreBiases`` of a settings file."""

    @property
    def chip(self) -> int:
        """Number of the chip."""

    @property
    def core(self) -> int:
        """Number of the core on its chip."""

    @property
    def biases(self) -> Mapping[str, HasCode]:
        """Codes by the chip's own names."""


class HasCores(Protocol):
    """A ``ChipConfig``, or anything else with a list of cores."""

    @property
    def cores(self) -> Iterable[HasBiases]:
        """Cores with their biases."""


class ListedCore(NamedTuple):
    """The biases that a list gives for one core."""

    chip: int
    core: int
    biases: dict[str, Code]
