"""Which neurons there are, how they are connected, and how they meet the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from arcana.errors import Problems, unknown_name
from arcana.graded import Connection, Role
from arcana.networks.interface import Interface

Key: TypeAlias = tuple[str, str] | tuple[str, str, str]


@dataclass(frozen=True)
class Connectome:
    """A circuit as plain data.

    Attributes:
        neurons: Names, in the order of all states.
        connections: In the order in which they are written.
        inputs: Numbers that are written to pairs of sensory neurons.
        outputs: Numbers that are read from pairs of motor neurons.

    Raises:
        BadInput: listing every name that is used twice, every connection that leads nowhere or to its own neuron,
            every pair that is connected twice in the same way, and interfaces that share a sensory neuron.
    """

    neurons: tuple[str, ...]
    connections: tuple[Connection, ...]
    inputs: tuple[Interface, ...] = ()
    outputs: tuple[Interface, ...] = ()

    def __post_init__(self) -> None:
        problems = Problems()
        if not self.neurons:
            problems.note("neurons", (), "at least one name")
        for name in sorted({str(n) for n in self.neurons if self.neurons.count(n) > 1}):
            problems.note("neurons", name, "each name once")
        for k, c in enumerate(self.connections):
            c.check(f"connections[{k}]", self.neurons, problems)
        ways = [(c.source, c.target, c.kind) for c in self.connections]
        for way in sorted({w for w in ways if ways.count(w) > 1}):
            problems.note("connections", " ".join(way), "each connection once")
        for what, interfaces in (("inputs", self.inputs), ("outputs", self.outputs)):
            for k, interface in enumerate(interfaces):
                for side in ("positive", "negative"):
                    name = getattr(interface, side)
                    if name not in self.neurons:
                        problems.append(unknown_name(f"{what}[{k}].{side}", str(name), self.neurons))
                if interface.positive == interface.negative:
                    problems.note(f"{what}[{k}]", interface.positive, "two different neurons")
        sensory = [name for i in self.inputs for name in (i.positive, i.negative)]
        for name in sorted({n for n in sensory if sensory.count(n) > 1}):
            problems.note("inputs", name, "each sensory neuron in one input")
        problems.raise_if_any()

    @property
    def keys(self) -> Mapping[Key, Connection]:
        """Connections by (source, target), and kind where two neurons are connected in two ways."""
        pairs = [(c.source, c.target) for c in self.connections]
        return {
            ((c.source, c.target) if pairs.count((c.source, c.target)) == 1 else (c.source, c.target, c.kind)): c
            for c in self.connections
        }

    def role(self, neuron: str) -> Role:
        """What the world does with this neuron."""
        if any(neuron in (i.positive, i.negative) for i in self.inputs):
            return "sensory"
        return "motor" if any(neuron in (o.positive, o.negative) for o in self.outputs) else "inter"

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``read_connectome`` reads it."""
        return {
            "neurons": list(self.neurons),
            "connections": [[c.source, c.target, c.kind, c.weight] for c in self.connections],
            "inputs": [interface.to_dict() for interface in self.inputs],
            "outputs": [interface.to_dict() for interface in self.outputs],
        }
