"""The picture of docs/robust-training.md: which share of chips is how accurate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

COLOURS = {"plain": "#c8743c", "sample": "#1f6f8b", "attack": "#7d7d7d", "both": "#6a994e"}
LABELS = {"plain": "plain", "sample": "(a) fresh chips", "attack": "(b) attacked chips", "both": "(c) both"}


def draw(path: Path, tasks: Mapping[str, Sequence[tuple[str, Any]]]) -> None:
    """Share of chips at or below an accuracy, all seeds together; one panel for each recording."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(tasks), figsize=(4.6 * len(tasks), 3.6), sharey=True, layout="constrained")
    for axis, (name, rows) in zip(np.atleast_1d(axes), tasks.items(), strict=True):
        for method in LABELS:
            chips = [values for given, values in rows if given == method]
            if chips:
                rising = np.sort(np.concatenate(chips))
                share = np.arange(1, len(rising) + 1) / len(rising)
                axis.step(
                    100 * rising, 100 * share, where="post", color=COLOURS[method], label=LABELS[method], lw=1.8
                )
        axis.set_title(name, loc="left", fontsize=10)
        axis.set_xlabel("test accuracy of a chip [%]")
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25)
    np.atleast_1d(axes)[0].set_ylabel("chips at or below [%]")
    np.atleast_1d(axes)[0].legend(frameon=False, fontsize=8, loc="upper left")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)
