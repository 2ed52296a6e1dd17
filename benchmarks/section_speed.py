"""The tables of speed: nanoseconds per neuron-step of every method, and ratios to arcana."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from benchmarks.arcana_layer import Unavailable, engines
from benchmarks.peers import brian
from benchmarks.peers.lif import LIFS
from benchmarks.settings import Settings
from benchmarks.shapes import SHAPES, Shape
from benchmarks.speed import EAGER, Timed, arcana_name, faster_eager, measure, methods
from benchmarks.tables import Table
from benchmarks.timing import number

BRIAN_SHAPES = ("single", "batch")
PHASE_NAMES = {"forward": "forward", "train": "forward and backward"}


@dataclass
class Speed:
    """All that was timed, by shape and phase and method."""

    timed: dict[str, dict[str, dict[str, Timed]]] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)


def speed(settings: Settings) -> Speed:
    """Time everything at every shape."""
    found = Speed()
    available = methods(settings.device, quick=settings.quick)
    for name, shape in settings.shapes.items():
        print(f"measuring {name}", file=sys.stderr)
        timed, failures = measure(shape, available, settings.rounds, settings.seconds)
        found.timed[name] = timed
        for phase, results in timed.items():
            found.tables.append(_table(name, shape, phase, results, settings.clock))
        found.tables[-1].notes += [f"not measured: {what}: {why}" for what, why in _grouped(failures).items()]
        if settings.device == "cpu" and name in (BRIAN_SHAPES[:1] if settings.quick else BRIAN_SHAPES):
            found.tables.append(_brian(name, shape, timed["forward"], settings))
    found.tables.insert(0, _summary(found.timed, settings.clock))
    return found


def _table(name: str, shape: Shape, phase: str, results: dict[str, Timed], clock: str) -> Table:
    kind = _kind(results)
    default, euler = arcana_name(kind, "rk4"), arcana_name(kind, "euler")
    table = Table(
        f"{name}: {PHASE_NAMES[phase]}, (chips, batch, n_in, n_out, T) = {shape}",
        (
            "method", f"ns per neuron-step, {clock}", "wall", "time / rk4", "time / euler", "steps run",
        ),
        notes=[f"rk4: {default}; euler: {euler}"],
    )  # fmt: skip
    for method, timed in results.items():
        times = (str(timed.over(results[base], clock)) if base in results else "" for base in (default, euler))
        table.add(method, timed.ns(clock), number(timed.ns("wall").median), *times, timed.steps)
    return table


def _kind(results: dict[str, Timed]) -> str:
    """The fastest engine that could be measured: on a GPU that need not be the one of the CPU."""
    return next((kind for kind in engines() if arcana_name(kind, "rk4") in results), engines()[-1])


def _summary(timed: dict[str, dict[str, dict[str, Timed]]], clock: str) -> Table:
    kind = _kind(next(iter(timed.values()))["forward"])
    table = Table(
        f"Times longer than arcana {kind}",
        ("shape", "phase", "eager loop / euler", "eager loop / rk4", "reference rk4 / rk4", "fastest LIF / rk4"),
        notes=[
            "eager loop: the faster of the two, forward Euler, the same circuit and the same spikes as euler",
            "fastest LIF: the fastest of the other toolkits' layers of leaky integrate-and-fire neurons with a "
            "linear projection, which do a small part of the work",
            "rk4 is the default: two sub-steps of four evaluations, eight times the evaluations of forward Euler",
        ],
    )
    for shape, phases in timed.items():
        for phase, results in phases.items():
            rk4, euler = (results.get(arcana_name(kind, solver)) for solver in ("rk4", "euler"))
            lifs = [results[n] for n in LIFS if n in results]
            eager = results[faster_eager(results)] if any(n in results for n in EAGER) else None
            lif = min(lifs, key=lambda t: t.ns(clock).median) if lifs else None
            reference = results.get(arcana_name("reference", "rk4"))
            pairs = ((eager, euler), (eager, rk4), (reference, rk4), (lif, rk4))
            table.add(shape, PHASE_NAMES[phase], *(str(a.over(b, clock)) if a and b else "" for a, b in pairs))
    return table


def _brian(name: str, shape: Shape, forward: dict[str, Timed], settings: Settings) -> Table:
    """Brian2 runs in processes of its own: beside the others, not interleaved with them."""
    base = arcana_name(engines()[0], "rk4")
    table = Table(
        f"{name}: Brian2, forward Euler, forward, {shape.batch} x {shape.n_out} neurons",
        ("code generator", "ns per neuron-step, cpu", "wall", f"time / {base}"),
        notes=["in processes of its own, the run alone, without building; C++ standalone reports wall time only"],
    )
    targets = brian.TARGETS[:1] if settings.quick else brian.TARGETS
    for target in targets:
        steps = 300 if settings.quick or shape.batch > 1 else SHAPES[name].steps
        try:
            result = brian.run(brian.Settings(shape.batch, shape.n_in, shape.n_out, steps, target=target))
        except Unavailable as error:
            table.notes.append(f"not measured: {target}: {error}")
            continue
        cpu, wall = (t * 1e9 / shape.lanes for t in (result.cpu, result.wall))
        ratio = number(cpu / forward[base].ns().median) if base in forward else ""
        table.add(target, number(cpu), number(wall), ratio)
    return table


def _grouped(failures: dict[str, str]) -> dict[str, str]:
    """One line per reason."""
    by_reason: dict[str, list[str]] = {}
    for what, why in failures.items():
        by_reason.setdefault(why, []).append(what)
    return {"; ".join(names): why for why, names in by_reason.items()}
