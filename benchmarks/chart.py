"""The chart of docs/benchmarks.md: nanoseconds per neuron-step by method, on a logarithmic axis."""

from __future__ import annotations

from pathlib import Path

from benchmarks.arcana_layer import engines
from benchmarks.speed import EAGER, Timed

OURS, SAME, OTHER = "#1f6f8b", "#c8743c", "#9a9a9a"
KINDS = {OURS: "arcana", SAME: "the same circuit", OTHER: "another, simpler neuron"}


def draw(path: Path, phases: dict[str, dict[str, Timed]], clock: str, title: str) -> None:
    """Horizontal bars: forward (dark), forward and backward (light), sorted by the time of both."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.patches import Patch

    forward, train = ({n: t.ns(clock) for n, t in phases[phase].items()} for phase in ("forward", "train"))
    names = sorted(train, key=lambda name: train[name].median, reverse=True)
    figure, axis = plt.subplots(figsize=(8.6, 0.52 * len(names) + 1.5), layout="constrained")
    for row, name in enumerate(names):
        colour = _colour(name)
        for offset, spread, alpha in ((0.2, forward.get(name), 1.0), (-0.2, train[name], 0.5)):
            if spread is None:
                continue
            axis.barh(row + offset, spread.median, height=0.38, color=colour, alpha=alpha)
            axis.hlines(row + offset, spread.low, spread.high, color="black", lw=0.8)
            label = f" {spread.median:.0f}" if spread.median >= 9.95 else f" {spread.median:.1f}"
            axis.text(max(spread.median, spread.high) * 1.02, row + offset, label, va="center", fontsize=8)
    axis.set_xscale("log")
    low = min(s.median for s in (*forward.values(), *train.values()))
    high = max(s.high for s in train.values())
    axis.set_xlim(low / 2, high * 2)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_yticks(range(len(names)), names)
    bold = f"arcana {engines()[0]}"
    for label in axis.get_yticklabels():
        label.set_fontweight("bold" if label.get_text().startswith(bold) else "normal")
    axis.set_xlabel("ns per neuron and time step, one thread (less is better)")
    axis.set_title(title, loc="left", fontsize=10)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", alpha=0.25)
    axis.set_axisbelow(True)
    shades = [
        Patch(color="#444444", label="forward"),
        Patch(color="#444444", alpha=0.5, label="forward and backward"),
    ]
    colours = [Patch(color=colour, label=label) for colour, label in KINDS.items()]
    axis.legend(handles=shades + colours, fontsize=8, frameon=False, loc="upper right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)


def _colour(name: str) -> str:
    if name.startswith("arcana"):
        return OURS
    return SAME if name in EAGER else OTHER
