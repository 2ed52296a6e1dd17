"""New arrays for the kernels, in memory that is warm if there is any.

The first touch of a page of fresh memory can cost more than the kernel's work on it, and torch gives large blocks
back to the system as soon as they are free. So some of the last ones are kept, and used again once nobody holds
them.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
LINE = 64  # bytes of a cache line
WORTH_KEEPING = 1 << 20  # bytes of the smallest block that is kept
MOST_KEPT = 1 << 28  # bytes of all blocks that are kept though nobody may hold them

_lock = threading.Lock()
_kept: list[tuple[Bytes, weakref.ref[Bytes]]] = []  # a block, and the part of it that was given out


def aligned(shape: Sequence[int], kind: type[np.floating[Any]]) -> torch.Tensor:
    """A new array at the start of a cache line; what is in it is left over.

    Made by numpy, which asks for large pages.
    """
    size = math.prod(shape) * np.dtype(kind).itemsize
    part = _part(np.empty(size + LINE, np.uint8), size) if size < WORTH_KEEPING else _kept_part(size)
    return torch.from_numpy(part).view(torch.float64 if kind is np.float64 else torch.float32).view(*shape)


def _part(block: Bytes, size: int) -> Bytes:
    start = -block.ctypes.data % LINE
    return block[start : start + size]


def _kept_part(size: int) -> Bytes:
    """Part of a block that is kept: torch holds the part for as long as any tensor of it lives."""
    with _lock:
        found = [i for i, (block, held) in enumerate(_kept) if held() is None and block.size == size + LINE]
        block = _kept.pop(found[-1])[0] if found else np.empty(size + LINE, np.uint8)
        part = _part(block, size)
        _kept.append((block, weakref.ref(part)))
        while sum(block.size for block, _ in _kept) > MOST_KEPT and len(_kept) > 1:
            del _kept[0]  # the oldest; who holds a part of it goes on holding it
    return part
