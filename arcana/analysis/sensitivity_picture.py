"""What the mismatch of each bias costs, as bars."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from arcana.analysis.sensitivity_report import SensitivityReport
from arcana.errors import BadInput

_LOSS, _FIRST, _TOTAL, _INK = "#c1440e", "#1f5fa8", "#a9c4e4", "#333333"


def sensitivity_picture(report: SensitivityReport) -> bytes:
    """Left: mean loss by the mismatch of one bias alone (and gain without it). Right: its Sobol indices.

    Lines across the ends of bars are the intervals of the report. What was not measured is not drawn.

    Returns:
        The picture as PNG.

    Raises:
        BadInput: if matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise BadInput.one("matplotlib", "missing", "installed: pip install 'arcana[plot]'") from error
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    panels = [panel for panel in (_COSTS, _INDICES) if set(panel) & set(report.measures)]
    size = (6 * max(1, len(panels)), 1.6 + 0.36 * len(report.biases))
    figure, axes = plt.subplots(
        1, max(1, len(panels)), figsize=size, sharey=True, squeeze=False, layout="constrained"
    )
    for axis, panel in zip(axes[0], panels, strict=False):
        _draw(axis, report, {name: style for name, style in panel.items() if name in report.measures})
    if not panels:
        axes[0, 0].text(0.5, 0.5, "\n".join(report.notes), ha="center", wrap=True)
    _say(axes[0], panels, report)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    plt.close(figure)
    return buffer.getvalue()


_COSTS = {"loss": (_LOSS, "mean loss, only this bias"), "gain": ("#e9b89e", "mean gain without this bias")}
_INDICES = {"first": (_FIRST, "by itself (first-order)"), "total": (_TOTAL, "with interactions (total)")}


def _draw(axis: Any, report: SensitivityReport, measures: dict[str, tuple[str, str]]) -> None:
    place, height = np.arange(len(report.biases)), 0.8 / len(measures)
    for k, (name, (colour, label)) in enumerate(measures.items()):
        bars = [getattr(bias, name) for bias in report.biases]
        value, low, high = (np.array([getattr(bar, part) for bar in bars]) for part in ("value", "low", "high"))
        at = place + (k + 0.5) * height - 0.4
        axis.barh(at, value, height, color=colour, label=label)
        # A percentile interval need not hold the estimate itself: its two ends are drawn, wherever they are
        axis.hlines(at, low, high, color=_INK, lw=1)
        axis.plot(np.concatenate([low, high]), np.concatenate([at, at]), "|", color=_INK, ms=5)
    axis.axvline(0, color=_INK, lw=0.8)
    axis.legend(frameon=False, fontsize=9, loc="lower right")
    axis.spines[["top", "right"]].set_visible(False)


def _say(axes: Any, panels: list[dict[str, tuple[str, str]]], report: SensitivityReport) -> None:
    first = axes[0]
    first.set_yticks(np.arange(len(report.biases)), [bias.bias for bias in report.biases])
    first.invert_yaxis()
    for axis, panel in zip(axes, panels, strict=False):
        axis.set_xlabel(report.metric if panel is _COSTS else "share of the variance between chips")
    if _COSTS in panels:
        whole = report.clean - report.everything.mean
        first.axvline(whole, color=_INK, lw=1, ls="--")
        first.annotate(
            "all biases", (whole, 0), (-3, 3), xycoords=("data", "axes fraction"), textcoords="offset points",
            ha="right", rotation=90, fontsize=9, color=_INK,
        )  # fmt: skip
    first.set_title(f"{report.metric}, {report.n_chips} chips, {100 * report.confidence:g} % intervals", loc="left")
