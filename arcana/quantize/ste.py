"""Rounding that lets gradients through."""

from __future__ import annotations

from typing import Any

import torch

from arcana.typing import Tensor


class Round(torch.autograd.Function):
    """Nearest whole number forward (halves to even), identity backward: the straight-through estimator.

    Bengio et al., arXiv 1308.3432. ``Round.apply(x)``; works under ``torch.func`` transforms.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        """round(x)."""
        return torch.round(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        """Nothing is kept: the backward pass is the identity."""

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        """The gradient, unchanged."""
        return grad


class StraightThrough(torch.autograd.Function):
    """``StraightThrough.apply(x, y)`` is y forward and passes the gradient to x, unchanged."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, y: Tensor) -> Tensor:
        """Y, whatever x is."""
        return y.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        """Nothing is kept: the backward pass is the identity."""

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        """The gradient, to x only."""
        return grad, None


def straight_round(x: Tensor) -> Tensor:
    """Nearest whole number; the gradient passes unchanged."""
    return Round.apply(x)  # type: ignore[no-untyped-call,no-any-return]


def straight_through(x: Tensor, y: Tensor) -> Tensor:
    """The value of y with the gradient of x."""
    return StraightThrough.apply(x, y.detach())  # type: ignore[no-untyped-call,no-any-return]
