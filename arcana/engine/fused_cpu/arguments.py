"""The arguments of the kernels, in the order in which they read them."""

from __future__ import annotations

from arcana.engine.compiled.spec import Spec

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
UNIT = ("row", "row_end", "lane", "lane_end", "grad_W", "grad_R")


def arguments(spec: Spec) -> tuple[str, ...]:
    """Names of the arguments that all pieces of work share."""
    return BACKWARD if spec.backward else FORWARD
