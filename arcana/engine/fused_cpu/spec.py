"""What a kernel is compiled for, and the layout of its arguments."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from arcana.engine.program import circuit as programs
from arcana.engine.program.circuit import Circuit

# Addresses of arrays, and sizes, in the order in which the kernels read them: 8 bytes each. Shapes are
# X (x_rows, steps, n_in); W (n_in, feeds, padded); R (n, loops, padded); R_back (loops, n, padded);
# external and spikes (rows, steps, n); C (c_rows, coefficients, padded); numbers (NUMBERS);
# state (rows, fields, padded); peak (rows, padded); checkpoints (chunks, rows, fields, padded);
# record (fields + 1, rows, steps, n); every grad_ array is shaped as what it belongs to, but
# grad_events (feeds, rows, segment, n), grad_C (rows, wrt, padded), and grad_spikes, whose rows and steps lie
# grad_row and grad_step numbers apart: a loss of rates has one adjoint for all steps.
COMMON = (
    "X", "W", "R", "external", "C", "numbers", "state", "checkpoints", "spikes",
    "rows", "x_rows", "rows_per_c", "steps", "n_in", "n", "padded", "substeps", "every",
)  # fmt: skip
FORWARD = (*COMMON, "peak", "record")
BACKWARD = (
    *COMMON, "R_back", "grad_spikes", "grad_state", "grad_C", "grad_events", "grad_external",
    "grad_row", "grad_step",
    "first_chunk", "last_chunk", "segment_start", "segment",
)  # fmt: skip
# What differs between the pieces of work that threads share out
UNIT = ("row", "row_end", "lane", "lane_end", "scratch", "grad_W", "grad_R")


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

    @property
    def arguments(self) -> tuple[str, ...]:
        """Names of the arguments, in order."""
        return BACKWARD if self.backward else FORWARD


@lru_cache
def coefficients_of(circuit: Circuit, receptors: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the coefficients that a circuit with events at these receptors depends on."""
    read = (*programs.substep(circuit).coefficients(), *programs.receive(circuit, receptors).coefficients())
    return tuple(sorted(set(read)))
