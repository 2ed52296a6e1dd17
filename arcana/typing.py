"""Type aliases shared by all floors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch

Tensor: TypeAlias = torch.Tensor
Surrogate: TypeAlias = Callable[[Tensor], Tensor]
