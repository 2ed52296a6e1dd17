"""Numbers that a user hands over: as a tensor, an array or a list."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from arcana.errors import BadInput, Problems
from arcana.typing import Tensor

Array: TypeAlias = Tensor | NDArray[Any]
NUMBERS = "a tensor or an array of numbers, on the processor"


def tensor_of(name: str, value: Any, allowed: str = NUMBERS) -> Tensor:
    """The numbers as a dense tensor.

    Args:
        name: What they are called in the message.
        value: What was given.
        allowed: What would have been right.

    Raises:
        BadInput: for what holds no numbers, complex ones, and tensors on other devices.
    """
    found = value if isinstance(value, torch.Tensor) else _from_array(value)
    if found is None or found.is_complex() or found.device.type != "cpu":
        given = f"{value.dtype} on {value.device}" if isinstance(value, torch.Tensor) else type(value).__name__
        raise BadInput.one(name, given, allowed)
    return found if found.layout is torch.strided else found.to_dense()


def _from_array(value: Any) -> Tensor | None:
    try:
        array = np.array(value) if isinstance(value, (list, tuple)) else value
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
            return None
        return torch.from_numpy(np.require(array, array.dtype.newbyteorder("="), ["C", "W"]))
    except (TypeError, ValueError):  # ragged lists, and numbers that torch does not have
        return None


def note_not_finite(name: str, value: Tensor, problems: Problems) -> None:
    """Note the first number that is not finite, and how many there are."""
    wrong = ~torch.isfinite(value)
    if not bool(wrong.any()):
        return
    first = tuple(wrong.nonzero()[0].tolist())
    place = f"[{', '.join(map(str, first))}]" if first else ""
    hint = f"{int(wrong.sum()):,} of {value.numel():,} are not"
    problems.note(f"{name}{place}", float(value[first]), "finite numbers", hint=hint)
