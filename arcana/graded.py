"""A network of graded units as plain data: what higher networks produce before neurons are made of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, TypeAlias

from arcana.errors import Problems, unknown_name

Kind: TypeAlias = Literal["excitatory", "inhibitory", "gap"]
EXCITATORY: Kind = "excitatory"
INHIBITORY: Kind = "inhibitory"
GAP: Kind = "gap"
KINDS = (EXCITATORY, INHIBITORY, GAP)
Role: TypeAlias = Literal["sensory", "inter", "motor"]
LARGEST = 1e38  # that float32 holds


def is_number(value: object) -> bool:
    """Whether this is a number that any float can hold; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


@dataclass(frozen=True)
class Connection:
    """One connection; its sign is its kind, its weight is >= 0.

    Chemical synapses add (excitatory) or subtract (inhibitory) w O_source. A gap junction does either, as the state
    of its target lies below or above O_source: no chip has a circuit for that.
    """

    source: str
    target: str
    kind: Kind
    weight: float = 1.0

    @property
    def chemical(self) -> bool:
        """Whether the sign is fixed."""
        return self.kind != GAP

    def check(self, where: str, units: Collection[str], problems: Problems) -> None:
        """Note ends that are no units or the same one, an unknown kind, and a weight that is none."""
        for end, name in (("source", self.source), ("target", self.target)):
            if name not in units:
                problems.append(unknown_name(f"{where}.{end}", str(name), units))
        if self.source == self.target:
            problems.note(where, f"{self.source} -> {self.target}", "two different neurons")
        if self.kind not in KINDS:
            problems.append(unknown_name(f"{where}.kind", str(self.kind), KINDS))
        number = is_number(self.weight)
        if not number or self.weight < 0:
            hint = "the kind of a connection sets its sign" if number else ""
            problems.note(f"{where}.weight", self.weight, "a finite number >= 0", hint=hint)


@dataclass(frozen=True)
class Unit:
    """A graded unit.

    Attributes:
        name: Its name.
        threshold: T, in units of the state.
        decay: d for each step, in units of the state.
        role: Whether the world writes its state (sensory), reads it (motor), or neither.
    """

    name: str
    threshold: float
    decay: float
    role: Role = "inter"


@dataclass(frozen=True)
class GradedGraph:
    """Units in the order of the states, and their connections.

    Raises:
        BadInput: listing names that are used twice, and what is wrong with connections.
    """

    units: tuple[Unit, ...]
    connections: tuple[Connection, ...]

    def __post_init__(self) -> None:
        problems, names = Problems(), [unit.name for unit in self.units]
        for name in sorted({n for n in names if names.count(n) > 1}):
            problems.note("units", name, "each name once")
        for k, c in enumerate(self.connections):
            c.check(f"connections[{k}]", names, problems)
        problems.raise_if_any()

    @property
    def chemical(self) -> tuple[Connection, ...]:
        """Connections with a fixed sign."""
        return tuple(c for c in self.connections if c.chemical)

    @property
    def gap_junctions(self) -> tuple[Connection, ...]:
        """Connections whose sign depends on the state of their target."""
        return tuple(c for c in self.connections if not c.chemical)
