"""From adjoints of events back to the input that they came from: a matrix product in an order that never changes.

A library's product may split its sums over threads, and its last bits would depend on how many there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from arcana.engine.fused_cpu.code import Code, i64

ARGUMENTS = (
    "events",
    "W_back",
    "X",
    "feeds",
    "rows",
    "x_rows",
    "segment",
    "steps",
    "begin",
    "now",
    "n",
    "n_in",
    "columns",
)
UNIT = ("row", "row_end")
TOGETHER = 4  # steps of the series that use a row of weights while it is in registers


@dataclass(frozen=True)
class ProjectSpec:
    """One compiled kernel: "float" or "double", lanes worked on together, whether the last are partly used."""

    kind: str
    width: int
    ragged: bool


def project_kernel(spec: ProjectSpec) -> str:
    """LLVM's text of a kernel for the rows of a unit.

        X[x, begin + t] = sum over chips, receptors r of events[r, chip x_rows + x, t] @ W_back[r]

    with events (feeds, rows, segment, n), of which ``now`` steps count; W_back (feeds, n, columns);
    X (x_rows, steps, n_in).
    """
    f = Code(spec.kind, spec.width, spec.ragged, ARGUMENTS, UNIT)
    whole = f.b.mul(f.b.sdiv(f.arg["now"], i64(TOGETHER)), i64(TOGETHER))
    with f.loop(f.arg["row"], f.arg["row_end"]) as row:
        with f.loop(i64(0), whole, i64(TOGETHER)) as t:
            _tile(f, row, t, TOGETHER)
        with f.loop(whole, f.arg["now"]) as t:
            _tile(f, row, t, 1)
    return f.finish()


def _tile(f: Code, row: Any, t: Any, steps: int) -> None:
    b, lanes = f.b, f.lanes
    with f.loop(i64(0), f.arg["columns"], i64(f.width)) as column:
        totals = [f.variable(lanes.type) for _ in range(steps)]
        for total in totals:
            b.store(lanes.const(0.0), total)
        with f.loop(row, f.arg["rows"], f.arg["x_rows"]) as source, f.loop(i64(0), f.arg["feeds"]) as feed:
            line = b.add(b.mul(feed, f.arg["rows"]), source)
            start = b.mul(b.add(b.mul(line, f.arg["segment"]), t), f.arg["n"])
            with f.loop(i64(0), f.arg["n"]) as j:
                place = b.mul(b.add(b.mul(feed, f.arg["n"]), j), f.arg["columns"])
                weight = f.load_fixed(f.at("W_back", b.add(place, column)))
                for i, total in enumerate(totals):
                    offset = b.add(b.add(start, b.mul(i64(i), f.arg["n"])), j)
                    share = lanes.spread(f.read(f.at("events", offset)))
                    b.store(lanes.fma(share, weight, b.load(total, typ=lanes.type)), total)
        for i, total in enumerate(totals):
            step = b.add(b.add(f.arg["begin"], t), i64(i))
            place = b.mul(b.add(b.mul(row, f.arg["steps"]), step), f.arg["n_in"])
            address = f.at("X", b.add(place, column))
            f.store_part(b.load(total, typ=lanes.type), address, column, "n_in")
