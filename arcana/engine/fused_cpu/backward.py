"""The backward kernel: replays a chunk of steps from its checkpoint, then walks the adjoint back through it."""

from __future__ import annotations

from typing import Any

from arcana.engine.compiled.spec import Spec
from arcana.engine.fused_cpu.code import i64
from arcana.engine.fused_cpu.emit import emit
from arcana.engine.fused_cpu.frame import Frame
from arcana.engine.fused_cpu.vector import POINTER
from arcana.engine.program import circuit as programs


def backward_kernel(spec: Spec) -> str:
    """LLVM's text of a kernel that takes ``grad_spikes`` and ``grad_state`` back through some chunks.

    ``state`` is scratch for the replay; ``grad_state`` is the adjoint of the state, stepped back in place. The
    adjoints of weights and coefficients are added to what lies in their arrays.
    """
    f = Frame(spec)
    b = f.b
    rows, chunks = f.loop(f.arg["row"], f.arg["row_end"]), f.loop_down(f.arg["first_chunk"], f.arg["last_chunk"])
    with rows as row, chunks as chunk:
        begin = b.mul(chunk, f.arg["every"])
        end = b.add(begin, f.arg["every"])
        end = b.select(b.icmp_signed("<", end, f.arg["steps"]), end, f.arg["steps"])
        with f.each_row_of_lanes() as lane:
            for i in range(len(f.fields)):
                value = f.load(f.state_address("checkpoints", row, i, lane, before=chunk))
                f.store(value, f.state_address("state", row, i, lane))
        with f.loop(begin, end) as t:
            _replay(f, row, t, b.sub(t, begin))
        with f.loop_down(begin, end) as t:
            if spec.loops:
                _unlisten(f, row, t)
            _walk_back(f, row, t, b.sub(t, begin))
    return f.finish()


# ---------------------------------------------------------------------- scratch of a unit


def _history(f: Frame, step: Any, substep: Any, field: int, lane: Any) -> Any:
    """State at the start of a sub-step of the chunk, then ``fired``: (steps, substeps, fields + 1, lanes)."""
    b = f.b
    lists = b.add(f.arg["n_in"], f.arg["n"])
    start = b.gep(f.event_values, [lists], source_etype=f.lanes.p.type)
    place = b.add(b.mul(step, f.arg["substeps"]), substep)
    place = b.add(b.mul(place, i64(len(f.fields) + 1)), i64(field))
    width = b.sub(f.arg["lane_end"], f.arg["lane"])
    return b.gep(start, [b.add(b.mul(place, width), b.sub(lane, f.arg["lane"]))], source_etype=f.lanes.p.type)


def _echo(f: Frame, number: int, lane: Any) -> Any:
    """Recurrent layers: adjoint of the recurrent events of receptor ``number``; last, that of the spikes."""
    end = _history(f, f.arg["every"], i64(0), 0, f.arg["lane"])
    place = f.b.add(f.b.mul(i64(number), f.arg["padded"]), lane)
    return f.b.gep(end, [place], source_etype=f.lanes.p.type)


# ---------------------------------------------------------------------- one step


def _replay(f: Frame, row: Any, t: Any, step: Any) -> None:
    """Step the state forward again and keep it at the start of every sub-step."""
    b, lanes, spec = f.b, f.lanes, f.spec
    count = f.events_at(row, t) if spec.feeds else i64(0)
    with f.each_row_of_lanes() as lane:
        addresses, state = f.arrive(count, row, lane)
        names = (*f.fields, "fired")
        variables = {name: f.variable(lanes.type) for name in names}
        for name in f.fields:
            b.store(state[name], variables[name])
        b.store(lanes.const(0.0), variables["fired"])
        with f.substeps() as i:
            now = {name: b.load(variables[name], typ=lanes.type) for name in names}
            for number, name in enumerate(names):
                f.store(now[name], _history(f, step, i, number, lane))
            after = emit(_without_time(f), lanes, f.inputs(row, lane, _given(f, now, row, t, lane)))
            for name in names:
                b.store(after[name], variables[name])
        for name, address in zip(f.fields, addresses, strict=True):
            f.store(b.load(variables[name], typ=lanes.type), address)
    if spec.loops:
        f.hear(f.spikes_at(row, t), row)


