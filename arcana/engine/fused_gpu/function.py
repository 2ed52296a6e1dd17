"""The kernels as one differentiable function of tensors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from arcana.engine.compiled import pack
from arcana.engine.compiled.job import refuse_second_derivative
from arcana.engine.compiled.plan import Plan
from arcana.engine.fused_gpu import launch
from arcana.engine.fused_gpu.launch import Arrays
from arcana.typing import Tensor


class Fused(torch.autograd.Function):
    """(X, state, external, counts ..., coefficients ...) -> spikes, state at the end, peak, record.

    ``state`` is (..., fields, n); counts are those of ``spec.feeds`` and then ``spec.loops``; coefficients are
    those of ``spec.coefficients``, of any shape that broadcasts to (..., n).
    """

    @staticmethod
    def forward(
        ctx: Any, plan: Plan, numbers: Tensor, X: Tensor, state: Tensor, external: Tensor | None, *rest: Tensor
    ) -> tuple[Tensor, ...]:
        """Run the forward kernel; keep checkpoints if anything needs a gradient."""
        spec, s = plan.spec, plan.shape
        feeds, loops = len(spec.feeds), len(spec.feeds) + len(spec.loops)
        counts = tuple(w.contiguous() for w in rest[:loops])
        series = None if external is None else pack.series(external, s)
        C = pack.coefficients(rest[loops:], s)
        none = numbers[:0]
        arrays = Arrays(pack.inputs(X, s), counts[:feeds], counts[feeds:], series, C, numbers, none, none)
        moving = state.reshape(s.rows, -1, s.n).clone(memory_format=torch.contiguous_format)
        keep = any(ctx.needs_input_grad)
        out = launch.forward(plan, arrays, moving, keep)
        ctx.mark_non_differentiable(out.peak, out.record)
        if keep:
            ctx.plan = plan
            ctx.shapes = [None if value is None else value.shape for value in (X, state, external, *rest)]
            spikes = out.spikes if spec.loops else none
            ctx.save_for_backward(arrays.X, series, C, numbers, out.checkpoints, spikes, *counts)
        return out.spikes.view(*s.leading, s.steps, s.n), moving.view(*s.leading, -1, s.n), out.peak, out.record

    @staticmethod
    def backward(ctx: Any, grad_spikes: Tensor, grad_state: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        """Run the backward kernel for the inputs that need a gradient.

        Raises:
            RuntimeError: if the gradient is to be differentiated again.
        """
        refuse_second_derivative()
        plan: Plan = ctx.plan
        spec, s, shapes = plan.spec, plan.shape, ctx.shapes
        X, series, C, numbers, checkpoints, spikes, *counts = ctx.saved_tensors
        feeds, loops = len(spec.feeds), len(spec.feeds) + len(spec.loops)
        arrays = Arrays(X, tuple(counts[:feeds]), tuple(counts[feeds:]), series, C, numbers, checkpoints, spikes)
        needs = ctx.needs_input_grad[2:]
        needs_counts, needs_c = needs[3 : 3 + loops], needs[3 + loops :]
        wrt = tuple(name for name, need in zip(spec.coefficients, needs_c, strict=True) if need)
        wants_events = bool(feeds) and (needs[0] or any(needs_counts))
        backward = replace(
            spec, backward=True, record=False, wrt=wrt, events=wants_events, weights=any(needs_counts)
        )
        to_spikes = pack.series(grad_spikes, s)
        got = launch.backward(
            plan, backward, arrays, to_spikes.clone() if spec.loops else to_spikes,
            grad_state.reshape(s.rows, -1, s.n).clone(memory_format=torch.contiguous_format),
        )  # fmt: skip
        grads: list[Tensor | None] = [None] * len(shapes)
        if needs[0]:
            grads[0] = grad_spikes.new_zeros(shapes[0]) if got.X is None else _events(got.X, s, shapes[0])
        if needs[1]:
            grads[1] = got.state.view(shapes[1])
        if needs[2] and got.external is not None:
            grads[2] = got.external.view(*s.leading, s.steps, s.n).sum_to_size(shapes[2])
        for i, need in enumerate(needs_counts):
            if need:
                grads[3 + i] = (got.counts + got.loops)[i]
        per_row = got.C.view(*s.leading, len(wrt), s.n)
        for i, name in enumerate(spec.coefficients, start=3 + loops):
            if name in wrt:
                grads[i] = per_row[..., wrt.index(name), :].sum_to_size(shapes[i])
        return None, None, *grads


def _events(packed: Tensor, s: pack.Shape, shape: torch.Size) -> Tensor:
    if packed.numel() == shape.numel():
        return packed.view(shape)
    return packed.view(*s.leading, s.steps, s.n_in).sum_to_size(shape)
