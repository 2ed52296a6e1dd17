"""Calling the kernels: arguments, scratch, the pieces of work, and sums in an order that never changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from arcana.engine.compiled.plan import Plan
from arcana.engine.compiled.spec import Spec
from arcana.engine.fused_cpu.arguments import arguments
from arcana.engine.fused_cpu.compile import kernel
from arcana.engine.fused_cpu.memory import aligned
from arcana.engine.fused_cpu.project import ARGUMENTS, ProjectSpec
from arcana.engine.fused_cpu.threads import PIECES, address, pieces, run_all, words
from arcana.typing import Tensor

SEGMENT_BYTES = 1 << 24  # the adjoints of events are made and used up in segments of about this size


class Arrays(NamedTuple):
    """What both kernels read, laid out by ``pack``."""

    X: Tensor
    W: Tensor | None
    R: Tensor | None
    external: Tensor | None
    C: Tensor
    numbers: Tensor
    checkpoints: Tensor | None = None
    spikes: Tensor | None = None


class Gradients(NamedTuple):
    """Adjoints in the layout of ``pack``; None where not asked for."""

    X: Tensor | None
    state: Tensor
    external: Tensor | None
    W: Tensor | None
    R: Tensor | None
    C: Tensor


def forward(plan: Plan, arrays: Arrays, state: Tensor, keep: bool) -> tuple[Arrays, Tensor, Tensor]:
    """Run the forward kernel; ``state`` is stepped in place, and kept on the way if ``keep``.

    Returns:
        The arrays with checkpoints and spikes, the peak of the input current, and the record.
    """
    spec, s = plan.spec, plan.shape
    fields = len(spec.circuit.state)
    chunks = -(-s.steps // plan.every) if keep else 0
    arrays = arrays._replace(
        checkpoints=_empty(plan, chunks, s.rows, fields, s.padded), spikes=_empty(plan, *s.leading, s.steps, s.n)
    )
    peak = _empty(plan, s.rows, s.padded).zero_()
    record = _empty(plan, fields + 1, s.rows, s.steps, s.n) if spec.record else _empty(plan, 0)
    given = _sizes(plan) | {name: address(array) for name, array in arrays._asdict().items()}
    given |= {"state": address(state), "peak": address(peak), "record": address(record)}
    if not keep:
        given["every"] = 0
    cut = pieces(s, spec.width, bool(spec.loops))
    units = [words((*piece[:4], 0, 0)) for piece in cut]
    run_all(kernel(spec), words([given[name] for name in arguments(spec)]), units, _list_bytes(plan))
    return arrays, peak, record


def backward(
    plan: Plan, spec: Spec, arrays: Arrays, W_back: Tensor | None, R_back: Tensor | None,
    grad_spikes: Tensor, grad_state: Tensor,
) -> Gradients:  # fmt: skip
    """Run the backward kernel; ``grad_state`` is stepped back in place.

    Args:
        plan: As for the forward run.
        spec: The backward kernel.
        arrays: What the forward run returned.
        W_back: Counts (feeds, n_out, padded n_in), if the adjoint of the input is wanted.
        R_back: Recurrent counts (loops, n_out, padded), for recurrent layers.
        grad_spikes: Adjoint of the spikes (rows, steps, n), or (rows, 1, n) if it is the same for all steps.
        grad_state: Adjoint of the state at the end (rows, fields, padded).
    """
    s, fields = plan.shape, len(spec.circuit.state)
    chunks = -(-s.steps // plan.every)
    per_group = [s.n_in * len(spec.feeds) * s.padded, s.n * len(spec.loops) * s.padded]
    size = grad_spikes.element_size()
    cut = pieces(s, spec.width, bool(spec.loops), sum(per_group) * size if spec.weights else 0)
    groups = 1 + max(piece.group for piece in cut)
    W, R = (_empty(plan, groups, each if spec.weights else 0).zero_() for each in per_group)
    C = _empty(plan, s.rows, len(spec.wrt), s.padded).zero_()
    external = _empty(plan, s.rows, s.steps, s.n) if spec.circuit.external else None
    state = _empty(plan, s.rows, fields, s.padded)
    chunks_at_once = chunks
    if spec.events:
        chunks_at_once = max(1, SEGMENT_BYTES // (len(spec.feeds) * s.rows * plan.every * s.n * size))
    segment = min(chunks_at_once * plan.every, s.steps)
    events = _empty(plan, len(spec.feeds), s.rows, segment, s.n) if spec.events else None
    X = _empty(plan, s.x_rows, s.steps, s.n_in) if spec.events else None

    given = _sizes(plan) | {name: address(array) for name, array in arrays._asdict().items()}
    given |= {
        "state": address(state), "R_back": address(R_back), "grad_spikes": address(grad_spikes),
        "grad_state": address(grad_state), "grad_C": address(C), "grad_events": address(events),
        "grad_external": address(external), "segment": segment,
        "grad_row": grad_spikes.stride(0), "grad_step": s.n if grad_spikes.shape[1] == s.steps else 0,
    }  # fmt: skip
    history = plan.every * plan.substeps * (fields + 1) * max(p.lane_end - p.lane for p in cut)
    scratch = _list_bytes(plan) + (history + (len(spec.loops) + 1) * s.padded) * size
    units = [words((*p[:4], address(W[p.group]), address(R[p.group]))) for p in cut]
    for last in range(chunks, 0, -chunks_at_once):
        first = max(0, last - chunks_at_once)
        given |= {"first_chunk": first, "last_chunk": last, "segment_start": first * plan.every}
        run_all(kernel(spec), words([given[name] for name in arguments(spec)]), units, scratch)
        if X is not None and events is not None and W_back is not None:
            begin, end = first * plan.every, min(last * plan.every, s.steps)
            _project_back(plan, events, W_back, X, begin, end)
    return Gradients(
        X=X, state=grad_state, external=external,
        W=_sum(W).view(s.n_in, len(spec.feeds), s.padded) if spec.weights and spec.feeds else None,
        R=_sum(R).view(s.n, len(spec.loops), s.padded) if spec.weights and spec.loops else None,
        C=C,
    )  # fmt: skip


def _project_back(plan: Plan, events: Tensor, W_back: Tensor, X: Tensor, begin: int, end: int) -> None:
    """X[:, begin:end] from the adjoints of the events of these steps."""
    s, width = plan.shape, plan.spec.width
    columns = W_back.shape[-1]
    spec = ProjectSpec(plan.spec.kind, width, columns != s.n_in)
    given = _sizes(plan) | {
        "events": address(events), "W_back": address(W_back), "X": address(X), "feeds": len(plan.spec.feeds),
        "segment": events.shape[2], "begin": begin, "now": end - begin, "columns": columns,
    }  # fmt: skip
    groups = min(s.x_rows, PIECES)
    edges = [s.x_rows * g // groups for g in range(groups + 1)]
    units = [words(edges[g : g + 2]) for g in range(groups)]
    run_all(kernel(spec), words([given[name] for name in ARGUMENTS]), units)


def _list_bytes(plan: Plan) -> int:
    """Scratch for a list of events: an offset and a value for each input or neuron."""
    return 16 * (plan.shape.n_in + plan.shape.n)


def _empty(plan: Plan, *shape: int) -> Tensor:
    return aligned(shape, np.float64 if plan.spec.kind == "double" else np.float32)


def _sizes(plan: Plan) -> dict[str, int]:
    s = plan.shape
    return {
        "rows": s.rows, "x_rows": s.x_rows, "rows_per_c": s.rows // s.c_rows, "steps": s.steps, "n_in": s.n_in,
        "n": s.n, "padded": s.padded, "substeps": plan.substeps, "every": plan.every,
    }  # fmt: skip


def _sum(groups: Tensor) -> Tensor:
    """Sum over the first axis, one after the other whatever the number of threads."""
    return torch.from_numpy(np.add.reduce(groups.numpy(), axis=0))
