"""The handful of functions that ``circuits.equations`` is written over, bound to torch."""

from __future__ import annotations

from typing import TypeAlias

import torch

Value: TypeAlias = torch.Tensor

exp = torch.exp
log = torch.log
sigmoid = torch.sigmoid
where = torch.where


def at_least(value: Value, low: float | Value) -> Value:
    """max(value, low); passes the gradient at equality."""
    return torch.clamp(value, min=low)  # type: ignore[call-overload,no-any-return]


def at_most(value: Value, high: float | Value) -> Value:
    """min(value, high); passes the gradient at equality."""
    return torch.clamp(value, max=high)  # type: ignore[call-overload,no-any-return]
