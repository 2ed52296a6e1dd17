"""Running pieces of work on torch's own threads.

After a parallel operation, torch's OpenMP threads go on spinning for a while, waiting for the next one. Threads of
our own would share the cores with them, and two be slower than one. So the same team is called, where it is
libgomp's (torch for Linux); elsewhere a pool of Python's threads does, which the kernels let run side by side.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from llvmlite import ir
from numpy.typing import NDArray

from arcana.engine.fused_cpu.vector import I64, POINTER

Words: TypeAlias = NDArray[np.int64]
Parallel: TypeAlias = Callable[[int, int, int, int], None]


@dataclass(frozen=True)
class ShareSpec:
    """The function that each thread of a team runs."""


def share_kernel() -> str:
    """LLVM's text of ``kernel(job)``: take the next unit of work and run it, until there is none.

    ``job`` is an array of words: number of the next unit, number of units, address of the kernel, of its arguments,
    of the first unit, bytes of a unit, number of the next thread, address of the threads' scratch, bytes for each.
    """
    module = ir.Module("share")
    f = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER]), "kernel")
    job = f.args[0]
    entry, take, work, done = (f.append_basic_block(name) for name in ("entry", "take", "work", "done"))
    b = ir.IRBuilder(entry)

    def word(index: int) -> Any:
        return b.load(b.gep(job, [ir.Constant(I64, index)], source_etype=I64), typ=I64)

    units, kernel, arguments, first, size, _, memory, own = (word(i) for i in range(1, 9))
    me = b.atomic_rmw("add", b.gep(job, [ir.Constant(I64, 6)], source_etype=I64), ir.Constant(I64, 1), "monotonic")
    scratch = b.inttoptr(b.add(memory, b.mul(me, own)), POINTER)
    b.branch(take)
    b.position_at_end(take)
    number = b.atomic_rmw("add", job, ir.Constant(I64, 1), "monotonic")
    b.cbranch(b.icmp_signed("<", number, units), work, done)
    b.position_at_end(work)
    unit = b.inttoptr(b.add(first, b.mul(number, size)), POINTER)
    signature = ir.FunctionType(ir.VoidType(), [POINTER] * 3)
    b.call(b.inttoptr(kernel, signature.as_pointer()), [b.inttoptr(arguments, POINTER), unit, scratch])
    b.branch(take)
    b.position_at_end(done)
    b.ret_void()
    return str(module)


def run_team(
    share: Callable[[int], None], kernel: int, arguments: Words, units: Words, scratch: NDArray[np.uint8]
) -> None:
    """Run a kernel on every unit.

    Args:
        share: The compiled ``share_kernel``.
        kernel: Address of the kernel.
        arguments: What all units share.
        units: One row for each.
        scratch: One row for each thread that works on them.
    """
    threads, bytes_each = scratch.shape
    job = np.array(
        [0, len(units), kernel, arguments.ctypes.data, units.ctypes.data, units.strides[0],
         0, scratch.ctypes.data, bytes_each]
    )  # fmt: skip
    parallel = _openmp()
    if parallel is not None:
        address = ctypes.cast(share, ctypes.c_void_p).value  # type: ignore[arg-type]
        parallel(address or 0, job.ctypes.data, threads, 0)
    else:
        list(_pool(threads).map(share, [job.ctypes.data] * threads))


@lru_cache
def _openmp() -> Parallel | None:
    """``GOMP_parallel(function, data, threads, flags)`` of the libgomp that torch uses."""
    folder = Path(torch.__file__).parent
    found = sorted((folder / "lib").glob("libgomp*.so*")) + sorted(
        (folder.parent / "torch.libs").glob("libgomp*.so*")
    )
    for library in found:
        try:
            function = ctypes.CDLL(str(library)).GOMP_parallel
        except (OSError, AttributeError):
            continue
        function.restype = None
        function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
        return function
    return None


@lru_cache(maxsize=2)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="arcana")
