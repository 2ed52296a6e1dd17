"""The handful of functions that ``circuits.equations`` is written over, bound to torch."""

from __future__ import annotations

from typing import TypeAlias

import torch

Value: TypeAlias = torch.Tensor

exp = torch.exp
log = torch.log
sigmoid = torch.sigmoid
sqrt = torch.sqrt
where = torch.where


def at_least(value: Value, low: Value) -> Value:
    """max(value, low); passes the gradient at equality."""
    return torch.clamp(value, min=low)


def between(value: Value, low: Value, high: Value) -> Value:
    """min(max(value, low), high); passes the gradient at equality."""
    return torch.clamp(value, low, high)


def exp_of_rare(value: Value, factor: Value) -> Value:
    """exp(value factor), where ``value`` is exactly 0 nearly always: compiled kernels then skip the work."""
    return torch.exp(value * factor)
