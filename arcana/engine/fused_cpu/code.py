"""A kernel under construction: arguments, loops, addresses, rows of lanes. Nothing here knows about neurons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from arcana.engine.fused_cpu.vector import I32, I64, POINTER, Lanes, declare

NAME = "kernel"


class Code:
    """``kernel(arguments, unit, scratch)``: two arrays of 8-byte words, and memory of the thread's own."""

    def __init__(self, kind: str, width: int, ragged: bool, arguments: Sequence[str], unit: Sequence[str]) -> None:
        self.module = ir.Module(NAME)
        void = ir.FunctionType(ir.VoidType(), [POINTER] * 3)
        self.function = ir.Function(self.module, void, NAME)
        self.entry = self.function.append_basic_block("entry")
        body = self.function.append_basic_block("body")
        self.b = ir.IRBuilder(body)
        self._top = ir.IRBuilder(self.entry)
        self.lanes = Lanes(self.b, kind, width)
        self.size, self.width, self.ragged = self.lanes.p.bytes, width, ragged
        *words, self.scratch = self.function.args
        self.arg = {name: self._word(words[0], i) for i, name in enumerate(arguments)}
        self.arg |= {name: self._word(words[1], i) for i, name in enumerate(unit)}
        self.iota = ir.Constant(ir.VectorType(I64, width), [ir.Constant(I64, i) for i in range(width)])

    def finish(self) -> str:
        """Close the function; the text of the module."""
        self.b.ret_void()
        self._top.branch(self.function.basic_blocks[1])
        return str(self.module)

    # ------------------------------------------------------------------ arguments, addresses, memory

    def _word(self, words: Any, index: int) -> Any:
        return self.b.load(self.b.gep(words, [i64(index)], source_etype=I64), typ=I64)

    def address(self, base: Any, index: Any) -> Any:
        """Address of an element, ``base`` an address as a whole number."""
        pointer = self.b.inttoptr(base, POINTER)
        return self.b.gep(pointer, [index], source_etype=self.lanes.p.type)

    def at(self, array: str, index: Any) -> Any:
        """Address of an element of an array."""
        return self.address(self.arg[array], index)

    def read(self, address: Any) -> Any:
        """A number."""
        return self.b.load(address, align=self.size, typ=self.lanes.p.type)

    def load(self, address: Any) -> Any:
        """A row of lanes of an array that is padded."""
        return self.b.load(address, align=self.size, typ=self.lanes.type)

    def load_fixed(self, address: Any) -> Any:
        """The same, for what nobody writes to while the kernel runs."""
        value = self.load(address)
        value.set_metadata("invariant.load", self.module.add_metadata([]))
        return value

    def store(self, value: Any, address: Any) -> None:
        """Write a row of lanes, or a number."""
        self.b.store(value, address, align=self.size)

    def mask(self, lane: Any, n: str) -> Any:
        """Which lanes come before ``n``."""
        left = self.b.sub(self.arg[n], lane)
        one = self.b.insert_element(ir.Constant(self.iota.type, ir.Undefined), left, ir.Constant(I32, 0))
        order = ir.Constant(ir.VectorType(I32, self.width), [ir.Constant(I32, 0)] * self.width)
        spread = self.b.shuffle_vector(one, ir.Constant(self.iota.type, ir.Undefined), order)
        return self.b.icmp_signed("<", self.iota, spread)

    def load_part(self, address: Any, lane: Any, n: str = "n") -> Any:
        """A row of lanes of an array that is not padded."""
        if not self.ragged:
            return self.load(address)
        suffix = f"v{self.width}f{8 * self.size}.p0"
        f = declare(
            self.b, f"llvm.masked.load.{suffix}", self.lanes.type, [POINTER, I32, self.lanes.mask, self.lanes.type]
        )
        return self.b.call(f, [address, ir.Constant(I32, self.size), self.mask(lane, n), self.lanes.const(0.0)])

    def store_part(self, value: Any, address: Any, lane: Any, n: str = "n") -> None:
        """Write a row of lanes to an array that is not padded."""
        if not self.ragged:
            self.store(value, address)
            return
        suffix = f"v{self.width}f{8 * self.size}.p0"
        f = declare(
            self.b, f"llvm.masked.store.{suffix}", ir.VoidType(), [self.lanes.type, POINTER, I32, self.lanes.mask]
        )
        self.b.call(f, [value, address, ir.Constant(I32, self.size), self.mask(lane, n)])

    def variable(self, type_: Any = I64) -> Any:
        """A local variable (LLVM keeps it in registers)."""
        return self._top.alloca(type_)

    # ------------------------------------------------------------------ control

    @contextmanager
    def loop(self, start: Any, stop: Any, step: Any = None) -> Iterator[Any]:
        """For i from start to stop; the body is what is emitted inside the ``with`` block."""
        counter = self.variable()
        self.b.store(start, counter)
        head = self.b.append_basic_block("head")
        body = self.b.append_basic_block("loop")
        done = self.b.append_basic_block("done")
        self.b.branch(head)
        self.b.position_at_end(head)
        i = self.b.load(counter, typ=I64)
        self.b.cbranch(self.b.icmp_signed("<", i, stop), body, done)
        self.b.position_at_end(body)
        yield i
        self.b.store(self.b.add(i, i64(1) if step is None else step), counter)
        self.b.branch(head)
        self.b.position_at_end(done)

    @contextmanager
    def loop_down(self, start: Any, stop: Any) -> Iterator[Any]:
        """For i from stop - 1 down to start."""
        with self.loop(start, stop) as i:
            yield self.b.sub(self.b.sub(self.b.add(start, stop), i), i64(1))


def i64(value: int) -> Any:
    """A whole number."""
    return ir.Constant(I64, value)
