"""Rate functions and the constraints of weights, by name; each rate function with its derivative."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch.nn import functional

from arcana.typing import Tensor


class RateFunction(NamedTuple):
    """Rate r = phi(v).

    Attributes:
        value: phi.
        into: phi written into ``out``.
        slope: phi'(v) from v and r.
    """

    value: Callable[[Tensor], Tensor]
    into: Callable[..., Tensor]
    slope: Callable[[Tensor, Tensor], Tensor]


def _relu_into(v: Tensor, out: Tensor) -> Tensor:
    return torch.clamp(v, min=0, out=out)


def _softplus_into(v: Tensor, out: Tensor) -> Tensor:
    return out.copy_(functional.softplus(v))


RATES: Mapping[str, RateFunction] = {
    "sigmoid": RateFunction(torch.sigmoid, torch.sigmoid, lambda v, r: r * (1 - r)),
    "relu": RateFunction(torch.relu, _relu_into, lambda v, r: (v > 0).to(v)),
    "softplus": RateFunction(functional.softplus, _softplus_into, lambda v, r: torch.sigmoid(v)),
    "tanh": RateFunction(torch.tanh, torch.tanh, lambda v, r: 1 - r * r),
}

# From what is trained to what acts
CONSTRAINTS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "free": lambda raw: raw,
    "relu": torch.relu,
    "softplus": functional.softplus,
    "exp": torch.exp,
    "abs": torch.abs,
}
