"""Numbers that a user may hand over as tensors or as NumPy's arrays."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from arcana.typing import Tensor

Array: TypeAlias = Tensor | NDArray[Any]


def tensor_of(value: Any) -> Any:
    """Arrays of numbers as tensors; anything else as it is, for the checks."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
        return value
    return torch.from_numpy(np.require(value, value.dtype.newbyteorder("="), ["C", "W"]))
