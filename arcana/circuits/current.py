"""Currents and gate voltages of subthreshold circuits (Chicca et al., Proc. IEEE 102(9), 2014)."""

from __future__ import annotations

import math
from typing import TypeVar

import torch

from arcana.circuits.technology import Technology
from arcana.errors import BadInput

Number = TypeVar("Number", float, torch.Tensor)


def I2V(current: Number, technology: Technology) -> Number:
    """V = (Ut / kappa) ln(I / I0): gate voltage [V] of a current [A].

    Raises:
        BadInput: for a current that is not positive (a subthreshold current has no voltage at or below zero).
    """
    scale = technology.Ut / technology.kappa
    if isinstance(current, torch.Tensor):
        if not _transformed(current) and not bool((current > 0).all()):
            raise BadInput.one("current", current.min().item(), "> 0", "A")
        return scale * torch.log(current / technology.I0)
    if not current > 0:
        raise BadInput.one("current", current, "> 0", "A")
    return scale * math.log(current / technology.I0)


def V2I(voltage: Number, technology: Technology) -> Number:
    """I = I0 exp(kappa V / Ut): current [A] of a gate voltage [V]; the inverse of ``I2V``."""
    scale = technology.kappa / technology.Ut
    if isinstance(voltage, torch.Tensor):
        return technology.I0 * torch.exp(scale * voltage)
    return technology.I0 * math.exp(scale * voltage)


def _transformed(tensor: torch.Tensor) -> bool:
    """Whether a functional transform (vmap, grad) wraps the tensor, so that its values cannot be inspected."""
    return bool(torch._C._functorch.is_functorch_wrapped_tensor(tensor))
