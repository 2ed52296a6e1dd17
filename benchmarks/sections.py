"""The other tables: limits of the machine, memory, cold start, threads."""

from __future__ import annotations

from functools import partial

from benchmarks import engine_limits
from benchmarks.arcana_layer import Unavailable, engine, engines, layer_for
from benchmarks.coldstart import seconds
from benchmarks.floor import EVALUATIONS, floor_ns, traced, work_per_step
from benchmarks.jobs import TorchJob
from benchmarks.machine import free_cores, limits
from benchmarks.memory import measure
from benchmarks.section_speed import Speed
from benchmarks.settings import Settings
from benchmarks.shapes import SHAPES
from benchmarks.speed import EAGER, arcana_name, methods
from benchmarks.tables import Table
from benchmarks.threads import two_over_one
from benchmarks.timing import number

SUBSTEPS = {"euler": 1, "heun": 2, "rk4": 2}  # of a step of 1 ms


def machine(settings: Settings, speed: Speed | None) -> list[Table]:
    """Limits of one core, and how far above them the forward step is."""
    found = limits(3 * settings.rounds)
    costs = Table(
        "What one core can do (one thread, the least of the repeats)",
        ("operation", "torch", "the engine's instructions"),
        notes=[
            "ns per float32 number in cache, without the cost of the call",
            f"copy of a buffer larger than the caches: {number(found.copy)} GB/s, read and written",
        ],
    )
    for operation in engine_limits.OPERATIONS:
        cells = (number(c[operation]) if operation in c else "" for c in (found.torch, found.engine))
        costs.add(operation, *cells)
    shape, kind = SHAPES["batch"], engines()[0]
    floor = Table(
        f"Floor of the forward step, {shape}",
        ("solver", "exp, log", "div", "add", "bytes", "floor, ns", "compiled exp, div", f"arcana {kind} / floor"),
        notes=[
            "per neuron and step; the floor is these operations at the least cost above, one after another, and "
            "nothing else: no multiplications, comparisons, or loads and stores of the state",
            "compiled: what the engine's program has in all sub-steps, with the crossing of the threshold, which "
            "only a neuron that fires needs",
        ],
    )
    timed = None if speed is None else speed.timed.get("batch", {}).get("forward", {})
    for solver in EVALUATIONS:
        work = work_per_step(solver, SUBSTEPS[solver], shape)
        least, name = floor_ns(work, found), arcana_name(kind, solver)
        above = str(timed[name].ns() * (1 / least)) if timed and name in timed else ""
        once = traced(solver)
        program = ", ".join(str(count * SUBSTEPS[solver]) for count in once) if once else ""
        counts = (work.transcendental, work.divide, number(work.add), number(work.bytes))
        floor.add(solver, *counts, number(least), program, above)
    return [costs, floor]


def memory(settings: Settings) -> list[Table]:
    """Peak memory of forward and backward."""
    shape = SHAPES["batch"]
    steps = 100 if settings.quick else 200
    table = Table(
        f"Peak memory of forward and backward, {shape.batch} x {shape.n_out} neurons, {steps} steps",
        ("method", "bytes per neuron-step", f"memory / arcana {engines()[0]}, rk4"),
        notes=["resident memory above that before the call, each in a fresh process"],
    )
    base = arcana_name(engines()[0], "rk4")
    names = [base, *(n for n in methods(others=False) if n in EAGER or (n.startswith("arcana") and n != base))]
    if settings.quick:
        names = [base, EAGER[-1]]
    found: dict[str, float] = {}
    for name in names:
        try:
            found[name] = measure(name, "batch", steps)
        except Unavailable as error:
            table.notes.append(f"not measured: {name}: {error}")
    for name, each in found.items():
        table.add(name, number(each), number(each / found[base]) if found.get(base, 0) > 0 else "")
    return [table]


def cold_start(settings: Settings) -> list[Table]:
    """Imports and first results in fresh processes."""
    found = seconds(1 if settings.quick else 5)
    table = Table("Cold start, wall seconds in a fresh process", ("what", "s", "time / import torch"))
    for name, taken in found.items():
        table.add(name, taken, number(taken.median / found["import torch"].median))
    return [table]


def threads(settings: Settings) -> list[Table]:
    """Two threads against one, for the fused engine."""
    table = Table("Two threads, fused engine, wall time", ("shape, phase", "one thread, s", "one / two threads"))
    free = free_cores()
    table.notes.append(f"two busy processes at once take {free} times as long as one (1: two free cores)")
    if free.median > 1.2:
        table.notes.append("two free cores were not there: the gain above is less than it would be")
    if "fused" not in engines():
        table.notes.append("not measured: this version of arcana has no fused engine")
        return [table]
    for name, shape in settings.shapes.items():
        job = TorchJob(layer_for(shape), shape, lambda m, X: m(X)[0], partial(engine, "fused"))
        steps = min(shape.steps, 100 if settings.quick else shape.steps)
        for phase, (gain, one) in two_over_one(job, steps, settings.rounds).items():
            table.add(f"{name}, {phase}", one, gain)
    return [table]
