"""What the passes hand to each other: a network as flat arrays, and where its neurons go."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from arcana.graph import NetworkGraph

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Circuit:
    """All synapses of a network in one list. Senders are numbered input lines first, then neurons.

    Attributes:
        graph: The network that it was made from.
        inputs: Number of input lines.
        neurons: Number of neurons.
        pre: Sender of each synapse group: 0 to inputs - 1 a line, from inputs on a neuron.
        post: Neuron that it ends on, 0 to neurons - 1.
        receptor: Position in ``arcana.circuits.names.RECEPTORS``.
        count: How many synapses (whole numbers), or how many weight currents (any number > 0).
        flags: 1 precise delay, 2 mismatched delay.
        rate: Expected events of each sender, (inputs + neurons,), in any unit: what traffic is weighted with.
        stage: Order of the emulation, one number for each neuron.
    """

    graph: NetworkGraph
    inputs: int
    neurons: int
    pre: Ints
    post: Ints
    receptor: Ints
    count: NDArray[Any]
    flags: Ints
    rate: Floats
    stage: Ints

    @cached_property
    def starts(self) -> dict[str, int]:
        """First number of each input and of each population, each counted in its own kind."""
        found, at = {}, 0
        for source in self.graph.sources:
            found[source.name], at = at, at + source.size
        at = 0
        for population in self.graph.populations:
            found[population.name], at = at, at + population.size
        return found

    def sender_name(self, sender: int) -> str:
        """``input[index]`` or ``population[index]`` of a number in ``pre``."""
        if sender >= self.inputs:
            return self.name_of(sender - self.inputs)
        source = next(s for s in reversed(self.graph.sources) if self.starts[s.name] <= sender)
        return f"{source.name}[{sender - self.starts[source.name]}]"

    def name_of(self, neuron: int) -> str:
        """``population[index]`` of a neuron."""
        for population in self.graph.populations:
            start = self.starts[population.name]
            if start <= neuron < start + population.size:
                return f"{population.name}[{neuron - start}]"
        return f"neuron {neuron}"


@dataclass(frozen=True, eq=False)
class Layout:
    """The cores that there are, in order of chip and core.

    Attributes:
        chip: Chip of each core.
        core: Number of each core on its chip.
        words: (cores, neurons per core) usable input words of each place; -1 where nothing can be put.
        x: Column of each core's chip on the board.
        y: Row of each core's chip, growing southwards.
        targets: Most chips that one neuron can send to.
        reach: Most hops (along x, along y) between two chips.
        tags: How many senders each core can tell apart.
        senders: How many neurons that send each core can hold (one place of SE1's core 0 cannot send).
    """

    chip: Ints
    core: Ints
    words: Ints
    x: Ints
    y: Ints
    targets: int
    reach: tuple[int, int]
    tags: Ints
    senders: Ints


@dataclass(frozen=True, eq=False)
class Placement:
    """Which core each neuron is on.

    Attributes:
        core: Position in ``Layout`` for each neuron, (neurons,).
        cost: Sum over senders of rate * destination cores: what was minimised first.
        hops: Sum over senders of rate * hops to their destination chips: what was minimised then.
        bound: A proven lower bound of ``cost``; None where nothing was proven.
        method: How it was found.
    """

    core: Ints
    cost: float
    hops: float
    bound: float | None = None
    method: str = ""
