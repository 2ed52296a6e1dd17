"""A recurrent network of rates over a whole sequence: what its two kernels share.

The equations are those of ``arcana.networks.brnn.loop``. Rows of a batch are worked on one by one in the same
order of operations whichever others there are, so that a row's numbers do not depend on its company. Time is the
first axis; series of what is carried along (V, R, U, X) begin with the state before the first step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from llvmlite import binding

from arcana.engine.fused_cpu.code import Code, i64

UNIT = ("row", "row_end")
UNIT_ROWS = 64  # most rows of a unit: their sums stay in the cache
FIXED = ("z", "z_x", "left", "rest", "keep", "U", "z_u")  # constants of the units, (7, padded)
NUMBERS = ("dt", "scale", "per_scale")


@dataclass(frozen=True)
class RecurrentSpec:
    """One compiled kernel.

    Attributes:
        kind: "float" or "double".
        width: Lanes worked on together.
        tile: Rows that use a row of weights while it is in registers.
        ragged: Whether the last lanes are partly used.
        voltage: Whether the state is a voltage, else a rate.
        rate: Name of the rate function.
        gated: Whether z is a gate, else a constant.
        plastic: Whether synapses are plastic.
        backward: Which of the two kernels.
        watched: Whether there are adjoints of z, u and x.
    """

    kind: str
    width: int
    tile: int
    ragged: bool
    voltage: bool
    rate: str
    gated: bool
    plastic: bool
    backward: bool = False
    watched: bool = False


def tile_of(size: int) -> tuple[int, int]:
    """Lanes and rows for numbers of ``size`` bytes: two sums for each row fit the registers of this machine."""
    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        return 64 // size, 8
    return (32 // size, 6) if features.get("avx") else (16 // size, 6)


class Factor(NamedTuple):
    """Rows (batch, n) of a series at a step, times a matrix packed in panels (padded / width, n, width)."""

    series: str
    step: Any
    panels: str


class Recurrent(Code):
    """A kernel over all steps."""

    def __init__(self, spec: RecurrentSpec, arguments: Sequence[str]) -> None:
        super().__init__(spec.kind, spec.width, spec.ragged, arguments, UNIT)
        self.spec = spec
        self.number = {
            name: self.lanes.spread(self.read(self.at("numbers", i64(i)))) for i, name in enumerate(NUMBERS)
        }

    def each_row(self) -> Any:
        """Loop over the unit's rows."""
        return self.loop(self.arg["row"], self.arg["row_end"])

    def each_column(self) -> Any:
        """Loop over the units of the network, ``width`` at a time."""
        return self.loop(i64(0), self.arg["padded"], i64(self.width))

    def fixed(self, name: str, lane: Any) -> Any:
        """A constant of the units."""
        row = self.b.mul(i64(FIXED.index(name)), self.arg["padded"])
        return self.load_fixed(self.at("fixed", self.b.add(row, lane)))

    def place(self, series: str, step: Any, row: Any, lane: Any) -> Any:
        """Address in a series (steps, batch, n)."""
        row = self.b.add(self.b.mul(step, self.arg["batch"]), row)
        return self.at(series, self.b.add(self.b.mul(row, self.arg["n"]), lane))

    def get(self, series: str, step: Any, row: Any, lane: Any) -> Any:
        """Read from a series."""
        return self.load_part(self.place(series, step, row, lane), lane)

    def put(self, value: Any, series: str, step: Any, row: Any, lane: Any) -> None:
        """Write to a series."""
        self.store_part(value, self.place(series, step, row, lane), lane)

    def less(self, a: Any, b: Any, c: Any) -> Any:
        """C - a b, rounded once."""
        return self.lanes.fma(self.b.fneg(a), b, c)

    # ------------------------------------------------------------------ products

    def products(self, factors: Sequence[Factor], lane: Any) -> None:
        """Products of all rows of the unit for a column, into scratch; see ``product``."""
        rows, tile = self.b.sub(self.arg["row_end"], self.arg["row"]), i64(self.spec.tile)
        whole = self.b.add(self.arg["row"], self.b.mul(self.b.sdiv(rows, tile), tile))
        with self.loop(self.arg["row"], whole, tile) as row:
            self._tile(factors, row, self.spec.tile, lane)
        with self.loop(whole, self.arg["row_end"]) as row:
            self._tile(factors, row, 1, lane)

    def product(self, number: int, row: Any) -> Any:
        """What ``products`` found for a factor and a row."""
        return self.load(self._kept(number, row))

    def _kept(self, number: int, row: Any) -> Any:
        place = self.b.add(i64(number * UNIT_ROWS), self.b.sub(row, self.arg["row"]))
        return self.b.gep(self.scratch, [place], source_etype=self.lanes.type)

    def _tile(self, factors: Sequence[Factor], row: Any, rows: int, lane: Any) -> None:
        """Sums stay in registers; each is made in the order of k, in a tile of any size."""
        b, lanes = self.b, self.lanes
        each = [b.add(row, i64(i)) for i in range(rows)]
        starts = {f.series: [self.place(f.series, f.step, one, i64(0)) for one in each] for f in factors}
        panels = [self.at(f.panels, b.mul(lane, self.arg["n"])) for f in factors]
        totals = [[self.variable(lanes.type) for _ in range(rows)] for _ in factors]
        for total in (total for of_factor in totals for total in of_factor):
            b.store(lanes.const(0.0), total)
        with self.loop(i64(0), self.arg["n"]) as k:
            weights = [self.load_fixed(b.gep(panel, [k], source_etype=lanes.type)) for panel in panels]
            for i in range(rows):
                given = {name: self._spread(at[i], k) for name, at in starts.items()}
                for f, weight, total in zip(factors, weights, totals, strict=True):
                    so_far = b.load(total[i], typ=lanes.type)
                    b.store(lanes.fma(given[f.series], weight, so_far), total[i])
        for number, of_factor in enumerate(totals):
            for one, total in zip(each, of_factor, strict=True):
                self.store(b.load(total, typ=lanes.type), self._kept(number, one))

    def _spread(self, start: Any, k: Any) -> Any:
        return self.lanes.spread(self.read(self.b.gep(start, [k], source_etype=self.lanes.p.type)))


def scratch_bytes(spec: RecurrentSpec) -> int:
    """Memory for the sums of a unit."""
    return 2 * UNIT_ROWS * spec.width * (8 if spec.kind == "double" else 4)


def unit_rows(spec: RecurrentSpec, batch: int, threads: int) -> int:
    """Rows of a unit of work, in whole tiles."""
    share = -(-batch // (threads * spec.tile)) * spec.tile
    return max(1, min(share, UNIT_ROWS // spec.tile * spec.tile))
