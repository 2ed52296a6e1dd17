"""Pictures of a comparison, and of what a network does while it remembers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from arcana.analysis.drawing import DOWN, INK, LINES, PALE, UP, need_matplotlib, png
from arcana.networks.brnn.comparison import Comparison
from arcana.networks.brnn.network import BRNNTrace
from arcana.typing import Tensor

MOST_CURVES = 6  # more cannot be told apart


def comparison_picture(found: Comparison) -> bytes:
    """Left: test score of each preset, mean and single seeds, the best on top. Right: validation score by epoch.

    Curves are means over seeds, of at most six presets: the first, the last and those evenly between.

    Returns:
        The picture as PNG.

    Raises:
        BadInput: if matplotlib is not installed.
    """
    plt = need_matplotlib()
    ranked = sorted(found.summary(), key=lambda row: (row["mean"] == row["mean"], row["mean"]))  # NaN first: below
    names = [row["preset"] for row in ranked]
    figure, (bars, curves) = plt.subplots(
        1, 2, figsize=(11, 1.4 + 0.32 * max(len(names), 8)), layout="constrained", width_ratios=[1.2, 1]
    )
    bars.barh(names, [row["mean"] for row in ranked], color="#c9d8ea", height=0.7)
    for at, name in enumerate(names):
        tests = [run.test for run in found.of(name)]
        bars.plot(tests, [at] * len(tests), ".", color=DOWN, ms=6)
    bars.axvline(found.chance, color=PALE, lw=1, ls="--")
    bars.set(xlabel="test score", xlim=(min(0.0, found.chance), 1), title=f"{found.task}: mean and seeds")
    best_first = names[::-1]
    picked = np.linspace(0, len(names) - 1, min(MOST_CURVES, len(names))).round().astype(int)
    for color, k in zip(LINES, picked, strict=False):
        series = [run.validation for run in found.of(best_first[k]) if run.validation]
        if series:
            shortest = min(map(len, series))
            mean = np.mean([values[:shortest] for values in series], 0)
            curves.plot(range(1, shortest + 1), mean, color=color, lw=1.4, label=best_first[k])
    curves.set(xlabel="epoch", title="validation score, mean over seeds")
    curves.legend(frameon=False, fontsize=8, loc="lower right")
    return png(figure)


def memory_picture(trace: BRNNTrace, row: int = 0, units: int = 24) -> bytes:
    """What every unit did in one sequence: state, time constant, and u x of plastic synapses.

    Args:
        trace: From ``network.run(x)``.
        row: Which sequence.
        units: How many units are shown, from the first.

    Returns:
        The picture as PNG.

    Raises:
        BadInput: if matplotlib is not installed.
    """
    plt = need_matplotlib()
    panels: dict[str, Tensor] = {"state": trace.state, "share that is replaced, z": trace.z}
    if trace.u is not None and trace.x is not None:
        panels |= {"released, u": trace.u, "left, x": trace.x}
    figure, axes = plt.subplots(
        1, len(panels), figsize=(3.6 * len(panels), 3.6), sharey=True, layout="constrained", squeeze=False
    )
    for axis, (name, series) in zip(axes[0], panels.items(), strict=True):
        shown = series[row, :, :units].detach().t()
        image = axis.imshow(shown, aspect="auto", interpolation="nearest", cmap="viridis")
        axis.set(title=name, xlabel="step")
        figure.colorbar(image, ax=axis, shrink=0.85)
    axes[0, 0].set_ylabel("unit")
    return png(figure)


def time_constants_picture(constants: Mapping[str, Tensor], title: str = "") -> bytes:
    """Histograms of time constants [steps] on a logarithmic axis, such as before and after training.

    Args:
        constants: By name, of any shape, each > 0.
        title: Above.

    Returns:
        The picture as PNG.

    Raises:
        BadInput: if matplotlib is not installed.
    """
    plt = need_matplotlib()
    figure, axis = plt.subplots(figsize=(6, 3.4), layout="constrained")
    logs = {name: np.log10(values.detach().double().flatten().numpy()) for name, values in constants.items()}
    everything = np.concatenate(list(logs.values()))
    low, high = everything.min(), everything.max()
    edges = np.linspace(low, max(high, low + 0.1), 41)
    for color, (name, values) in zip((PALE, DOWN, UP, *LINES), logs.items(), strict=False):
        axis.hist(values, edges, weights=np.full(len(values), 1 / len(values)), color=color, alpha=0.6, label=name)
    axis.set(xlabel="time constant [steps]", ylabel="share of units and steps", title=title)
    ticks = range(int(np.floor(low)), int(np.ceil(high)) + 1)
    axis.set_xticks(list(ticks), [f"{10.0**k:g}" for k in ticks])
    axis.legend(frameon=False)
    return png(figure)


def cropping_picture(shares: Sequence[float], scores: Mapping[str, Sequence[float]], chance: float) -> bytes:
    """Score against the share of the sequence that was shown.

    Returns:
        The picture as PNG.

    Raises:
        BadInput: if matplotlib is not installed.
    """
    plt = need_matplotlib()
    figure, axis = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for color, (name, values) in zip(LINES, scores.items(), strict=False):
        axis.plot([100 * s for s in shares], values, "o-", ms=4, lw=1.4, color=color, label=name)
    axis.axhline(chance, color=PALE, lw=1, ls="--")
    axis.set(xlabel="shown [% of the sequence]", ylabel="score", ylim=(0, 1))
    axis.legend(frameon=False, fontsize=8)
    axis.tick_params(colors=INK)
    return png(figure)
