"""Calling the kernels: segments of time, so that memory stays bounded, and the matrix products around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from arcana.engine.fused_cpu.launch import Plan
from arcana.engine.fused_cpu.spec import Spec
from arcana.engine.fused_gpu.module import kernel
from arcana.engine.fused_gpu.text import arguments
from arcana.typing import Tensor

WARP = 32
EVENT_BYTES = 1 << 28  # the events of a segment, or their adjoints, take about this much
HISTORY_BYTES = 1 << 30  # most scratch of a backward launch; more rows go one launch after the other


class Arrays(NamedTuple):
    """What both kernels read; shapes in ``text``. ``counts`` are (n_out, n_in), one for each of ``spec.feeds``."""

    X: Tensor
    counts: tuple[Tensor, ...]
    external: Tensor | None
    C: Tensor
    numbers: Tensor
    checkpoints: Tensor


class Forward(NamedTuple):
    """Spikes (rows, steps, n), peak of the AMPA current (rows, n), record, checkpoints."""

    spikes: Tensor
    peak: Tensor
    record: Tensor
    checkpoints: Tensor


class Gradients(NamedTuple):
    """Adjoints of the input (x_rows, steps, n_in), the counts, and the rest as it is laid out in the kernels."""

    X: Tensor | None
    counts: list[Tensor]
    state: Tensor
    external: Tensor | None
    C: Tensor


def forward(plan: Plan, arrays: Arrays, state: Tensor, keep: bool) -> Forward:
    """Run the forward kernel; ``state`` (rows, fields, n) is stepped in place, and kept on the way if ``keep``."""
    spec, s = plan.spec, plan.shape
    fields, chunks = len(spec.circuit.state), -(-s.steps // plan.every)
    out = Forward(
        spikes=state.new_empty(s.rows, s.steps, s.n),
        peak=state.new_zeros(s.rows, s.n),
        record=state.new_empty(fields + 1 if spec.record else 0, s.rows, s.steps, s.n),
        checkpoints=state.new_empty(chunks if keep else 0, s.rows, fields, s.n),
    )
    given = _given(plan, arrays) | out._asdict() | {"state": state, "keep": int(keep), "first_row": 0}
    at_once = _chunks_at_once(plan, state.element_size())
    for first in range(0, chunks, at_once):
        last = min(chunks, first + at_once)
        _call(spec, s.rows, s.n, given | _segment(plan, arrays, first, last))
    return out


def backward(plan: Plan, spec: Spec, arrays: Arrays, grad_spikes: Tensor, grad_state: Tensor) -> Gradients:
    """Run the backward kernel; ``grad_state`` is stepped back in place.

    Args:
        plan: As for the forward run.
        spec: The backward kernel.
        arrays: What the forward run was given, and its checkpoints.
        grad_spikes: Adjoint of the spikes (rows, steps, n).
        grad_state: Adjoint of the state at the end (rows, fields, n).
    """
    s, fields, feeds = plan.shape, len(spec.circuit.state), len(spec.feeds)
    new = grad_state
    C = new.new_zeros(s.rows, len(spec.wrt), s.n)
    external = new.new_empty(s.rows, s.steps, s.n) if spec.circuit.external else None
    X = new.new_empty(s.x_rows, s.steps, s.n_in) if spec.events else None
    counts = [torch.zeros_like(w) for w in arrays.counts] if spec.weights else []
    moments = min(plan.every, s.steps) * plan.substeps * (fields + 1)
    group = min(s.rows, max(1, HISTORY_BYTES // (moments * s.n * new.element_size())))
    given = _given(plan, arrays) | {
        "history": new.new_empty(moments, group, s.n), "grad_spikes": grad_spikes, "grad_state": grad_state,
        "grad_C": C, "grad_external": external,
    }  # fmt: skip
    at_once = _chunks_at_once(plan, new.element_size())
    for last in range(-(-s.steps // plan.every), 0, -at_once):
        segment = _segment(plan, arrays, max(0, last - at_once), last)
        steps = segment["segment"]
        events = new.new_empty(feeds if spec.events else 0, s.rows, steps, s.n)
        for row in range(0, s.rows, group):
            now = {"first_row": row, "grad_events": events}
            _call(spec, min(group, s.rows - row), s.n, given | segment | now)
        if spec.events:
            # Virtual chips share input and counts
            shared = events.view(feeds, -1, s.x_rows, steps, s.n).sum(1)
            begin = segment["segment_start"]
            _project_back(shared, arrays, begin, begin + steps, X, counts)
    return Gradients(X, counts, grad_state, external, C)


def _project_back(
    events: Tensor, arrays: Arrays, begin: int, end: int, X: Tensor | None, counts: Sequence[Tensor]
) -> None:
    """From adjoints of events (feeds, x_rows, segment, n) to those of the input and of the counts."""
    if X is not None:
        X[:, begin:end] = sum(e @ w for e, w in zip(events, arrays.counts, strict=True))
    now = arrays.X[:, begin:end].flatten(0, 1)
    for e, total in zip(events, counts, strict=False):
        total.addmm_(e.flatten(0, 1).mT, now)


def _chunks_at_once(plan: Plan, size: int) -> int:
    s = plan.shape
    return max(1, EVENT_BYTES // (max(1, len(plan.spec.feeds)) * s.rows * plan.every * s.n * size))


def _given(plan: Plan, arrays: Arrays) -> dict[str, Any]:
    s = plan.shape
    return arrays._asdict() | {
        "rows": s.rows, "x_rows": s.x_rows, "rows_per_c": s.rows // s.c_rows, "n": s.n, "steps": s.steps,
        "every": plan.every, "substeps": plan.substeps,
    }  # fmt: skip


def _segment(plan: Plan, arrays: Arrays, first: int, last: int) -> dict[str, Any]:
    """Some chunks: their place in time, and their events."""
    s, begin = plan.shape, first * plan.every
    end = min(s.steps, last * plan.every)
    events = arrays.X.new_empty(len(arrays.counts), s.x_rows, end - begin, s.n)
    for out, w in zip(events, arrays.counts, strict=True):
        torch.matmul(arrays.X[:, begin:end], w.mT, out=out)
    return {
        "first_chunk": first, "last_chunk": last, "segment_start": begin, "segment": end - begin, "events": events,
    }  # fmt: skip


def _call(spec: Spec, rows: int, n: int, given: dict[str, Any]) -> None:
    grid = (rows, -(-n // spec.width))
    with torch.cuda.device_of(given["C"]):  # type: ignore[no-untyped-call]
        kernel(spec)[grid](
            *(given[name] for name in arguments(spec)), num_warps=spec.width // WARP, enable_fp_fusion=True
        )
