"""What the mismatch of each bias costs, as bars."""

from __future__ import annotations

from typing import Any

import numpy as np

from arcana.analysis.drawing import DOWN, INK, UP, need_matplotlib, png
from arcana.analysis.sensitivity_report import SensitivityReport

_PALE_UP, _PALE_DOWN = "#e9b89e", "#a9c4e4"
_COSTS = {"loss": (UP, "mean loss, only this bias"), "gain": (_PALE_UP, "mean gain without it")}
_INDICES = {"first": (DOWN, "by itself (first-order)"), "total": (_PALE_DOWN, "with interactions (total)")}


def sensitivity_picture(report: SensitivityReport) -> bytes:
    """Left: mean loss by the mismatch of one bias alone (and gain without it). Right: its Sobol indices.

    Lines across the ends of bars are the intervals of the report, the dashed one is what all biases cost together.
    What was not measured is not drawn; notes stand above.

    Returns:
        The picture as PNG.

    Raises:
        BadInput: if matplotlib is not installed.
    """
    plt = need_matplotlib()
    panels = [panel for panel in (_COSTS, _INDICES) if set(panel) & set(report.measures)] or [{}]
    size = (6 * len(panels), 2 + 0.36 * len(report.biases))
    figure, axes = plt.subplots(1, len(panels), figsize=size, sharey=True, squeeze=False, layout="constrained")
    for axis, panel in zip(axes[0], panels, strict=True):
        _draw(axis, report, {name: style for name, style in panel.items() if name in report.measures})
    axes[0, 0].set_yticks(np.arange(len(report.biases)), [bias.bias for bias in report.biases])
    axes[0, 0].invert_yaxis()
    title = f"{report.metric}, {report.n_chips} chips, {100 * report.confidence:g} % intervals"
    figure.suptitle("\n".join((title, *report.notes)), x=0.01, ha="left", wrap=True)
    return png(figure)


def _draw(axis: Any, report: SensitivityReport, measures: dict[str, tuple[str, str]]) -> None:
    place, height = np.arange(len(report.biases)), 0.8 / max(1, len(measures))
    for k, (name, (colour, label)) in enumerate(measures.items()):
        bars = [getattr(bias, name) for bias in report.biases]
        value, low, high = (np.array([getattr(bar, part) for bar in bars]) for part in ("value", "low", "high"))
        at = place + (k + 0.5) * height - 0.4
        axis.barh(at, value, height, color=colour, label=label)
        # A percentile interval need not hold the estimate itself: its two ends are drawn, wherever they are
        axis.hlines(at, low, high, color=INK, lw=1)
        axis.plot(np.concatenate([low, high]), np.concatenate([at, at]), "|", color=INK, ms=5)
    axis.axvline(0, color=INK, lw=0.8)
    if _COSTS.keys() & measures:
        whole = report.clean - report.everything.mean
        axis.axvline(whole, color=INK, lw=1, ls="--", label="mean loss, all biases")
    lost = f"{report.metric} lost, mean over chips"
    axis.set_xlabel(lost if _COSTS.keys() & measures else "share of the variance between chips")
    if measures:
        axis.legend(frameon=False, fontsize=9, ncol=3, loc="lower right", bbox_to_anchor=(1, 1))
