"""Finding the events of a step: so that the input costs in proportion to spikes."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from arcana.engine.fused_cpu.vector import I1, I32, I64, POINTER, Precision, declare

SCAN = 16  # inputs that are looked at together


def events_function(module: Any, p: Precision) -> Any:
    """``list_events(inputs, n, stride, offsets, values) -> count``, written into the module.

    Every input that is not 0 gets an entry: ``offsets`` its number times ``stride``, ``values`` its value.
    """
    f = ir.Function(module, ir.FunctionType(I64, [POINTER, I64, I64, POINTER, POINTER]), "list_events")
    f.linkage = "internal"
    inputs, n, stride, offsets, values = f.args
    b = ir.IRBuilder(f.append_basic_block("entry"))
    count, i, rest = b.alloca(I64), b.alloca(I64), b.alloca(I32)
    b.store(ir.Constant(I64, 0), count)
    b.store(ir.Constant(I64, 0), i)
    row = ir.VectorType(p.type, SCAN)

    def note(number: Any) -> None:
        """Put an input on the list; a count of 0 is overwritten by the next entry."""
        place = b.load(count, typ=I64)
        value = b.load(b.gep(inputs, [number], source_etype=p.type), align=p.bytes, typ=p.type)
        b.store(b.mul(number, stride), b.gep(offsets, [place], source_etype=I64))
        b.store(value, b.gep(values, [place], source_etype=p.type), align=p.bytes)
        there = b.fcmp_unordered("!=", value, ir.Constant(p.type, 0.0))
        b.store(b.add(place, b.zext(there, I64)), count)

    blocks = {
        name: b.append_basic_block(name) for name in ("many", "look", "bits", "bit", "next", "few", "one", "end")
    }
    b.branch(blocks["many"])
    b.position_at_end(blocks["many"])
    at = b.load(i, typ=I64)
    b.cbranch(b.icmp_signed("<=", b.add(at, ir.Constant(I64, SCAN)), n), blocks["look"], blocks["few"])

    b.position_at_end(blocks["look"])
    group = b.load(b.gep(inputs, [at], source_etype=p.type), align=p.bytes, typ=row)
    set_bits = b.bitcast(b.fcmp_unordered("!=", group, ir.Constant(row, None)), ir.IntType(SCAN))
    b.store(b.zext(set_bits, I32), rest)
    b.branch(blocks["bits"])

    b.position_at_end(blocks["bits"])
    bits = b.load(rest, typ=I32)
    b.cbranch(b.icmp_signed("!=", bits, ir.Constant(I32, 0)), blocks["bit"], blocks["next"])

    b.position_at_end(blocks["bit"])
    lowest = b.call(declare(b, "llvm.cttz.i32", I32, [I32, I1]), [bits, ir.Constant(I1, 1)])
    note(b.add(at, b.zext(lowest, I64)))
    b.store(b.and_(bits, b.sub(bits, ir.Constant(I32, 1))), rest)
    b.branch(blocks["bits"])

    b.position_at_end(blocks["next"])
    b.store(b.add(at, ir.Constant(I64, SCAN)), i)
    b.branch(blocks["many"])

    b.position_at_end(blocks["few"])
    last = b.load(i, typ=I64)
    b.cbranch(b.icmp_signed("<", last, n), blocks["one"], blocks["end"])

    b.position_at_end(blocks["one"])
    note(last)
    b.store(b.add(last, ir.Constant(I64, 1)), i)
    b.branch(blocks["few"])

    b.position_at_end(blocks["end"])
    b.ret(b.load(count, typ=I64))
    return f
