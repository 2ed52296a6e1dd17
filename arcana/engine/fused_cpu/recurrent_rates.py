"""Rate functions and their slopes on lanes, as close to torch's as rounding lets them be."""

from __future__ import annotations

import math
from typing import Any

from arcana.engine.fused_cpu.vector import Lanes

SOFTPLUS_LINEAR = 20.0  # above it, torch's softplus is its argument
LN2_REST = 2.3190468138462996e-17  # of ln 2, beyond double precision


def rate(lanes: Lanes, name: str, x: Any) -> Any:
    """phi(x)."""
    if name == "relu":
        return lanes.b.select(lanes.b.fcmp_ordered("<", x, lanes.const(0.0)), lanes.const(0.0), x)
    if name == "tanh":
        return _tanh(lanes, x)
    return _softplus(lanes, x) if name == "softplus" else sigmoid(lanes, x)


def slope(lanes: Lanes, name: str, x: Any, r: Any) -> Any:
    """phi'(x), from x and r = phi(x)."""
    b, one = lanes.b, lanes.const(1.0)
    if name == "relu":
        return b.select(b.fcmp_ordered(">", x, lanes.const(0.0)), one, lanes.const(0.0))
    if name == "tanh":
        return lanes.fma(b.fneg(r), r, one)
    return sigmoid(lanes, x) if name == "softplus" else b.fmul(r, b.fsub(one, r))


def sigmoid(lanes: Lanes, x: Any) -> Any:
    """1 / (1 + exp -x), exactly 0 where exp -x would overflow."""
    b, one = lanes.b, lanes.const(1.0)
    value = b.fdiv(one, b.fadd(one, _exp(lanes, b.fneg(x))))
    return _or_nan(lanes, x, b.select(_below(lanes, x, -lanes.p.exp_range[1]), lanes.const(0.0), value))


def _below(lanes: Lanes, x: Any, bound: float) -> Any:
    return lanes.b.fcmp_ordered("<", x, lanes.const(bound))


def _or_nan(lanes: Lanes, x: Any, value: Any) -> Any:
    """NaN where x is NaN: an exponent is put together from bits, and would not show it."""
    return lanes.b.select(lanes.b.fcmp_unordered("uno", x, x), x, value)


def _tanh(lanes: Lanes, x: Any) -> Any:
    """-e / (2 + e) with e = exp(-2 |x|) - 1, with the sign of x."""
    b = lanes.b
    power, more = _parts(lanes, b.fmul(lanes.const(-2.0), lanes.intrinsic("fabs", x)))
    e = lanes.fma(power, more, b.fsub(power, lanes.const(1.0)))
    value = b.fdiv(b.fneg(e), b.fadd(lanes.const(2.0), e))
    return _or_nan(lanes, x, lanes.intrinsic("copysign", value, x))


def _softplus(lanes: Lanes, x: Any) -> Any:
    """max(x, 0) + log(1 + exp -|x|); x itself where it is large, as torch has it."""
    b, zero, one = lanes.b, lanes.const(0.0), lanes.const(1.0)
    below = b.fneg(lanes.intrinsic("fabs", x))
    y = b.select(_below(lanes, below, lanes.p.exp_range[0]), zero, _exp(lanes, below))
    u = b.fadd(one, y)
    lost = b.fsub(y, b.fsub(u, one))  # by rounding u; it is all of y where y is small
    value = b.fadd(lanes.larger(x, zero), b.fadd(lanes.log(u), b.fdiv(lost, u)))
    return _or_nan(lanes, x, b.select(b.fcmp_ordered(">", x, lanes.const(SOFTPLUS_LINEAR)), x, value))


def _exp(lanes: Lanes, x: Any) -> Any:
    power, more = _parts(lanes, x)
    return lanes.fma(power, more, power)


def _parts(lanes: Lanes, x: Any) -> tuple[Any, Any]:
    """2^n and exp r - 1, with n = round(x / ln 2) and r = x - n ln 2, for x limited to ``exp_range``.

    ln 2 comes in two parts: that of ``Lanes.exp`` is off by 2 units of the last place where x is -80.
    """
    p, b, x = lanes.p, lanes.b, lanes.limited(x)
    magic = lanes.const(1.5 * 2.0**p.mantissa)  # rounds to a whole number, and leaves it in the low bits
    shifted = lanes.fma(x, lanes.const(1.0 / math.log(2)), magic)
    n = b.fsub(shifted, magic)
    bits = 32 if p.name == "double" else 12  # so few that n times the first part is exact
    high = math.ldexp(round(math.ldexp(math.log(2), bits)), -bits)
    low = (math.log(2) - high) + LN2_REST
    r = lanes.fma(n, lanes.const(-low), lanes.fma(n, lanes.const(-high), x))
    exponent = b.shl(b.bitcast(shifted, lanes.ints), lanes.whole(p.mantissa))
    power = b.bitcast(b.add(b.bitcast(lanes.const(1.0), lanes.ints), exponent), lanes.type)
    return power, b.fmul(r, lanes.polynomial(r, p.exp_series[1:]))