def _walk_back(f: Frame, row: Any, t: Any, step: Any) -> None:
    """The adjoint of one step."""
    b, lanes, spec = f.b, f.lanes, f.spec
    program = programs.substep_adjoint(spec.circuit, _substep_wrt(f))
    count = f.events_at(row, t) if spec.feeds else i64(0)
    with f.each_row_of_lanes() as lane:
        names = (*f.fields, "fired", *(("external",) if spec.circuit.external else ()))
        variables = {name: f.variable(lanes.type) for name in names}
        for i, name in enumerate(f.fields):
            b.store(f.load(f.state_address("grad_state", row, i, lane)), variables[name])
        place = b.add(b.mul(row, f.arg["grad_row"]), b.mul(t, f.arg["grad_step"]))
        fired = f.load_part(f.at("grad_spikes", b.add(place, lane)), lane)
        if spec.loops:
            fired = f.add(fired, f.load(_echo(f, len(spec.loops), lane)))
        b.store(fired, variables["fired"])
        if "external" in variables:
            b.store(lanes.const(0.0), variables["external"])
        with f.substeps(down=True) as i:
            now = {
                name: f.load(_history(f, step, i, number, lane)) for number, name in enumerate((*f.fields, "fired"))
            }
            adj = {f"adj.{name}": b.load(variables[name], typ=lanes.type) for name in (*f.fields, "fired")}
            out = emit(program, lanes, f.inputs(row, lane, _given(f, now, row, t, lane) | adj))
            for name in f.fields:
                b.store(out[f"n.{name}"], variables[name])
            b.store(out["fired"], variables["fired"])
            if "external" in variables:
                total = f.add(b.load(variables["external"], typ=lanes.type), out["external"])
                b.store(total, variables["external"])
            _accumulate(f, {name: out[f"c.{name}"] for name in _substep_wrt(f)}, row, lane)
        back = {name: b.load(variables[name], typ=lanes.type) for name in names}
        if spec.feeds:
            events = _unreceive(f, back, count, "W", spec.feeds, row, lane)
            for number, receptor in enumerate(spec.feeds):
                if spec.events:
                    where = b.add(b.mul(i64(number), f.arg["rows"]), row)
                    local = b.sub(t, f.arg["segment_start"])
                    address = f.series_address("grad_events", where, local, lane, steps="segment")
                    f.store_part(events[receptor], address, lane)
            if spec.weights:
                _weights(f, "grad_W", spec.feeds, events, count, lane)
        for i, name in enumerate(f.fields):
            f.store(back[name], f.state_address("grad_state", row, i, lane))
        if "external" in back:
            f.store_part(back["external"], f.series_address("grad_external", row, t, lane), lane)


def _unlisten(f: Frame, row: Any, t: Any) -> None:
    """The adjoint of the recurrent events that follow a step: of the weights, and of the spikes themselves."""
    b, lanes, spec = f.b, f.lanes, f.spec
    count = f.spikes_at(row, t)
    with f.each_row_of_lanes() as lane:
        adjoint = {r: f.load(f.state_address("grad_state", row, f.fields.index(r), lane)) for r in spec.loops}
        events = _unreceive(f, adjoint, count, "R", spec.loops, row, lane)
        for number, receptor in enumerate(spec.loops):
            f.store(events[receptor], _echo(f, number, lane))
        f.store(lanes.const(0.0), _echo(f, len(spec.loops), lane))
        if spec.weights:
            _weights(f, "grad_R", spec.loops, events, count, lane)
    for number in range(len(spec.loops)):
        with f.loop(i64(0), f.arg["n"]) as target:
            share = lanes.spread(f.read(_echo(f, number, target)))
            with f.each_row_of_lanes() as lane:
                place = b.add(b.mul(i64(number), f.arg["n"]), target)
                weight = f.load_fixed(f.at("R_back", b.add(b.mul(place, f.arg["padded"]), lane)))
                total = _echo(f, len(spec.loops), lane)
                f.store(lanes.fma(share, weight, f.load(total)), total)


# ---------------------------------------------------------------------- parts


def _without_time(f: Frame) -> programs.Program:
    return programs.Program({name: node for name, node in f.substep.outputs.items() if name != "when"})


def _given(f: Frame, now: dict[str, Any], row: Any, t: Any, lane: Any) -> dict[str, Any]:
    given = {f"n.{name}": now[name] for name in f.fields} | {"fired": now["fired"]}
    if f.spec.circuit.external:
        given["external"] = f.load_part(f.series_address("external", row, t, lane), lane)
    return given


def _substep_wrt(f: Frame) -> tuple[str, ...]:
    """Coefficients of the sub-step to differentiate by."""
    return tuple(name for name in f.spec.wrt if name in f.substep.coefficients())


def _unreceive(
    f: Frame, adjoint: dict[str, Any], count: Any, weights: str, receptors: tuple[str, ...], row: Any, lane: Any
) -> dict[str, Any]:
    """Adjoints of the events at each receptor; those of the coefficients are added to their array."""
    wrt = tuple(f"{r}.jump" for r in receptors if f"{r}.jump" in f.spec.wrt)
    program = programs.receive_adjoint(f.spec.circuit, receptors, wrt)
    given = {f"adj.{r}": adjoint[r] for r in receptors}
    if wrt:
        given |= f.gather(count, weights, receptors, lane)
    out = emit(program, f.lanes, f.inputs(row, lane, given))
    _accumulate(f, {name: out[f"c.{name}"] for name in wrt}, row, lane)
    return {r: out[f"event.{r}"] for r in receptors}


def _accumulate(f: Frame, adjoints: dict[str, Any], row: Any, lane: Any) -> None:
    b = f.b
    for name, value in adjoints.items():
        place = b.add(b.mul(row, i64(len(f.spec.wrt))), i64(f.spec.wrt.index(name)))
        address = f.at("grad_C", b.add(b.mul(place, f.arg["padded"]), lane))
        f.store(f.add(f.load(address), value), address)


def _weights(
    f: Frame, array: str, receptors: tuple[str, ...], events: dict[str, Any], count: Any, lane: Any
) -> None:
    """The adjoint of the weights of the listed events."""
    b = f.b
    base = b.inttoptr(f.arg[array], POINTER)
    with f.loop(i64(0), count) as i:
        offset, value = f.event(i)
        value = f.lanes.spread(value)
        for number, receptor in enumerate(receptors):
            place = b.add(b.add(offset, b.mul(i64(number), f.arg["padded"])), lane)
            address = b.gep(base, [place], source_etype=f.lanes.p.type)
            f.store(f.lanes.fma(value, events[receptor], f.load(address)), address)
