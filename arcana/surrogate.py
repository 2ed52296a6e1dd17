"""Spikes that can be differentiated: a step forward, a smooth slope backward.

All take the dimensionless distance to threshold of the neuron,

    u = ln(Imem / Ith) / ln(Ith / I0),

which is linear in the membrane voltage: -1 at rest, 0 at threshold. The slope at threshold is 1, so that a reset
(which subtracts the whole voltage) passes gradients on with a factor between -1 and 1 and cannot blow them up.
The fast sigmoid at rest has 1 / (1 + 32)^2 = 9e-4 of its peak: small enough that a silent neuron is not thrown
about, large enough (a heavy tail, not an exponential one) that it still learns to fire.
"""

from __future__ import annotations

from typing import Any

import torch

from arcana.typing import Tensor

SLOPE = 32.0


class Surrogate(torch.autograd.Function):
    """Base: forward is the Heaviside step (u >= 0), backward multiplies by ``pseudo_derivative(u)``.

    Written in the ``setup_context`` form, so that it works under ``torch.func`` transforms.
    """

    generate_vmap_rule = True

    @staticmethod
    def pseudo_derivative(u: Tensor) -> Tensor:
        """The slope used in the backward pass, as a function of the distance to threshold."""
        raise TypeError("use one of the surrogates: FastSigmoid, Triangular, Step, STE")

    @staticmethod
    def forward(u: Tensor) -> Tensor:
        """1 where u >= 0, else 0, in the dtype of ``u``."""
        return (u >= 0).to(u.dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        """Keep the distance for the backward pass."""
        ctx.save_for_backward(inputs[0])

    @classmethod
    def backward(cls, ctx: Any, grad: Tensor) -> Tensor:
        """The incoming gradient times the pseudo-derivative."""
        (u,) = ctx.saved_tensors
        return grad * cls.pseudo_derivative(u)


class FastSigmoid(Surrogate):
    """Slope 1 / (1 + 32 |u|)^2 (Zenke and Ganguli, Neural Comput. 30(6), 2018)."""

    @staticmethod
    def pseudo_derivative(u: Tensor) -> Tensor:
        """1 / (1 + 32 |u|)^2."""
        return (1 + SLOPE * u.abs()).pow(-2)


class Triangular(Surrogate):
    """Slope max(0, 1 - |u|) (Bellec et al., NeurIPS 2018); zero, so no learning, further than 1 away."""

    @staticmethod
    def pseudo_derivative(u: Tensor) -> Tensor:
        """max(0, 1 - |u|)."""
        return (1 - u.abs()).clamp(min=0)


class Step(Surrogate):
    """The true slope of the step: zero everywhere. For evaluating, not for training."""

    @staticmethod
    def pseudo_derivative(u: Tensor) -> Tensor:
        """0."""
        return u * 0


class STE(Surrogate):
    """Straight through: slope 1 everywhere (Bengio et al., arXiv 1308.3432)."""

    @staticmethod
    def pseudo_derivative(u: Tensor) -> Tensor:
        """1."""
        return u * 0 + 1


fast_sigmoid = FastSigmoid.apply
triangular = Triangular.apply
step = Step.apply
ste = STE.apply
