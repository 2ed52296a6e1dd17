"""Which neurons there are, how they are connected, and how they meet the world."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from arcana.errors import Problems, unknown_name
from arcana.networks.interface import Interface

Kind: TypeAlias = Literal["excitatory", "inhibitory", "gap"]
Key: TypeAlias = tuple[str, str] | tuple[str, str, str]
EXCITATORY: Kind = "excitatory"
INHIBITORY: Kind = "inhibitory"
GAP: Kind = "gap"
KINDS = (EXCITATORY, INHIBITORY, GAP)


@dataclass(frozen=True)
class Connection:
    """One connection; its sign is its kind, its weight is >= 0."""

    source: str
    target: str
    kind: Kind
    weight: float = 1.0


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
            self._check(f"connections[{k}]", c, problems)
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

    def _check(self, where: str, c: Connection, problems: Problems) -> None:
        for end in ("source", "target"):
            name = getattr(c, end)
            if name not in self.neurons:
                problems.append(unknown_name(f"{where}.{end}", str(name), self.neurons))
        if c.source == c.target:
            problems.note(where, f"{c.source} -> {c.target}", "two different neurons")
        if c.kind not in KINDS:
            problems.append(unknown_name(f"{where}.kind", str(c.kind), KINDS))
        number = isinstance(c.weight, (int, float)) and not isinstance(c.weight, bool)
        if not (number and math.isfinite(c.weight) and c.weight >= 0):
            hint = "the kind of a connection sets its sign" if number and c.weight < 0 else ""
            problems.note(f"{where}.weight", c.weight, "a finite number >= 0", hint=hint)

    @property
    def keys(self) -> Mapping[Key, Connection]:
        """Connections by (source, target), and kind where two neurons are connected in two ways."""
        pairs = [(c.source, c.target) for c in self.connections]
        return {
            ((c.source, c.target) if pairs.count((c.source, c.target)) == 1 else (c.source, c.target, c.kind)): c
            for c in self.connections
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``read_connectome`` reads it."""
        return {
            "neurons": list(self.neurons),
            "connections": [[c.source, c.target, c.kind, c.weight] for c in self.connections],
            "inputs": [interface.to_dict() for interface in self.inputs],
            "outputs": [interface.to_dict() for interface in self.outputs],
        }
