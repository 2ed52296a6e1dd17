"""A circuit of graded neurons with a threshold (Fiuri) over a whole sequence, one circuit in each lane.

The wiring is known when the kernel is made, so that a step is straight code; parameters belong to the lanes, so
that a thousand candidates of a search run as easily as a thousand series of one circuit. The law is that of
``arcana.networks.fiuri_rules.Exact``; nothing is contracted or reordered, since S = E is a test for equality.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from arcana.engine.fused_cpu.code import Code, i64

ARGUMENTS = (
    "E", "O", "sensed", "keep", "threshold", "decay", "weight", "trace_E", "trace_O",
    "lanes", "steps", "epsilon", "leak",
)  # fmt: skip
UNIT = ("lane", "lane_end")


@dataclass(frozen=True)
class GradedSpec:
    """One compiled kernel.

    Attributes:
        kind: "float" or "double".
        width: Lanes worked on together.
        n: Neurons.
        synapses: (target, source, sign) of each chemical synapse, in the order of their weights.
        gaps: (target, source) of each gap junction; their weights follow.
        sensory: Neurons whose E and O are given before each step.
        watched: Neurons whose E is written after each step.
        outputs: Whether their O is written as well.
        resets: Whether E may be set to 0 before a step.
        low: Lowest S.
        high: Highest S.
    """

    kind: str
    width: int
    n: int
    synapses: tuple[tuple[int, int, int], ...]
    gaps: tuple[tuple[int, int], ...]
    sensory: tuple[int, ...]
    watched: tuple[int, ...]
    outputs: bool
    resets: bool
    low: float
    high: float


def graded_kernel(spec: GradedSpec) -> str:
    """LLVM's text of a kernel for the lanes of a unit.

    Shapes: E, O, threshold, decay (n, lanes); weight (synapses + gaps, lanes); sensed (steps, sensory, lanes);
    keep (steps, lanes), 0 where E is reset; trace_E, trace_O (steps, watched, lanes); epsilon, leak (1,).
    """
    f = Code(spec.kind, spec.width, False, ARGUMENTS, UNIT)
    E, O = ([f.variable(f.lanes.type) for _ in range(spec.n)] for _ in range(2))  # noqa: E741
    with f.loop(f.arg["lane"], f.arg["lane_end"], i64(spec.width)) as lane:
        fixed = _parameters(f, spec, lane)
        for k in range(spec.n):
            f.b.store(_load(f, "E", k, lane), E[k])
            f.b.store(_load(f, "O", k, lane), O[k])
        with f.loop(i64(0), f.arg["steps"]) as t:
            _step(f, spec, fixed, E, O, t, lane)
            for k, neuron in enumerate(spec.watched):
                at = f.b.add(f.b.mul(t, i64(len(spec.watched))), i64(k))
                _store(f, _get(f, E[neuron]), "trace_E", at, lane)
                if spec.outputs:
                    _store(f, _get(f, O[neuron]), "trace_O", at, lane)
        for k in range(spec.n):
            _store(f, _get(f, E[k]), "E", i64(k), lane)
            _store(f, _get(f, O[k]), "O", i64(k), lane)
    return f.finish()


def _parameters(f: Code, spec: GradedSpec, lane: Any) -> dict[str, list[Any]]:
    sizes = {"threshold": spec.n, "decay": spec.n, "weight": len(spec.synapses) + len(spec.gaps)}
    fixed = {name: [_load(f, name, k, lane) for k in range(size)] for name, size in sizes.items()}
    return fixed | {name: [f.lanes.spread(f.read(f.at(name, i64(0))))] for name in ("epsilon", "leak")}


def _step(f: Code, spec: GradedSpec, fixed: dict[str, list[Any]], E: Any, O: Any, t: Any, lane: Any) -> None:  # noqa: E741
    b, zero = f.b, f.lanes.const(0.0)
    before = [_get(f, e) for e in E]
    out = [_get(f, o) for o in O]
    if spec.resets:
        kept = b.fcmp_ordered("!=", _load_at(f, "keep", t, lane), zero)
        before = [b.select(kept, e, zero) for e in before]
    for k, neuron in enumerate(spec.sensory):
        at = b.add(b.mul(t, i64(len(spec.sensory))), i64(k))
        before[neuron] = out[neuron] = _load_at(f, "sensed", at, lane)
    added, taken, gap = ([zero] * spec.n for _ in range(3))
    for (target, source, sign), w in zip(spec.synapses, fixed["weight"], strict=False):
        sums = added if sign > 0 else taken
        sums[target] = b.fadd(sums[target], b.fmul(w, out[source]))
    for (target, source), w in zip(spec.gaps, fixed["weight"][len(spec.synapses) :], strict=True):
        current = b.fmul(w, out[source])
        higher = b.fcmp_ordered(">", out[source], before[target])
        lower = b.fcmp_ordered("<", out[source], before[target])
        signed = b.select(higher, current, b.select(lower, b.fneg(current), zero))
        gap[target] = b.fadd(gap[target], signed)
    for k in range(spec.n):
        current = b.fadd(b.fsub(added[k], taken[k]), gap[k])
        after = _law(f, spec, before[k], current, fixed["threshold"][k], fixed["decay"][k], fixed)
        b.store(after[0], E[k])
        b.store(after[1], O[k])


def _law(f: Code, spec: GradedSpec, E: Any, current: Any, T: Any, d: Any, fixed: dict[str, list[Any]]) -> Any:
    b, lanes = f.b, f.lanes
    S = lanes.smaller(lanes.larger(b.fadd(E, current), lanes.const(spec.low)), lanes.const(spec.high))
    over = b.fsub(S, T)
    fires = b.fcmp_ordered(">", over, lanes.const(0.0))
    apart = lanes.larger(b.fsub(S, E), b.fsub(E, S))
    quiet = b.fcmp_ordered("<=", apart, fixed["epsilon"][0])
    still = b.select(quiet, b.fsub(E, d), S)
    below = b.fadd(b.fmul(fixed["leak"][0], over), lanes.const(0.0))  # 0 and not -0 without a leak
    return b.select(fires, over, still), b.select(fires, over, below)


def _get(f: Code, variable: Any) -> Any:
    return f.b.load(variable, typ=f.lanes.type)


def _load(f: Code, array: str, row: int, lane: Any) -> Any:
    return _load_at(f, array, i64(row), lane)


def _load_at(f: Code, array: str, row: Any, lane: Any) -> Any:
    return f.load(f.at(array, f.b.add(f.b.mul(row, f.arg["lanes"]), lane)))


def _store(f: Code, value: Any, array: str, row: Any, lane: Any) -> None:
    f.store(value, f.at(array, f.b.add(f.b.mul(row, f.arg["lanes"]), lane)))
