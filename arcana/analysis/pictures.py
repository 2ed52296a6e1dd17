"""The pictures of a study of chips."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from arcana.analysis.curves import Curves, curves
from arcana.analysis.drawing import DOWN, INK, LINES, UP, need_matplotlib, png
from arcana.analysis.result import PointResult, RobustnessReport
from arcana.analysis.statistics import works
from arcana.analysis.wording import in_percent, value_text, where

BINS = 60  # levels of values by which dots are spread sideways
MOST_BARS = 40  # different values that get a bar each
COLUMNS = 4  # histograms in a row
MOST_HISTOGRAMS = 24


def metric_picture(report: RobustnessReport) -> bytes:
    """Metric against mismatch: the mean as a line, 5 to 95 % of the chips as a band, every chip as a dot."""
    plt, drawn = need_matplotlib(), curves(report)
    figure, axis = plt.subplots(figsize=(9, 4.8), layout="constrained")
    width = 0.42 * drawn.step / len(drawn.lines)
    for k, line in enumerate(drawn.lines):
        colour, shift = LINES[k % len(LINES)], (2 * k + 1 - len(drawn.lines)) * width
        at, summaries = np.array(line.at), [point.summary for point in line.points]
        low, high, mean = (_shown(report, [getattr(s, name) for s in summaries]) for name in ("p5", "p95", "mean"))
        band = {"label": "5 to 95 % of the chips"} if k == 0 else {}
        axis.fill_between(at, low, high, color=colour, alpha=0.15, lw=0, **band)
        for x, point in zip(line.at, line.points, strict=True):
            dots = np.asarray(point.values)
            # At one place all dots of equal chips would be one line of ink
            dots = dots[:1] if point.conditions.same_for_all else dots
            axis.plot(
                x + shift + 0.9 * width * spread(dots), _shown(report, dots), ".", color=colour, ms=2.5, alpha=0.45
            )
        axis.plot(at, mean, "-o", color=colour, ms=5, label=f"mean, {line.label}" if line.label else "mean")
    limits = {"a chip works from here on": (report.threshold, "--"), "without mismatch": (report.clean, ":")}
    for label, (level, style) in limits.items():
        axis.axhline(_shown(report, level), color=INK, lw=1, ls=style, label=label)
    axis.set_title("Every dot is a chip: the wider a row, the more chips", loc="left")
    _finish(axis, drawn, _unit(report))
    return png(figure)


def yield_picture(report: RobustnessReport) -> bytes:
    """Share of chips that work against mismatch, with the 95 % Wilson interval."""
    plt, drawn = need_matplotlib(), curves(report)
    figure, axis = plt.subplots(figsize=(9, 4.2), layout="constrained")
    for k, line in enumerate(drawn.lines):
        colour, summaries = LINES[k % len(LINES)], [point.summary for point in line.points]
        low, share, high = (
            100 * np.array([getattr(s, name) for s in summaries]) for name in ("yield_low", "yield_", "yield_high")
        )
        same = np.array([point.conditions.same_for_all for point in line.points])
        low, high = np.where(same, share, low), np.where(same, share, high)  # one chip, not a sample
        band = {"label": "95 % interval (Wilson)"} if k == 0 else {}
        axis.fill_between(line.at, low, high, color=colour, alpha=0.2, lw=0, **band)
        ends = np.stack([share - low, high - share]).clip(min=0)
        name = line.label or "chips that work"
        axis.errorbar(line.at, share, ends, color=colour, fmt="-o", ms=5, lw=1.6, capsize=4, label=name)
    axis.set(ylim=(-2, 104))
    limit = value_text(report, report.threshold)
    axis.set_title(f"A chip works if its {report.metric.lower()} is at least {limit}", loc="left")
    _finish(axis, drawn, "chips that work [%]")
    return png(figure)


def histogram_picture(report: RobustnessReport) -> bytes:
    """How many chips have which value, a panel for each point; chips that do not work in another colour."""
    plt, shown = need_matplotlib(), report.points[:MOST_HISTOGRAMS]
    columns = min(COLUMNS, len(shown))
    rows = math.ceil(len(shown) / columns)
    size = (max(4.5, 3.2 * columns), 2.6 * rows + 0.4)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, sharex=True, layout="constrained")
    edges = bars([value for point in report.points for value in point.values])
    for axis, point in zip(axes.flat, shown, strict=False):
        _histogram(axis, report, point, edges)
    for axis in list(axes.flat)[len(shown) :]:
        axis.set_axis_off()
    for k in range(columns):  # sharex hides the numbers of panels that have another below
        bottom = axes[(len(shown) - 1 - k) // columns, k]
        bottom.set_xlabel(_unit(report))
        bottom.tick_params(labelbottom=True)
    for row in axes:
        row[0].set_ylabel("chips")
    left = len(report.points) - len(shown)
    note = f"; {left} more points are in the table" if left else ""
    figure.suptitle(f"Blue: chips that work. Red: chips that do not{note}", x=0.01, ha="left")
    return png(figure)


def bars(values: ArrayLike) -> NDArray[np.float64]:
    """Edges of bars: one bar for each value where there are few (a share of 40 series), else even ones."""
    levels = np.unique(np.round(np.asarray(values, dtype=float), 12))
    first, last = float(levels[0]), float(levels[-1])
    if first == last:
        half = 0.05 * (abs(first) or 1.0)
        return np.array([first - half, first + half])
    step = float(np.diff(levels).min())
    number = round((last - first) / step) + 1
    if number <= MOST_BARS:
        return np.linspace(first - step / 2, last + step / 2, number + 1)
    return np.linspace(first, last, MOST_BARS + 1)


def spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places of dots beside each other, -1 to 1: the more chips have a value, the wider they lie."""
    low, high = float(values.min()), float(values.max())
    level = np.round((values - low) / (high - low or 1.0) * BINS).astype(int)
    counts = np.bincount(level)
    places: NDArray[np.float64] = np.zeros(len(values))
    for k in np.flatnonzero(counts > 1):
        reach = counts[k] / counts.max()
        places[level == k] = np.linspace(-reach, reach, counts[k])
    return places


def _histogram(axis: Any, report: RobustnessReport, point: PointResult, edges: NDArray[np.float64]) -> None:
    values = np.asarray(point.values)
    good = works(values, report.threshold)
    parts = [_shown(report, values[good]), _shown(report, values[~good])]
    axis.hist(parts, bins=_shown(report, edges), stacked=True, color=[DOWN, UP], rwidth=0.9)
    axis.axvline(_shown(report, report.threshold), color=INK, lw=1, ls="--")
    axis.set_title(where(report, point.conditions, report.varied), loc="left", fontsize=10)


def _shown(report: RobustnessReport, values: ArrayLike) -> Any:
    """Values in the units of the axis."""
    return np.asarray(values) * (100 if in_percent(report) else 1)


def _unit(report: RobustnessReport) -> str:
    return f"{report.metric.lower()} [%]" if in_percent(report) else report.metric


def _finish(axis: Any, drawn: Curves, y_label: str) -> None:
    axis.set_xticks([place for place, _ in drawn.ticks], [text for _, text in drawn.ticks])
    axis.set(xlabel=drawn.name, ylabel=y_label)
    axis.figure.legend(frameon=False, fontsize=9, ncol=4, loc="outside lower center")
