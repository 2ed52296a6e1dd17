"""The backward kernel of a recurrent network of rates, from the last step to the first."""

from __future__ import annotations

from typing import Any

from arcana.engine.fused_cpu.code import i64
from arcana.engine.fused_cpu.recurrent import Factor, Recurrent, RecurrentSpec
from arcana.engine.fused_cpu.recurrent_rates import rate, slope

# What the forward kernel left, W and K in panels, and adjoints: g_state, whose steps and rows lie g_step and g_row
# numbers apart; gZ, gU, gX; those that are found, gA and gG (steps, batch, n)
GIVEN = (
    "W", "K", "V", "R", "Z", "D", "U", "X", "fixed", "numbers", "g_state", "gZ", "gU", "gX", "gA", "gG",
    "batch", "n", "padded", "steps", "g_step", "g_row",
)  # fmt: skip
# (batch, padded), 0 at first but for ``carry``, which begins as the adjoint of the last state: what goes from step
# to step, adjoints of the first state, u and x among it; and the adjoints of constants, for each row
CARRIED = ("carry", "first", "gu", "gx", "by_z", "by_z_x", "by_z_u", "by_U")
ARGUMENTS = (*GIVEN, *CARRIED)


def recurrent_back(spec: RecurrentSpec) -> str:
    """LLVM's text of a kernel for all steps of the rows of a unit."""
    f = Back(spec, ARGUMENTS)
    with f.each_column() as lane, f.each_row() as row:
        last = f.from_outside(f.arg["steps"], row, lane)
        f.step(f.arg["steps"], row, lane, f.b.fadd(f.carried("carry", row, lane), last))
    factors = [("gA", "W"), *([("gG", "K")] if spec.gated else [])]
    with f.loop_down(i64(0), f.arg["steps"]) as t, f.each_column() as lane:
        f.products([Factor(series, t, panels) for series, panels in factors], lane)
        with f.each_row() as row:
            g_r = f.product(0, row)
            if spec.plastic:
                g_r = f.synapses(t, row, lane, g_r)
            if spec.gated:
                g_r = f.b.fadd(g_r, f.product(1, row))
            g = f.of_state(t, row, lane, g_r)
            with f.b.if_else(f.b.icmp_signed(">", t, i64(0))) as (later, start):
                with later:
                    f.step(t, row, lane, f.b.fadd(g, f.from_outside(t, row, lane)))
                with start:
                    f.keep(g, "first", row, lane)
    return f.finish()


class Back(Recurrent):
    """Pieces of a step; ``after`` counts the steps that lead to a state."""

    def carried(self, name: str, row: Any, lane: Any) -> Any:
        """What the step after this one left."""
        return self.load(self._carried_at(name, row, lane))

    def keep(self, value: Any, name: str, row: Any, lane: Any) -> None:
        """Leave it to the step before."""
        self.store(value, self._carried_at(name, row, lane))

    def _carried_at(self, name: str, row: Any, lane: Any) -> Any:
        return self.at(name, self.b.add(self.b.mul(row, self.arg["padded"]), lane))

    def sum_up(self, a: Any, b: Any, name: str, row: Any, lane: Any) -> None:
        """A b more."""
        self.keep(self.lanes.fma(a, b, self.carried(name, row, lane)), name, row, lane)

    def from_outside(self, after: Any, row: Any, lane: Any) -> Any:
        """Adjoint of a state of the series."""
        b = self.b
        step = b.mul(b.sub(after, i64(1)), self.arg["g_step"])
        return self.load_part(self.at("g_state", b.add(b.add(step, b.mul(row, self.arg["g_row"])), lane)), lane)

    def of_state(self, after: Any, row: Any, lane: Any, g_r: Any) -> Any:
        """Adjoint of a state from those of what follows: the state after it, and its rates."""
        carry = self.carried("carry", row, lane)
        if not self.spec.voltage:
            return self.b.fadd(carry, g_r)
        v, r = self.get("V", after, row, lane), self.get("R", after, row, lane)
        return self.lanes.fma(g_r, slope(self.lanes, self.spec.rate, v, r), carry)

    def step(self, after: Any, row: Any, lane: Any, g: Any) -> None:
        """Adjoints of A and G of the step that leads to a state, for that of the state."""
        b, lanes, spec, t = self.b, self.lanes, self.spec, self.b.sub(after, i64(1))
        one = lanes.const(1.0)
        z = self.get("Z", t, row, lane) if spec.gated else self.fixed("z", lane)
        if spec.voltage:
            gA, to_z = b.fmul(g, self.number["dt"]), b.fneg(self.get("V", t, row, lane))
        else:
            drive = self.get("D", t, row, lane)
            target = rate(lanes, spec.rate, drive)
            gA = b.fmul(g, b.fmul(z, slope(lanes, spec.rate, drive, target)))
            to_z = b.fsub(target, self.get("R", t, row, lane))
        self.put(gA, "gA", t, row, lane)
        self.keep(b.fmul(g, b.fsub(one, z)), "carry", row, lane)
        if not spec.gated:
            self.sum_up(g, to_z, "by_z", row, lane)
            return
        gz = b.fmul(g, to_z)
        if spec.watched:
            gz = b.fadd(gz, self.get("gZ", t, row, lane))
        self.put(b.fmul(gz, b.fmul(z, self.less(z, self.number["per_scale"], one))), "gG", t, row, lane)

    def synapses(self, t: Any, row: Any, lane: Any, gs: Any) -> Any:
        """Adjoint of the rates before a step, for that of what arrives behind the synapses."""
        b, lanes, after, one = self.b, self.lanes, self.b.add(t, i64(1)), self.lanes.const(1.0)
        u, x, r = (self.get(name, t, row, lane) for name in ("U", "X", "R"))
        u_after, x_after = (self.get(name, after, row, lane) for name in ("U", "X"))
        z_u, rest, keep, U, left = (self.fixed(name, lane) for name in ("z_u", "rest", "keep", "U", "left"))
        gu = lanes.fma(gs, b.fmul(x_after, r), self.carried("gu", row, lane))
        gx = lanes.fma(gs, b.fmul(u_after, r), self.carried("gx", row, lane))
        if self.spec.watched:
            gu, gx = b.fadd(gu, self.get("gU", t, row, lane)), b.fadd(gx, self.get("gX", t, row, lane))
        gx = b.select(b.fcmp_ordered(">", x_after, lanes.const(0.0)), gx, lanes.const(0.0))
        free = b.fsub(one, u)
        # Rounded as the torch loop rounds it: where u rests at U, rounding alone says whether it is inside
        raw = b.fadd(b.fadd(rest, b.fmul(keep, u)), b.fmul(b.fmul(U, free), r))
        inside = b.and_(b.fcmp_ordered(">=", raw, U), b.fcmp_ordered("<=", raw, one))
        w = b.select(inside, gu, lanes.const(0.0))
        self.keep(lanes.fma(gx, b.fneg(b.fmul(x, r)), b.fmul(w, self.less(U, r, keep))), "gu", row, lane)
        self.keep(b.fmul(gx, self.less(u, r, left)), "gx", row, lane)
        self.sum_up(gx, b.fsub(one, x), "by_z_x", row, lane)
        self.sum_up(w, b.fsub(U, u), "by_z_u", row, lane)
        self.sum_up(w, lanes.fma(free, r, z_u), "by_U", row, lane)
        gr = b.fmul(gs, b.fmul(u_after, x_after))
        return lanes.fma(w, b.fmul(U, free), self.less(gx, b.fmul(u, x), gr))
