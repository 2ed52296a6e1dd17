"""What the forward and the backward kernel share: arguments, loops, addresses, lists of events, the replay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from arcana.engine.fused_cpu.emit import CONTRACT, emit
from arcana.engine.fused_cpu.eventlist import events_function
from arcana.engine.fused_cpu.spec import UNIT, Spec
from arcana.engine.fused_cpu.vector import I1, I32, I64, POINTER, Lanes, declare
from arcana.engine.program import circuit as programs

NAME = "kernel"


class Frame:
    """A kernel under construction: ``kernel(arguments, unit)``, both arrays of 8-byte words."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.module = ir.Module(NAME)
        void = ir.FunctionType(ir.VoidType(), [POINTER, POINTER])
        self.function = ir.Function(self.module, void, NAME)
        self.entry = self.function.append_basic_block("entry")
        body = self.function.append_basic_block("body")
        self.b = ir.IRBuilder(body)
        self._top = ir.IRBuilder(self.entry)
        self.lanes = Lanes(self.b, spec.kind, spec.width)
        self.size = self.lanes.p.bytes
        words = self.function.args
        self.arg = {name: self._word(words[0], i) for i, name in enumerate(spec.arguments)}
        self.arg |= {name: self._word(words[1], i) for i, name in enumerate(UNIT)}
        self.numbers = {
            name: self.lanes.spread(self.read(self.at("numbers", i64(i)))) for i, name in enumerate(programs.NUMBERS)
        }
        self.substep = programs.substep(spec.circuit)
        self.fields = spec.circuit.state
        self.list_events = events_function(self.module, self.lanes.p)
        self.iota = ir.Constant(ir.VectorType(I64, spec.width), [ir.Constant(I64, i) for i in range(spec.width)])

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

    def index(self, *terms: tuple[Any, Any]) -> Any:
        """a b + c d + ..."""
        total: Any = i64(0)
        for a, b in terms:
            total = self.b.add(total, self.b.mul(a, b))
        return total

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

    def mask(self, lane: Any) -> Any:
        """Which lanes are neurons."""
        n = self.b.sub(self.arg["n"], lane)
        one = self.b.insert_element(ir.Constant(self.iota.type, ir.Undefined), n, ir.Constant(I32, 0))
        order = ir.Constant(ir.VectorType(I32, self.spec.width), [ir.Constant(I32, 0)] * self.spec.width)
        spread = self.b.shuffle_vector(one, ir.Constant(self.iota.type, ir.Undefined), order)
        return self.b.icmp_signed("<", self.iota, spread)

    def load_part(self, address: Any, lane: Any) -> Any:
        """A row of lanes of an array that is not padded."""
        if not self.spec.ragged:
            return self.load(address)
        suffix = f"v{self.spec.width}f{8 * self.size}.p0"
        f = declare(
            self.b, f"llvm.masked.load.{suffix}", self.lanes.type, [POINTER, I32, self.lanes.mask, self.lanes.type]
        )
        return self.b.call(f, [address, ir.Constant(I32, self.size), self.mask(lane), self.lanes.const(0.0)])

    def store_part(self, value: Any, address: Any, lane: Any) -> None:
        """Write a row of lanes to an array that is not padded."""
        if not self.spec.ragged:
            self.store(value, address)
            return
        suffix = f"v{self.spec.width}f{8 * self.size}.p0"
        f = declare(
            self.b, f"llvm.masked.store.{suffix}", ir.VoidType(), [self.lanes.type, POINTER, I32, self.lanes.mask]
        )
        self.b.call(f, [value, address, ir.Constant(I32, self.size), self.mask(lane)])

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

    def each_row_of_lanes(self) -> Any:
        """Loop over the unit's lanes, ``width`` at a time."""
        return self.loop(self.arg["lane"], self.arg["lane_end"], i64(self.spec.width))

    def x_row(self, row: Any) -> Any:
        """Row of the input that a row of neurons listens to (virtual chips share their input)."""
        return self.b.srem(row, self.arg["x_rows"])

    # ------------------------------------------------------------------ the neuron

    def inputs(self, row: Any, lane: Any, more: Mapping[str, Any]) -> Any:
        """Values of a program's inputs: coefficients from memory, numbers, and what is given in ``more``."""
        c_row = self.b.sdiv(row, self.arg["rows_per_c"])
        names = self.spec.coefficients

        def value(name: str) -> Any:
            if name in more:
                return more[name]
            if name.startswith("k."):
                return self.numbers[name]
            if name.startswith("c."):
                number = i64(names.index(name[2:]))
                place = self.b.add(self.b.mul(c_row, i64(len(names))), number)
                return self.load_fixed(self.at("C", self.b.add(self.b.mul(place, self.arg["padded"]), lane)))
            return self.lanes.const(0.0)  # ``when`` and ``start`` where the spike time is not asked for

        return value

    def state_address(self, array: str, row: Any, field: int, lane: Any, before: Any = None) -> Any:
        """Address in ``state``, ``grad_state`` or ``checkpoints`` (``before``: chunks before this one)."""
        if before is not None:
            row = self.b.add(self.b.mul(before, self.arg["rows"]), row)
        place = self.b.add(self.b.mul(row, i64(len(self.fields))), i64(field))
        return self.at(array, self.b.add(self.b.mul(place, self.arg["padded"]), lane))

    def series_address(self, array: str, row: Any, t: Any, lane: Any, steps: str = "steps") -> Any:
        """Address in an array (rows, steps, n)."""
        place = self.b.add(self.b.mul(row, self.arg[steps]), t)
        return self.at(array, self.b.add(self.b.mul(place, self.arg["n"]), lane))

    def events_at(self, row: Any, t: Any) -> Any:
        """List the input events of a step; their number."""
        place = self.b.add(self.b.mul(self.x_row(row), self.arg["steps"]), t)
        stride = self.b.mul(i64(len(self.spec.feeds)), self.arg["padded"])
        where = self.at("X", self.b.mul(place, self.arg["n_in"]))
        return self.b.call(self.list_events, [where, self.arg["n_in"], stride, self.event_offsets, self.event_values])

    def spikes_at(self, row: Any, t: Any) -> Any:
        """List the spikes of a step as events on the recurrent synapses; their number."""
        stride = self.b.mul(i64(len(self.spec.loops)), self.arg["padded"])
        where = self.series_address("spikes", row, t, i64(0))
        return self.b.call(self.list_events, [where, self.arg["n"], stride, self.event_offsets, self.event_values])

    @property
    def event_offsets(self) -> Any:
        """Scratch of the list of events: offset of each event's row of weights."""
        return self.b.inttoptr(self.arg["scratch"], POINTER)

    @property
    def event_values(self) -> Any:
        """Scratch of the list of events: how many there are of each."""
        longest = self.b.add(self.arg["n_in"], self.arg["n"])
        return self.b.gep(self.event_offsets, [longest], source_etype=I64)

    def event(self, i: Any) -> tuple[Any, Any]:
        """Offset of an event's weights, and its count."""
        offset = self.b.load(self.b.gep(self.event_offsets, [i], source_etype=I64), typ=I64)
        return offset, self.read(self.b.gep(self.event_values, [i], source_etype=self.lanes.p.type))

    def gather(self, count: Any, weights: str, receptors: Sequence[str], lane: Any) -> dict[str, Any]:
        """Sum of the listed events times their weights, for each receptor."""
        sums = {receptor: self.variable(self.lanes.type) for receptor in receptors}
        for total in sums.values():
            self.b.store(self.lanes.const(0.0), total)
        with self.loop(i64(0), count) as i:
            offset, value = self.event(i)
            value = self.lanes.spread(value)
            for number, receptor in enumerate(receptors):
                place = self.b.add(self.b.add(offset, self.b.mul(i64(number), self.arg["padded"])), lane)
                weight = self.load_fixed(self.at(weights, place))
                before = self.b.load(sums[receptor], typ=self.lanes.type)
                self.b.store(self.lanes.fma(value, weight, before), sums[receptor])
        return {f"event.{r}": self.b.load(total, typ=self.lanes.type) for r, total in sums.items()}

    def receive(self, state: dict[str, Any], events: dict[str, Any], row: Any, lane: Any) -> dict[str, Any]:
        """The state after events."""
        receptors = tuple(name.removeprefix("event.") for name in events)
        program = programs.receive(self.spec.circuit, receptors)
        given = {f"n.{field}": value for field, value in state.items()} | events
        return state | emit(program, self.lanes, self.inputs(row, lane, given))

    def add(self, a: Any, b: Any) -> Any:
        """A + b on lanes."""
        return self.b.fadd(a, b, flags=CONTRACT)


def i64(value: int) -> Any:
    """A whole number."""
    return ir.Constant(I64, value)


TRUE = ir.Constant(I1, 1)
