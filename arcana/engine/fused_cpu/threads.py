"""Sharing the work out to threads, in pieces such that the results depend on the sizes alone."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from arcana.engine.compiled.pack import Shape
from arcana.engine.fused_cpu.compile import Kernel
from arcana.engine.fused_cpu.compile import kernel as compiled
from arcana.engine.fused_cpu.memory import LINE
from arcana.engine.fused_cpu.team import ShareSpec, Words, run_team

MOST_LANES = 256  # of a piece: its state and history stay in the processor's cache
FEWEST_LANES = 64
PIECES = 32  # aimed at: enough for several threads to end at about the same time
GROUP_BYTES = 1 << 26  # most memory for the separate sums of the weights' adjoints


class Piece(NamedTuple):
    """Some rows and some lanes of each; ``group`` counts the pieces' ranges of rows."""

    row: int
    row_end: int
    lane: int
    lane_end: int
    group: int


def pieces(s: Shape, width: int, whole_rows: bool, weight_bytes: int = 0) -> list[Piece]:
    """Cut a run into pieces of work that do not depend on each other.

    Lanes never meet in a sum, so that they may be cut by the number of threads; rows do (in the adjoints of the
    weights), and are cut by the sizes alone.

    Args:
        s: Sizes of the run.
        width: Lanes that are worked on together.
        whole_rows: Whether the neurons of a row listen to each other.
        weight_bytes: Memory that each group of rows needs for adjoints of the weights.
    """
    groups = min(s.rows, max(1, PIECES * MOST_LANES // s.padded))
    if weight_bytes:
        groups = min(groups, max(1, GROUP_BYTES // weight_bytes))
    lanes, threads = s.padded if whole_rows else MOST_LANES, torch.get_num_threads()
    if not whole_rows and threads > 1:
        while lanes > max(FEWEST_LANES, width) and groups * -(-s.padded // lanes) < 4 * threads:
            lanes //= 2
    starts = range(0, s.padded, lanes)
    edges = [s.rows * g // groups for g in range(groups + 1)]
    return [
        Piece(edges[g], edges[g + 1], lane, min(lane + lanes, s.padded), g)
        for lane in starts
        for g in range(groups)
    ]


def run_all(kernel: Kernel, arguments: Words, units: Sequence[Words], scratch_bytes: int = 0) -> None:
    """Call the kernel on every unit, on as many threads as torch is set to use; each has some scratch."""
    threads = min(torch.get_num_threads(), len(units))
    scratch = np.empty((threads, -(-scratch_bytes // LINE) * LINE), np.uint8)
    if threads > 1:
        address = ctypes.cast(kernel, ctypes.c_void_p).value or 0  # type: ignore[arg-type]
        run_team(compiled(ShareSpec()), address, arguments, np.stack(units), scratch)
        return
    for unit in units:
        kernel(arguments.ctypes.data, unit.ctypes.data, scratch.ctypes.data)


def words(values: Sequence[int]) -> Words:
    """Arguments as the kernels read them."""
    return np.array(values, dtype=np.int64)


def address(array: NDArray[Any] | torch.Tensor | None) -> int:
    """Where an array lies in memory; 0 for None."""
    if array is None:
        return 0
    return array.data_ptr() if isinstance(array, torch.Tensor) else ctypes.c_void_p(array.ctypes.data).value or 0
