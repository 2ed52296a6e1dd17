"""Type aliases shared by all floors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import torch

Tensor: TypeAlias = torch.Tensor
Surrogate: TypeAlias = Callable[[Tensor], Tensor]
Solver: TypeAlias = Literal["rk4", "heun", "euler"]
Receptor: TypeAlias = Literal["ampa", "nmda", "gabaa", "gabab"]
