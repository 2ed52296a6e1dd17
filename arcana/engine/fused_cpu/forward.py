"""The forward kernel: the whole time loop for some rows and neurons."""

from __future__ import annotations

from typing import Any

from arcana.engine.compiled.spec import Spec
from arcana.engine.fused_cpu.code import i64
from arcana.engine.fused_cpu.emit import emit
from arcana.engine.fused_cpu.frame import Frame


def forward_kernel(spec: Spec) -> str:
    """LLVM's text of a kernel that steps the rows and lanes of a unit from the first step to the last.

    ``state`` is stepped in place; every ``every`` steps it is copied to ``checkpoints`` (never if 0).
    """
    f = Frame(spec)
    b = f.b
    with f.loop(f.arg["row"], f.arg["row_end"]) as row, f.loop(i64(0), f.arg["steps"]) as t:
        _checkpoint(f, row, t)
        count = f.events_at(row, t) if spec.feeds else i64(0)
        with f.each_row_of_lanes() as lane:
            addresses, state = f.arrive(count, row, lane)
            if "ampa" in state:
                top = f.at("peak", b.add(b.mul(row, f.arg["padded"]), lane))
                f.store(f.lanes.larger(f.load(top), state["ampa"]), top)
            state, fired, when = _step(f, state, row, t, lane)
            for name, address in zip(f.fields, addresses, strict=True):
                f.store(state[name], address)
            f.store_part(fired, f.series_address("spikes", row, t, lane), lane)
            if spec.record:
                f.store_part(when, _record_address(f, len(f.fields), row, t, lane), lane)
        if spec.loops:
            _listen(f, row, t)
        if spec.record:
            with f.each_row_of_lanes() as lane:
                for i in range(len(f.fields)):
                    value = f.load(f.state_address("state", row, i, lane))
                    f.store_part(value, _record_address(f, i, row, t, lane), lane)
    return f.finish()


def _checkpoint(f: Frame, row: Any, t: Any) -> None:
    b = f.b
    kept = b.icmp_signed(">", f.arg["every"], i64(0))
    every = b.select(kept, f.arg["every"], i64(1))  # nothing can be divided by 0, used or not
    due = b.and_(kept, b.icmp_signed("==", b.srem(t, every), i64(0)))
    with b.if_then(due), f.each_row_of_lanes() as lane:
        for i in range(len(f.fields)):
            value = f.load(f.state_address("state", row, i, lane))
            f.store(value, f.state_address("checkpoints", row, i, lane, before=b.sdiv(t, every)))


def _step(f: Frame, state: dict[str, Any], row: Any, t: Any, lane: Any) -> tuple[dict[str, Any], Any, Any]:
    """All sub-steps of a step: the state, whether it fired, and the time of the first spike."""
    b, lanes = f.b, f.lanes
    names = [*f.fields, "fired", "when", "start"]
    variables = {name: f.variable(lanes.type) for name in names}
    for name in f.fields:
        b.store(state[name], variables[name])
    for name in ("fired", "when", "start"):
        b.store(lanes.const(0.0), variables[name])
    external = None
    if f.spec.circuit.external:
        external = f.load_part(f.series_address("external", row, t, lane), lane)
    with f.substeps():
        now = {name: b.load(variables[name], typ=lanes.type) for name in names}
        given = {f"n.{name}": now[name] for name in f.fields} | {n: now[n] for n in ("fired", "when", "start")}
        if external is not None:
            given["external"] = external
        after = emit(f.substep, lanes, f.inputs(row, lane, given))
        for name in (*f.fields, "fired", "when"):
            b.store(after[name], variables[name])
        b.store(f.add(now["start"], f.numbers["k.h"]), variables["start"])
    done = {name: b.load(variables[name], typ=lanes.type) for name in names}
    return {name: done[name] for name in f.fields}, done["fired"], done["when"]


def _listen(f: Frame, row: Any, t: Any) -> None:
    """The spikes of this step reach the neurons of the same row, for the next step."""
    count = f.spikes_at(row, t)
    with f.b.if_then(f.b.icmp_signed(">", count, i64(0))):
        f.hear(count, row)


def _record_address(f: Frame, field: int, row: Any, t: Any, lane: Any) -> Any:
    b = f.b
    row = b.add(b.mul(i64(field), f.arg["rows"]), row)
    return f.series_address("record", row, t, lane)
