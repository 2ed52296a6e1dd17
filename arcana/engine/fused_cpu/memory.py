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
_kept: list[tuple[Bytes, weakref.ref[NDArray[Any]]]] = []  # a block, and the part of it that was given out


def aligned(shape: Sequence[int], kind: type[np.floating[Any]]) -> torch.Tensor:
    """A new array at the start of a cache line; what is in it is left over.

    Made by numpy, which asks for large pages.
    """
    size = math.prod(shape) * np.dtype(kind).itemsize + LINE
    if size < WORTH_KEEPING:
        return torch.from_numpy(_part(np.empty(size, np.uint8), shape, kind))
    with _lock:
        free = [i for i, (block, held) in enumerate(_kept) if held() is None and block.size == size]
        block = _kept.pop(free[-1])[0] if free else np.empty(size, np.uint8)
        part = _part(block, shape, kind)
        # torch holds this very array for as long as any tensor of it lives
        _kept.append((block, weakref.ref(part)))
        while sum(block.size for block, _ in _kept) > MOST_KEPT and len(_kept) > 1:
            del _kept[0]  # the oldest; who holds a part of it goes on holding it
    return torch.from_numpy(part)


def _part(block: Bytes, shape: Sequence[int], kind: type[np.floating[Any]]) -> NDArray[Any]:
    start = -block.ctypes.data % LINE
    return block[start : start + block.size - LINE].view(kind).reshape(shape)
