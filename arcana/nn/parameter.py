"""Biases as parameters: stored as ln(I / I0), so that every value is legal and one learning rate serves all.

ln(I / I0) is the gate voltage of the bias in units of Ut / kappa: a current cannot become negative, mismatch is
an addition, and float32 resolves it to a millionth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from arcana.circuits.names import BIASES
from arcana.circuits.technology import Technology
from arcana.errors import Problems, unknown_name
from arcana.typing import Tensor


def unit_of(name: str, technology: Technology) -> float:
    """What a bias is divided by before the logarithm: I0 for a current, 1 for a time or an inverse current."""
    return technology.I0 if BIASES[name].unit == "A" else 1.0


def within(raw: Tensor, low: float | Tensor, high: float | Tensor) -> Tensor:
    """Ln(I / I0) within its limits; a bias of 0 (-inf) is a part that is switched off, not a current below them."""
    return torch.where(raw == -math.inf, raw, torch.clamp(raw, low, high))  # type: ignore[arg-type]


class BiasParameter(nn.Parameter):
    """The logarithm of a bias, with the limits [low, high] that the bias generator sets (also as logarithms).

    The limits belong to the parameter, not to a registry, so that ``UpdateParams`` finds them through any
    optimizer; they survive ``deepcopy``, ``pickle`` and ``.to(...)``.
    """

    low: float
    high: float

    def __new__(
        cls, data: Tensor, requires_grad: bool = False, low: float = -math.inf, high: float = math.inf
    ) -> BiasParameter:
        """Wrap the logarithm of a bias."""
        self = super().__new__(cls, data, requires_grad)
        self.low, self.high = low, high
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> BiasParameter:
        if id(self) not in memo:
            memo[id(self)] = BiasParameter(self.data.clone(), self.requires_grad, self.low, self.high)
        return memo[id(self)]  # type: ignore[no-any-return]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return BiasParameter, (self.data, self.requires_grad, self.low, self.high)


class CountParameter(nn.Parameter):
    """Synapse counts (float while training); ``UpdateParams`` keeps them at or above zero."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return CountParameter, (self.data, self.requires_grad)


def read_biases(given: Mapping[str, Any], n_out: int, groups: int | None, problems: Problems) -> dict[str, Tensor]:
    """The values of the biases as float64 tensors of shape (), (n_out,) or (groups,); all problems are noted."""
    values: dict[str, Tensor] = {}
    for name, raw in given.items():
        if name not in BIASES:
            problems.append(unknown_name("bias", name, BIASES))
            continue
        if raw is None and name in ("pulse", "pulse_ahp"):
            continue
        value = read_bias(name, raw, n_out, groups, problems)
        if value is not None:
            values[name] = value
    return values


def read_bias(name: str, raw: Any, n_out: int, groups: int | None, problems: Problems) -> Tensor | None:
    """One bias; None if it was refused."""
    unit, _, zero_allowed = BIASES[name]
    allowed = f"a finite number {'>= 0' if zero_allowed else '> 0'}"
    try:
        value = torch.as_tensor(raw, dtype=torch.float64).detach().clone()
    except (TypeError, ValueError, RuntimeError):
        problems.note(name, raw, allowed, unit)
        return None
    wrong = ~torch.isfinite(value) | (value < 0 if zero_allowed else value <= 0)
    if wrong.any():
        problems.note(name, raw if value.ndim == 0 else value[wrong][0].item(), allowed, unit)
        return None
    count = n_out if groups is None else groups
    if value.ndim > 0 and value.shape != (count,):
        what = "neurons" if groups is None else "bias groups"
        problems.note(name, tuple(value.shape), f"one value, or one for each of the {count} {what}", "(shape)")
        return None
    return value


@torch.no_grad()
def keep_legal(parameter: Tensor) -> None:
    """Put a parameter back into what a chip can hold: biases into their range, counts to >= 0."""
    if isinstance(parameter, BiasParameter):
        parameter.clamp_(parameter.low, parameter.high)
    elif isinstance(parameter, CountParameter):
        parameter.clamp_(min=0)


def UpdateParams(optimizer: torch.optim.Optimizer, args: Any = None, kwargs: Any = None) -> None:
    """Keep every bias in the bias generator's range and every synapse count at or above zero after a step.

    Use it as ``optimizer.register_step_post_hook(UpdateParams)``, or call it after ``optimizer.step()``.
    """
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            keep_legal(parameter)
