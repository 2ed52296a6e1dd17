"""What a kernel is compiled for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from arcana.engine.program import circuit as programs
from arcana.engine.program.circuit import Circuit


@dataclass(frozen=True)
class Spec:
    """One compiled kernel.

    Attributes:
        circuit: Solver and the parts of the circuit that move.
        feeds: Receptors with input weights.
        loops: Receptors with recurrent weights.
        kind: "float" or "double".
        width: Lanes that are worked on together.
        ragged: Whether the last row of lanes is only partly used.
        record: Forward: whether states and spike times are kept.
        wrt: Backward: coefficients to differentiate by.
        events: Backward: whether the adjoints of the input events are wanted (to go on to the layer before).
        weights: Backward: whether the adjoints of the weights are wanted.
    """

    circuit: Circuit
    feeds: tuple[str, ...]
    loops: tuple[str, ...]
    kind: str
    width: int
    ragged: bool
    record: bool = False
    backward: bool = False
    wrt: tuple[str, ...] = ()
    events: bool = False
    weights: bool = False

    @property
    def receptors(self) -> tuple[str, ...]:
        """All receptors that receive anything."""
        return tuple(dict.fromkeys((*self.feeds, *self.loops)))

    @property
    def coefficients(self) -> tuple[str, ...]:
        """Coefficients that the kernel reads: a row each in ``C``."""
        return coefficients_of(self.circuit, self.receptors)


@lru_cache
def coefficients_of(circuit: Circuit, receptors: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the coefficients that a circuit with events at these receptors depends on."""
    read = (*programs.substep(circuit).coefficients(), *programs.receive(circuit, receptors).coefficients())
    return tuple(sorted(set(read)))
