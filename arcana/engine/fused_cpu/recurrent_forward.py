"""The forward kernel of a recurrent network of rates."""

from __future__ import annotations

from typing import Any

from arcana.engine.fused_cpu.code import i64
from arcana.engine.fused_cpu.recurrent import Factor, Recurrent, RecurrentSpec
from arcana.engine.fused_cpu.recurrent_rates import rate, sigmoid

# Series (steps, batch, n): A, G, Z, the drive D of rates, what passes plastic synapses S; with one more row at the
# start: V of voltages, R, U, X. W and K in panels of their transposes
ARGUMENTS = (
    "A", "G", "W", "K", "V", "R", "Z", "D", "U", "X", "S", "fixed", "numbers", "batch", "n", "padded", "steps",
)  # fmt: skip


def recurrent_forward(spec: RecurrentSpec) -> str:
    """LLVM's text of a kernel for all steps of the rows of a unit; V or R, U and X are given for the start."""
    f = Recurrent(spec, ARGUMENTS)
    if spec.voltage:
        with f.each_column() as lane, f.each_row() as row:
            r = rate(f.lanes, spec.rate, f.get("V", i64(0), row, lane))
            f.put(r, "R", i64(0), row, lane)
    with f.loop(i64(0), f.arg["steps"]) as t:
        if spec.plastic:
            with f.each_column() as lane, f.each_row() as row:
                _synapses(f, t, row, lane)
        factors = [Factor("S" if spec.plastic else "R", t, "W")]
        if spec.gated:
            factors.append(Factor("R", t, "K"))
        with f.each_column() as lane:
            f.products(factors, lane)
            with f.each_row() as row:
                _step(f, t, row, lane)
    return f.finish()


def _synapses(f: Recurrent, t: Any, row: Any, lane: Any) -> None:
    """U, x and what arrives, for the rates of the step before."""
    b, lanes, after = f.b, f.lanes, f.b.add(t, i64(1))
    u, x, r = (f.get(name, t, row, lane) for name in ("U", "X", "R"))
    z_x, left, rest, keep, U = (f.fixed(name, lane) for name in ("z_x", "left", "rest", "keep", "U"))
    x_after = lanes.larger(f.less(b.fmul(u, x), r, lanes.fma(x, left, z_x)), lanes.const(0.0))
    more = b.fmul(U, r)
    raw = f.less(more, u, b.fadd(lanes.fma(u, keep, rest), more))
    u_after = lanes.smaller(lanes.larger(raw, U), lanes.const(1.0))
    f.put(x_after, "X", after, row, lane)
    f.put(u_after, "U", after, row, lane)
    f.put(b.fmul(b.fmul(u_after, x_after), r), "S", t, row, lane)


def _step(f: Recurrent, t: Any, row: Any, lane: Any) -> None:
    b, lanes, spec, after = f.b, f.lanes, f.spec, f.b.add(t, i64(1))
    drive = b.fadd(f.get("A", t, row, lane), f.product(0, row))
    if spec.gated:
        z = b.fmul(sigmoid(lanes, b.fadd(f.get("G", t, row, lane), f.product(1, row))), f.number["scale"])
        f.put(z, "Z", t, row, lane)
    else:
        z = f.fixed("z", lane)
    if spec.voltage:
        v = f.get("V", t, row, lane)
        v = lanes.fma(f.number["dt"], drive, f.less(z, v, v))
        f.put(v, "V", after, row, lane)
        f.put(rate(lanes, spec.rate, v), "R", after, row, lane)
        return
    f.put(drive, "D", t, row, lane)
    r, target = f.get("R", t, row, lane), rate(lanes, spec.rate, drive)
    way = b.fsub(target, r)
    # From the nearer end, so that z = 1 gives the target itself
    near, far = lanes.fma(z, way, r), f.less(b.fsub(lanes.const(1.0), z), way, target)
    f.put(b.select(b.fcmp_ordered("<", z, lanes.const(0.5)), near, far), "R", after, row, lane)
