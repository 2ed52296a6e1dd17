"""What the forward and the backward kernel share: state and coefficients in memory, lists of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from arcana.engine.compiled.spec import Spec
from arcana.engine.fused_cpu.arguments import UNIT, arguments
from arcana.engine.fused_cpu.code import Code, i64
from arcana.engine.fused_cpu.emit import CONTRACT, emit
from arcana.engine.fused_cpu.eventlist import events_function
from arcana.engine.fused_cpu.vector import I64
from arcana.engine.program import circuit as programs


class Frame(Code):
    """A kernel that steps neurons."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec.kind, spec.width, spec.ragged, arguments(spec), UNIT)
        self.spec = spec
        self.numbers = {
            name: self.lanes.spread(self.read(self.at("numbers", i64(i))))
            for i, name in enumerate(programs.NUMBERS)
        }
        self.substep = programs.substep(spec.circuit)
        self.fields = spec.circuit.state
        self.list_events = events_function(self.module, self.lanes.p)

    def each_row_of_lanes(self) -> Any:
        """Loop over the unit's lanes, ``width`` at a time."""
        return self.loop(self.arg["lane"], self.arg["lane_end"], i64(self.spec.width))

    def substeps(self, down: bool = False) -> AbstractContextManager[Any]:
        """Loop over the sub-steps of a step; no loop at all where there is only one."""
        if self.spec.circuit.single:
            return nullcontext(i64(0))
        loop = self.loop_down if down else self.loop
        return loop(i64(0), self.arg["substeps"])

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
        return self.b.call(
            self.list_events, [where, self.arg["n_in"], stride, self.event_offsets, self.event_values]
        )

    def spikes_at(self, row: Any, t: Any) -> Any:
        """List the spikes of a step as events on the recurrent synapses; their number."""
        stride = self.b.mul(i64(len(self.spec.loops)), self.arg["padded"])
        where = self.series_address("spikes", row, t, i64(0))
        return self.b.call(self.list_events, [where, self.arg["n"], stride, self.event_offsets, self.event_values])

    @property
    def event_offsets(self) -> Any:
        """Scratch of the list of events: offset of each event's row of weights."""
        return self.scratch

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

    def arrive(self, count: Any, row: Any, lane: Any) -> tuple[list[Any], dict[str, Any]]:
        """The state at the start of a step, the listed input events received; and where its fields lie."""
        addresses = [self.state_address("state", row, i, lane) for i in range(len(self.fields))]
        state = {name: self.load(address) for name, address in zip(self.fields, addresses, strict=True)}
        if self.spec.feeds:
            state = self.receive(state, self.gather(count, "W", self.spec.feeds, lane), row, lane)
        return addresses, state

    def hear(self, count: Any, row: Any) -> None:
        """The listed spikes reach the neurons of their row, for the next step."""
        with self.each_row_of_lanes() as lane:
            hit = {r: self.state_address("state", row, self.fields.index(r), lane) for r in self.spec.loops}
            state = {r: self.load(address) for r, address in hit.items()}
            after = self.receive(state, self.gather(count, "R", self.spec.loops, lane), row, lane)
            for r, address in hit.items():
                self.store(after[r], address)

    def add(self, a: Any, b: Any) -> Any:
        """A + b on lanes."""
        return self.b.fadd(a, b, flags=CONTRACT)
