"""Transfer functions of rate units by name: phi(current, threshold) -> rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import torch

from arcana.typing import Tensor

Transfer: TypeAlias = Callable[[Tensor, Tensor], Tensor]


def threshold_linear(x: Tensor, threshold: Tensor) -> Tensor:
    """max(x, 0): threshold-linear, with its threshold at 0 as the balanced-state literature has it."""
    return torch.relu(x)


def shifted_linear(x: Tensor, threshold: Tensor) -> Tensor:
    """max(x - threshold, 0)."""
    return torch.relu(x - threshold)


def sigmoid(x: Tensor, threshold: Tensor) -> Tensor:
    """Threshold / 2 (1 + erf(x / sqrt 2)): a Gaussian sigmoid that saturates at the threshold."""
    return 0.5 * threshold * (1 + torch.erf(x / math.sqrt(2)))


def erf(x: Tensor, threshold: Tensor) -> Tensor:
    """The error function of x / threshold above 0, else 0: linear at first, saturates at 1."""
    return torch.relu(torch.erf(x / threshold))


def logistic(x: Tensor, threshold: Tensor) -> Tensor:
    """1 / (1 + exp(-(x - threshold)))."""
    return torch.sigmoid(x - threshold)


def brunel_2003(x: Tensor, threshold: Tensor) -> Tensor:
    """0 below 0, x^2 up to 1, sqrt(4 x - 3) above; x is in units of the threshold.

    N. Brunel, "Dynamics and plasticity of stimulus-selective persistent activity in cortical network models",
    Cereb. Cortex 13:1151 (2003).
    """
    x = x / threshold
    above = torch.sqrt(torch.clamp(4 * x - 3, min=1.0))
    return torch.where(x > 1, above, torch.relu(x).square())


TRANSFERS: dict[str, Transfer] = {
    f.__name__: f for f in (threshold_linear, shifted_linear, sigmoid, erf, logistic, brunel_2003)
}
