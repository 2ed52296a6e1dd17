"""A network as plain data: what layers produce and the mapper consumes. Neither knows the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from arcana.circuits.names import Receptor

Solver: TypeAlias = Literal["rk4", "heun", "euler"]


@dataclass(frozen=True)
class Source:
    """Input lines from outside the chip (an encoder, a sensor, a spike generator)."""

    name: str
    size: int


@dataclass(frozen=True)
class Population:
    """Neurons with their biases [A, s, 1/A]: one value for all, or one for each neuron."""

    name: str
    size: int
    dt: float
    biases: Mapping[str, float | tuple[float, ...]]
    solver: Solver = "rk4"
    leak_saturation: bool = True
    substeps: int | None = None


@dataclass(frozen=True)
class Projection:
    """Synapses of one receptor between two parts: (pre, post, count) triples."""

    source: str
    target: str
    receptor: Receptor
    synapses: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Encoder:
    """The delta modulator in front of the network."""

    channels: int
    threshold_up: tuple[float, ...]
    threshold_down: tuple[float, ...]
    refractory: int
    reset: Literal["level", "signal"]
    events_per_step: int
    upsample: int


@dataclass(frozen=True)
class NetworkGraph:
    """All parts of a network, in the order in which signals pass through them."""

    sources: tuple[Source, ...]
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    encoder: Encoder | None = None
