"""The kernels as one differentiable function of tensors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from arcana.engine.compiled import pack
from arcana.engine.compiled.job import refuse_second_derivative
from arcana.engine.compiled.plan import Plan
from arcana.engine.fused_cpu import launch
from arcana.engine.fused_cpu.launch import Arrays
from arcana.typing import Tensor

ADJOINT_BYTES = 128  # most lanes of the backward kernel, in bytes


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
        arrays = Arrays(
            X=pack.inputs(X, s),
            W=pack.weights(rest[:feeds], s) if spec.feeds else None,
            R=pack.weights(rest[feeds:loops], s) if spec.loops else None,
            external=None if external is None else pack.series(external, s),
            C=pack.coefficients(rest[loops:], s),
            numbers=numbers,
        )
        moving = pack.state(state.unbind(-2), s)
        if moving.data_ptr() == state.data_ptr():
            moving = moving.clone()
        keep = any(ctx.needs_input_grad)
        arrays, peak, record = launch.forward(plan, arrays, moving, keep)
        if keep:
            # Without recurrence the spikes are not looked at again: the caller may change them in place
            saved = arrays if spec.loops else arrays._replace(spikes=None)
            ctx.plan, ctx.there = plan, [array is not None for array in saved]
            ctx.shapes = [None if value is None else value.shape for value in (X, state, external, *rest)]
            ctx.save_for_backward(*(array for array in saved if array is not None), *rest[:loops])
        peak = peak[:, : s.n]
        ctx.mark_non_differentiable(peak, record)
        assert arrays.spikes is not None
        after = moving[..., : s.n].reshape(*s.leading, -1, s.n)
        return arrays.spikes, after, peak, record

    @staticmethod
    def backward(ctx: Any, grad_spikes: Tensor, grad_state: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        """Run the backward kernel for the inputs that need a gradient.

        Raises:
            RuntimeError: if the gradient is to be differentiated again.
        """
        refuse_second_derivative()
        plan: Plan = ctx.plan
        spec, s = plan.spec, plan.shape
        saved = list(ctx.saved_tensors)
        given: Any = (saved.pop(0) if there else None for there in ctx.there)
        arrays = Arrays(*given)
        feeds, loops = len(spec.feeds), len(spec.feeds) + len(spec.loops)
        needs = ctx.needs_input_grad[2:]
        needs_counts, needs_c = needs[3 : 3 + loops], needs[3 + loops :]
        # The adjoint of a long sub-step keeps hundreds of values at hand: with fewer lanes they fit the first cache
        width = spec.width if spec.circuit.single else min(spec.width, ADJOINT_BYTES // arrays.X.element_size())
        backward = replace(
            spec, backward=True, record=False, width=width,
            events=needs[0] and bool(feeds), weights=any(needs_counts),
            wrt=tuple(name for name, need in zip(spec.coefficients, needs_c, strict=True) if need),
        )  # fmt: skip
        got = launch.backward(
            plan, backward, arrays,
            pack.back_weights(saved[:feeds], -(-s.n_in // spec.width) * spec.width) if backward.events else None,
            pack.back_weights(saved[feeds:loops], s.padded) if spec.loops else None,
            pack.adjoint_series(grad_spikes, s), _padded(grad_state, s),
        )  # fmt: skip
        shapes = ctx.shapes
        grads: list[Tensor | None] = [None] * len(shapes)
        if needs[0]:
            grads[0] = grad_spikes.new_zeros(shapes[0]) if got.X is None else _events(got.X, s, shapes[0])
        if needs[1]:
            grads[1] = got.state[..., : s.n].reshape(shapes[1])
        if needs[2] and got.external is not None:
            grads[2] = sum_to(got.external.view(*s.leading, s.steps, s.n), shapes[2])
        for i, need in enumerate(needs_counts):
            packed = got.W if i < feeds else got.R
            if need and packed is not None:
                grads[3 + i] = packed[:, i if i < feeds else i - feeds, : s.n].T
        per_row = got.C.view(*s.leading, len(backward.wrt), s.padded)[..., : s.n]
        for i, name in enumerate(spec.coefficients):
            if name in backward.wrt:
                shape = shapes[3 + loops + i]
                grads[3 + loops + i] = sum_to(per_row[..., backward.wrt.index(name), :], shape)
        return None, None, *grads


def sum_to(value: Tensor, shape: torch.Size) -> Tensor:
    """Sum over the axes that were broadcast; by numpy, in an order that does not depend on threads."""
    extra = value.ndim - len(shape)
    kept = [extra + i for i, size in enumerate(shape) if size == 1 and value.shape[extra + i] != 1]
    axes = (*range(extra), *kept)
    return torch.from_numpy(np.asarray(np.add.reduce(value.numpy(), axis=axes))).reshape(shape) if axes else value


def _events(packed: Tensor, s: pack.Shape, shape: torch.Size) -> Tensor:
    if packed.numel() == shape.numel():
        return packed.view(shape)
    return sum_to(packed.view(*s.leading, s.steps, s.n_in), shape)


def _padded(value: Tensor, s: pack.Shape) -> Tensor:
    out = value.new_zeros(s.rows, value.shape[-2], s.padded)
    out[..., : s.n] = value.reshape(s.rows, -1, s.n)
    return out
