"""Arithmetic on a row of neurons ("lanes") in LLVM's vector types, with its own exp and log."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from llvmlite import ir

I1, I8, I32, I64 = ir.IntType(1), ir.IntType(8), ir.IntType(32), ir.IntType(64)
POINTER = ir.PointerType()


FLOAT_EXP = (
    6  # degree of the polynomial of exp in single precision (even: an odd one has a Chebyshev point at 0 / 0)
)


class Precision:
    """Layout of a floating-point type, and polynomials that are good to its rounding."""

    def __init__(self, name: str) -> None:
        self.name = name
        double = name == "double"
        self.type: Any = ir.DoubleType() if double else ir.FloatType()
        self.bytes = 8 if double else 4
        self.integer: Any = I64 if double else I32
        self.mantissa = 52 if double else 23
        self.exp_range = (-708.0, 709.0) if double else (-87.0, 88.0)
        # In double precision ln 2 in two parts: the first has so few bits that its product with an exponent is
        # exact. In single precision one part is wrong by 2e-9, which times an exponent is still below rounding
        self.ln2_high = math.ldexp(round(math.ldexp(math.log(2), 32)), -32) if double else math.log(2)
        self.ln2_low = math.log(2) - self.ln2_high
        root_half = np.array([math.sqrt(0.5)], np.float64 if double else np.float32)
        self.root_half = int(root_half.view(np.int64 if double else np.int32)[0])
        # exp r = 1 + r g(r), so that exp 0 is exactly 1: a current at the floor has to stay exactly there.
        # log m = 2 atanh s, s = (m - 1) / (m + 1): a series in s^2
        if double:
            self.exp_series = [1.0 / math.factorial(k) for k in range(14)]
            self.log_series = [2.0 / (2 * k + 1) for k in range(11)]
        else:
            half, largest = math.log(2) / 2, ((math.sqrt(2) - 1) / (math.sqrt(2) + 1)) ** 2
            self.exp_series = [1.0, *near_best(lambda r: np.expm1(r) / r, -half, half, FLOAT_EXP - 1)]
            self.log_series = near_best(lambda s: 2 * np.arctanh(np.sqrt(s)) / np.sqrt(s), 1e-9, largest, 3)


@lru_cache
def precision(name: str) -> Precision:
    """The precision called "float" or "double"."""
    return Precision(name)


def near_best(f: Callable[[Any], Any], low: float, high: float, degree: int) -> list[float]:
    """Coefficients, lowest first, of the polynomial through f at the Chebyshev points (near the best possible)."""
    p: Any = np.polynomial.Chebyshev.interpolate(f, degree, domain=[low, high])  # type: ignore[no-untyped-call]
    return [float(a) for a in p.convert(kind=np.polynomial.Polynomial).coef]


class Lanes:
    """Emits operations on ``width`` lanes at the builder's position."""

    def __init__(self, builder: Any, kind: str, width: int) -> None:
        self.b, self.width, self.kind = builder, width, kind
        self.p = precision(kind)
        self.type = ir.VectorType(self.p.type, width)
        self.ints = ir.VectorType(self.p.integer, width)
        self.mask = ir.VectorType(I1, width)

    def const(self, value: float) -> Any:
        """The same number in every lane."""
        return ir.Constant(self.type, [ir.Constant(self.p.type, value)] * self.width)

    def whole(self, value: int) -> Any:
        """The same whole number in every lane."""
        return ir.Constant(self.ints, [ir.Constant(self.p.integer, value)] * self.width)

    def spread(self, scalar: Any) -> Any:
        """A run-time number in every lane."""
        one = self.b.insert_element(ir.Constant(self.type, ir.Undefined), scalar, ir.Constant(I32, 0))
        order = ir.Constant(ir.VectorType(I32, self.width), [ir.Constant(I32, 0)] * self.width)
        return self.b.shuffle_vector(one, ir.Constant(self.type, ir.Undefined), order)

    def intrinsic(self, name: str, *args: Any) -> Any:
        """An LLVM intrinsic on lanes, such as ``fma``."""
        suffix = f"v{self.width}f{8 * self.p.bytes}"
        return self.b.call(declare(self.b, f"llvm.{name}.{suffix}", self.type, [a.type for a in args]), args)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """A b + c, rounded once."""
        return self.intrinsic("fma", a, b, c)

    def polynomial(self, x: Any, coefficients: list[float]) -> Any:
        """By Horner's rule."""
        total = self.const(coefficients[-1])
        for a in reversed(coefficients[:-1]):
            total = self.fma(total, x, self.const(a))
        return total

    def larger(self, a: Any, b: Any) -> Any:
        """max(a, b), in the one instruction that processors have for it."""
        return self.b.select(self.b.fcmp_ordered("<", a, b), b, a)

    def smaller(self, a: Any, b: Any) -> Any:
        """min(a, b)."""
        return self.b.select(self.b.fcmp_ordered(">", a, b), b, a)

    def exp(self, x: Any) -> Any:
        """The exponential 2^n exp r, n = round(x / ln 2), |r| <= ln 2 / 2; x within ``exp_range``."""
        p, b = self.p, self.b
        # Adding 1.5 2^mantissa rounds to the nearest whole number and leaves it in the low bits
        magic = self.const(1.5 * 2.0**p.mantissa)
        shifted = self.fma(x, self.const(1.0 / math.log(2)), magic)
        n = b.fsub(shifted, magic)
        r = self.fma(n, self.const(-p.ln2_high), x)
        if p.ln2_low:
            r = self.fma(n, self.const(-p.ln2_low), r)
        series = self.polynomial(r, p.exp_series)
        exponent = b.shl(b.bitcast(shifted, self.ints), self.whole(p.mantissa))
        return b.bitcast(b.add(b.bitcast(series, self.ints), exponent), self.type)

    def sigmoid(self, x: Any) -> Any:
        """1 / (1 + exp -x), exactly 0 where exp -x would overflow."""
        b, one = self.b, self.const(1.0)
        value = b.fdiv(one, b.fadd(one, self.exp(self.limited(b.fneg(x)))))
        return b.select(b.fcmp_ordered("<", x, self.const(-self.p.exp_range[1])), self.const(0.0), value)

    def limited(self, x: Any) -> Any:
        """An argument for ``exp`` that is within the range of exponents."""
        low, high = self.p.exp_range
        return self.smaller(self.larger(x, self.const(low)), self.const(high))

    def log(self, x: Any) -> Any:
        """The logarithm n ln 2 + log m with m from sqrt(1/2) to sqrt 2, for normal x > 0."""
        p, b = self.p, self.b
        bits = b.bitcast(x, self.ints)
        # Counted from sqrt(1/2), so that the mantissa lies around 1
        offset = b.sub(bits, self.whole(p.root_half))
        n = b.ashr(offset, self.whole(p.mantissa))
        m = b.bitcast(b.sub(bits, b.shl(n, self.whole(p.mantissa))), self.type)
        s = b.fdiv(b.fsub(m, self.const(1.0)), b.fadd(m, self.const(1.0)))
        series = b.fmul(s, self.polynomial(b.fmul(s, s), p.log_series))
        exponent = b.sitofp(n, self.type)
        if p.ln2_low:
            series = self.fma(exponent, self.const(p.ln2_low), series)
        return self.fma(exponent, self.const(p.ln2_high), series)

    def any(self, condition: Any) -> Any:
        """Whether the condition holds in any lane."""
        packed = self.b.bitcast(condition, ir.IntType(self.width))
        return self.b.icmp_unsigned("!=", packed, ir.Constant(ir.IntType(self.width), 0))


def declare(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    """The declaration of an external function in the builder's module, made once."""
    module = builder.module
    if name in module.globals:
        return module.globals[name]
    return ir.Function(module, ir.FunctionType(result, arguments), name)
