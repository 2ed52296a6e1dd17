"""Sums of listed rows: a matrix of 0 and 1 times numbers, from the places of its ones alone.

out[i, lane] = sum over k in [start_i, start_{i+1}) of given[place_k, lane]. Places take 2 bytes where they can, so
that a sparse matrix costs a quarter of the memory traffic of one with 4-byte places and values. The order of a sum
does not depend on the number of lanes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from arcana.engine.fused_cpu.code import Code, i64
from arcana.engine.fused_cpu.vector import I64

ARGUMENTS = ("given", "places", "starts", "out", "lanes")
UNIT = ("row", "row_end")
AT_ONCE = 8  # sums side by side: the next addition need not wait for the last


@dataclass(frozen=True)
class ListedSpec:
    """One compiled kernel.

    Attributes:
        kind: "float" or "double".
        width: Lanes worked on together; ``lanes`` is a multiple of it.
        place_bits: Of a place, 16 or 32, not negative.
    """

    kind: str
    width: int
    place_bits: int


def listed_kernel(spec: ListedSpec) -> str:
    """LLVM's text of a kernel for rows of ``out``; given (n, lanes), out (rows, lanes), starts int64 (rows + 1)."""
    f = Code(spec.kind, spec.width, False, ARGUMENTS, UNIT)
    b, bits = f.b, ir.IntType(spec.place_bits)
    totals = [f.variable(f.lanes.type) for _ in range(AT_ONCE)]

    def start(row: Any) -> Any:
        pointer = b.inttoptr(f.arg["starts"], ir.PointerType())
        return b.load(b.gep(pointer, [row], source_etype=I64), typ=I64)

    def add(k: Any, lane: Any, total: Any) -> None:
        place = b.load(
            b.gep(b.inttoptr(f.arg["places"], ir.PointerType()), [k], source_etype=bits), typ=bits, align=1
        )
        at = b.add(b.mul(b.zext(place, I64), f.arg["lanes"]), lane)
        b.store(b.fadd(b.load(total, typ=f.lanes.type), f.load(f.at("given", at))), total)

    with f.loop(f.arg["row"], f.arg["row_end"]) as row:
        first, last = start(row), start(b.add(row, i64(1)))
        whole = b.add(first, b.mul(b.sdiv(b.sub(last, first), i64(AT_ONCE)), i64(AT_ONCE)))
        with f.loop(i64(0), f.arg["lanes"], i64(spec.width)) as lane:
            for total in totals:
                b.store(f.lanes.const(0.0), total)
            with f.loop(first, whole, i64(AT_ONCE)) as k:
                for j, total in enumerate(totals):
                    add(b.add(k, i64(j)), lane, total)
            with f.loop(whole, last) as k:
                add(k, lane, totals[0])
            sums = [b.load(total, typ=f.lanes.type) for total in totals]
            while len(sums) > 1:
                sums = [b.fadd(x, y) for x, y in zip(sums[::2], sums[1::2], strict=True)]
            f.store(sums[0], f.at("out", b.add(b.mul(row, f.arg["lanes"]), lane)))
    return f.finish()
