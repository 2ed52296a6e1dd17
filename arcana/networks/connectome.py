"""Which neurons there are, how they are connected, and how they meet the world."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from arcana.errors import Problems, unknown_name
from arcana.graded import Connection, Role
from arcana.networks.interface import Interface

Key: TypeAlias = tuple[str, str] | tuple[str, str, str]
VERSION = 1


@dataclass(frozen=True)
class Connectome:
    """A circuit as plain data.

    Circles of several neurons are fine. A neuron that connects to itself is refused: its own state is in its law,
    and no gap joins a cell to itself. Connections to sensory neurons may be there, as in any animal, but have no
    effect: the world writes these states before each step.

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

        def placed(what: str) -> dict[str, Any]:
            return {f"{what}[{k}]": row for k, row in enumerate(getattr(self, what))}

        check(self.neurons, placed("connections"), placed("inputs"), placed("outputs"), problems)
        problems.raise_if_any()

    @property
    def keys(self) -> Mapping[Key, Connection]:
        """Connections by (source, target), and kind where two neurons are connected in two ways."""
        pairs = Counter((c.source, c.target) for c in self.connections)
        return {
            ((c.source, c.target) if pairs[c.source, c.target] == 1 else (c.source, c.target, c.kind)): c
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
            "version": VERSION,
            "neurons": list(self.neurons),
            "connections": [[c.source, c.target, c.kind, c.weight] for c in self.connections],
            "inputs": [interface.to_dict() for interface in self.inputs],
            "outputs": [interface.to_dict() for interface in self.outputs],
        }


def check(
    neurons: Sequence[str], connections: Mapping[str, Connection],
    inputs: Mapping[str, Interface], outputs: Mapping[str, Interface], problems: Problems,
) -> None:  # fmt: skip
    """Note all that is wrong with a circuit; what it consists of is named by its place."""
    if not neurons:
        problems.note("neurons", (), "at least one name")
    for name in _repeated(neurons):
        problems.note("neurons", name, "each name once")
    known = dict.fromkeys(neurons)
    for where, c in connections.items():
        c.check(where, known, problems)
    for way in _repeated([(c.source, c.target, c.kind) for c in connections.values()]):
        problems.note("connections", " ".join(way), "each connection once")
    for where, interface in (*inputs.items(), *outputs.items()):
        for side in ("positive", "negative"):
            name = getattr(interface, side)
            if name not in known:
                problems.append(unknown_name(f"{where}.{side}", str(name), neurons))
        if interface.positive == interface.negative:
            problems.note(where, interface.positive, "two different neurons")
    for name in _repeated([name for i in inputs.values() for name in {i.positive, i.negative}]):
        problems.note("inputs", name, "each sensory neuron in one input")


def _repeated(values: Sequence[Any]) -> list[Any]:
    return sorted(value for value, count in Counter(values).items() if count > 1)
