"""The picture of docs/frozen-noise.md: how the ratio is distributed over chips."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

COLOURS = {
    "balance, plain": "#c9c9c9",
    "balance, noise-trained": "#7d7d7d",
    "race, plain": "#e0a458",
    "race, noise-trained": "#1f6f8b",
    "one neuron a class": "#7d7d7d",
    "populations, plain": "#e0a458",
    "populations, noise-trained": "#1f6f8b",
}
WANTED = {0.1: 5.0, 0.2: 3.0}


def draw(path: Path, named: list[Any], hard: list[Any]) -> None:
    """Share of chips at or below a ratio, all seeds together; one row for each task, one column for each CV."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(9.0, 6.4), sharex=True, sharey=True, layout="constrained")
    for column, (cv, wanted) in enumerate(WANTED.items()):
        easy = ratios((r.recipe, r.chips[cv].ratios) for r in named)
        harder = ratios((r.name, r.stages[f"CV {cv:g}"].ratios) for r in hard)
        for axis, found, title in (
            (axes[0, column], easy, f"two patterns, CV {cv:g}"),
            (axes[1, column], harder, f"six disturbed patterns, CV {cv:g}"),
        ):
            for name, values in found.items():
                curve(axis, values, name)
            axis.set_title(title, loc="left", fontsize=10)
            axis.axvline(1.0, color="black", lw=0.6)
            axis.axhline(0.05, color="black", lw=0.6, ls=":")
            axis.spines[["top", "right"]].set_visible(False)
            axis.grid(alpha=0.2)
        axes[0, column].plot(wanted, 0.05, "kx", ms=8)
        axes[0, column].annotate(
            "wanted", (wanted, 0.05), xytext=(-4, 8), textcoords="offset points", ha="right", fontsize=8
        )
        axes[1, column].set_xlabel("right over wrong rate of the worst class")
    for row in axes:
        row[0].set_ylabel("share of chips at or below")
        row[0].legend(frameon=False, fontsize=8, loc="upper left")
    axes[0, 0].set_xscale("log")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)


def ratios(rows: Any) -> dict[str, torch.Tensor]:
    """The chips of all seeds, by name."""
    found: dict[str, list[torch.Tensor]] = {}
    for name, values in rows:
        if name in COLOURS:
            found.setdefault(name, []).append(values)
    return {name: torch.cat(parts) for name, parts in found.items()}


def curve(axis: Any, values: torch.Tensor, name: str) -> None:
    """Empirical distribution."""
    rising = values.double().sort().values
    share = torch.arange(1, len(rising) + 1) / len(rising)
    axis.step(rising, share, where="post", color=COLOURS[name], lw=1.8, label=name)
