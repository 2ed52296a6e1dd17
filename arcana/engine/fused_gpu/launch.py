"""Calling the kernels: segments of time, so that memory stays bounded, and the matrix products around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from arcana.engine.compiled.plan import Plan
from arcana.engine.compiled.spec import Spec
from arcana.engine.fused_gpu.call import call
from arcana.engine.fused_gpu.listen import listen, listen_back
from arcana.typing import Tensor

EVENT_BYTES = 1 << 28  # the events of a segment, or their adjoints, take about this much
HISTORY_BYTES = 1 << 30  # most scratch of a backward launch; more rows go one launch after the other


class Arrays(NamedTuple):
    """What the kernels read; shapes in ``text``.

    Counts are (n_out, n_in) for each of ``spec.feeds``, and ``loops`` (n_out, n_out) for each of ``spec.loops``.
    """

    X: Tensor
    counts: tuple[Tensor, ...]
    loops: tuple[Tensor, ...]
    external: Tensor | None
    C: Tensor
    numbers: Tensor
    checkpoints: Tensor
    spikes: Tensor


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
    loops: list[Tensor]
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
        now = given | _segment(plan, arrays, first, last)
        for begin, end in _launches(spec, first, last):
            call(spec, "steps", s.rows, s.n, now | {"first_chunk": begin, "last_chunk": end})
            if spec.loops:
                listen(plan, arrays.loops, begin, now)
    return out


def backward(plan: Plan, spec: Spec, arrays: Arrays, grad_spikes: Tensor, grad_state: Tensor) -> Gradients:
    """Run the backward kernel; ``grad_state`` is stepped back in place.

    Args:
        plan: As for the forward run.
        spec: The backward kernel.
        arrays: What the forward run was given, and its checkpoints.
        grad_spikes: Adjoint of the spikes (rows, steps, n); recurrent layers add to it.
        grad_state: Adjoint of the state at the end (rows, fields, n).
    """
    s, fields, feeds = plan.shape, len(spec.circuit.state), len(spec.feeds)
    new = grad_state
    C = new.new_zeros(s.rows, len(spec.wrt), s.n)
    external = new.new_empty(s.rows, s.steps, s.n) if spec.circuit.external else None
    X = new.new_empty(s.x_rows, s.steps, s.n_in) if spec.events else None
    counts, loops = ([torch.zeros_like(w) for w in ws if spec.weights] for ws in (arrays.counts, arrays.loops))
    moments = min(plan.every, s.steps) * plan.substeps * (fields + 1)
    group = min(s.rows, max(1, HISTORY_BYTES // (moments * s.n * new.element_size())))
    given = _given(plan, arrays) | {
        "history": new.new_empty(moments, group, s.n), "grad_spikes": grad_spikes, "grad_state": grad_state,
        "grad_C": C, "grad_external": external,
    }  # fmt: skip
    at_once = _chunks_at_once(plan, new.element_size())
    for last in range(-(-s.steps // plan.every), 0, -at_once):
        first = max(0, last - at_once)
        segment = _segment(plan, arrays, first, last)
        steps = segment["segment"]
        events = new.new_empty(feeds if spec.events else 0, s.rows, steps, s.n)
        now = given | segment | {"grad_events": events}
        for begin, end in reversed(_launches(spec, first, last)):
            if spec.loops:
                listen_back(plan, spec, arrays.loops, arrays.spikes, begin, now, loops)
            for row in range(0, s.rows, group):
                part = {"first_row": row, "first_chunk": begin, "last_chunk": end}
                call(spec, "steps", min(group, s.rows - row), s.n, now | part)
        if spec.events:
            # Virtual chips share input and counts
            shared = events.view(feeds, -1, s.x_rows, steps, s.n).sum(1)
            begin = segment["segment_start"]
            _project_back(shared, arrays, begin, begin + steps, X, counts)
    return Gradients(X, counts, loops, grad_state, external, C)


def _project_back(
    events: Tensor, arrays: Arrays, begin: int, end: int, X: Tensor | None, counts: Sequence[Tensor]
) -> None:
    """From adjoints of events (feeds, x_rows, segment, n) to those of the input and of the counts."""
    if X is not None:
        X[:, begin:end] = sum(e @ w for e, w in zip(events, arrays.counts, strict=True))
    now = arrays.X[:, begin:end].flatten(0, 1)
    for e, total in zip(events, counts, strict=False):
        total.addmm_(e.flatten(0, 1).mT, now)


def _launches(spec: Spec, first: int, last: int) -> list[tuple[int, int]]:
    """Ranges of chunks that one launch steps through: the neurons of a recurrent layer meet after every step."""
    return [(t, t + 1) for t in range(first, last)] if spec.loops else [(first, last)]


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
    return {"segment_start": begin, "segment": end - begin, "events": events}
