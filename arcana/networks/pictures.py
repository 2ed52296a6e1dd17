"""Pictures of a circuit: who is connected to whom, and what every neuron did."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from arcana.analysis.drawing import DOWN, INK, PALE, UP, need_matplotlib, png
from arcana.errors import BadInput
from arcana.graded import EXCITATORY, GAP, INHIBITORY, Connection, GradedGraph, Kind, Role
from arcana.networks.circuit import Circuit, Trace
from arcana.typing import Tensor

_STYLE: dict[Kind, tuple[str, Any, str, str]] = {  # colour, line, arrow, name
    EXCITATORY: (UP, "-", "-|>", "excitatory"),
    INHIBITORY: (DOWN, "-", "-[,widthB=0.3,lengthB=0", "inhibitory"),
    GAP: ("#009e73", (0, (2, 1.5)), "-", "gap junction"),
}
_FILL = {"sensory": "#fbe3d6", "inter": "#ffffff", "motor": "#dce8f5"}
_ROWS: dict[Role, float] = {"sensory": 2.0, "inter": 0.0, "motor": -2.0}  # from top to bottom


def circuit_picture(graph: GradedGraph) -> bytes:
    """Sensory neurons on top, motor neurons below, the others on a ring between; lines as wide as their weights.

    Args:
        graph: ``circuit.graph()``.

    Returns:
        The picture as PNG.

    Raises:
        BadInput: if matplotlib is not installed.
    """
    plt = need_matplotlib()
    from matplotlib.lines import Line2D
    from matplotlib.patches import FancyArrowPatch

    at = _places(graph)
    width = max(abs(x) for x, _ in at.values()) + 1.2
    figure, axis = plt.subplots(figsize=(max(6.4, 2.2 * width), 6), layout="constrained")
    heaviest = max((c.weight for c in graph.connections), default=0.0) or 1.0
    for c in graph.connections:
        color, line, arrow, _ = _STYLE[c.kind]
        patch = FancyArrowPatch(
            at[c.source], at[c.target], shrinkA=17, shrinkB=19, mutation_scale=11, color=color, linestyle=line,
            arrowstyle=arrow, connectionstyle=f"arc3,rad={_bend(c, graph)}", lw=0.6 + 2.6 * c.weight / heaviest,
        )  # fmt: skip
        axis.add_patch(patch)
    for unit in graph.units:
        box = {"boxstyle": "circle,pad=0.35", "fc": _FILL[unit.role], "ec": INK, "lw": 0.8}
        axis.text(*at[unit.name], unit.name, ha="center", va="center", size=9, color=INK, bbox=box)
    kinds = {c.kind for c in graph.connections}
    lines = [
        Line2D([], [], color=c, linestyle=s, lw=2, label=n) for k, (c, s, _, n) in _STYLE.items() if k in kinds
    ]
    axis.legend(handles=lines, loc="lower right", frameon=False, fontsize=9)
    axis.set(xlim=(-width, width), ylim=(-2.6, 2.6), aspect="equal")
    axis.axis("off")
    return png(figure)


def trace_picture(circuit: Circuit, trace: Trace, obs: Tensor, names: Sequence[str] = (), row: int = 0) -> bytes:
    """One run: what came in, internal state (line) and output (filled) of every neuron, and the action.

    Args:
        circuit: The circuit that ran.
        trace: From ``circuit.run(obs)``.
        obs: (B, T, inputs).
        names: Of the inputs, for the legend.
        row: Which of the B runs.

    Returns:
        The picture as PNG.

    Raises:
        BadInput: if there is no such run, a name is missing, or matplotlib is not installed.
    """
    runs, inputs = len(trace.E), obs.shape[-1]
    if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < runs:
        raise BadInput.one("row", row, f"a run from 0 to {runs - 1}")
    if names and len(names) != inputs:
        raise BadInput.one("names", list(names), f"{inputs} names, one for each input")
    plt = need_matplotlib()
    E, O = trace.E[row].detach(), trace.O[row].detach()  # noqa: E741
    roles = [circuit.connectome.role(name) for name in circuit.neurons]
    ordered = [k for role in _ROWS for k, r in enumerate(roles) if r == role]
    figure, panels = plt.subplots(
        len(ordered) + 2, 1, sharex=True, figsize=(8, 1.6 + 0.55 * len(ordered)), layout="constrained",
        height_ratios=[1.6, *[1] * len(ordered), 1.6],
    )  # fmt: skip
    for k, values in enumerate(obs[row].detach().unbind(-1)):
        scale = float(values.abs().max()) or 1.0
        label = f"{names[k] if names else f'input {k}'} (of {scale:.3g})"
        panels[0].step(
            range(len(values)), values / scale, where="mid", lw=1.2, label=label, color=(UP, DOWN)[k % 2]
        )
    panels[0].legend(frameon=False, fontsize=8, ncols=inputs, loc="lower left", bbox_to_anchor=(0, 0.95))
    for panel, k in zip(panels[1:-1], ordered, strict=True):
        panel.axhline(0, lw=0.5, color=PALE)
        panel.fill_between(range(len(O)), O[:, k], step="mid", color=UP, alpha=0.35, lw=0)
        panel.step(range(len(E)), E[:, k], where="mid", lw=1, color=INK)
        panel.set(ylim=(-10.8, 10.8), yticks=[])
        panel.set_ylabel(circuit.neurons[k], rotation=0, ha="right", va="center", fontsize=9)
    action = trace.action[row].detach()
    panels[-1].axhline(0, lw=0.5, color=PALE)
    panels[-1].step(range(len(action)), action, where="mid", lw=1.4, color=DOWN)
    panels[-1].set_ylabel("action", rotation=0, ha="right", va="center", fontsize=9)
    panels[-1].set_xlabel("step; line: internal state E from -10 to 10, filled: output O")
    panels[-1].set_xlim(0, max(len(E) - 1, 1))
    return png(figure)


def _places(graph: GradedGraph) -> dict[str, tuple[float, float]]:
    places = {}
    for role, height in _ROWS.items():
        row = [u.name for u in graph.units if u.role == role]
        for k, name in enumerate(row):
            angle = math.pi / 2 + 2 * math.pi * k / len(row)
            on_ring = (max(2.2, 0.35 * len(row)) * math.cos(angle), 0.95 * math.sin(angle))
            places[name] = on_ring if role == "inter" else (2.0 * (k - (len(row) - 1) / 2), height)
    return places


def _bend(c: Connection, graph: GradedGraph) -> float:
    """Two connections of the same pair go around each other, gap junctions around what lies between."""
    if c.kind == GAP:
        return 0.18
    pair = [o for o in graph.connections if {o.source, o.target} == {c.source, c.target}]
    return 0.08 if len(pair) == 1 else 0.16 + 0.12 * [o for o in pair if o.source == c.source].index(c)
