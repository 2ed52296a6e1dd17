"""What chips take for what: the clean network beside the worst chips."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from arcana.analysis.drawing import need_matplotlib, png
from arcana.analysis.result import RobustnessReport
from arcana.analysis.study import RobustnessStudy
from arcana.analysis.wording import hardest, value_text, where
from arcana.errors import ArcanaWarning
from arcana.typing import Tensor

WORST = 3  # chips that are looked at
MOST_NUMBERS = 15  # classes up to which the counts are written into the cells


@runtime_checkable
class Confuses(Protocol):
    """A metric that can say what was taken for what."""

    def confusion(self, spikes: Tensor, targets: Any) -> list[list[int]]:
        """Series of class i (row) taken for class j (column); the last column counts the undecided."""
        ...


@dataclass(frozen=True)
class Confusion:
    """The decisions of one chip.

    Attributes:
        title: Which chip.
        table: Series of class i (row) taken for class j (column); the last column counts the undecided.
    """

    title: str
    table: tuple[tuple[int, ...], ...]


def worst_chips(report: RobustnessReport, point: int, number: int = WORST) -> list[int]:
    """Numbers of the chips with the smallest values at a point, the worst first; of equal ones the first."""
    values = report.points[point].values
    alone = report.points[point].conditions.same_for_all
    return sorted(range(len(values)), key=values.__getitem__)[: 1 if alone else number]


def undisturbed_spikes(study: RobustnessStudy) -> Tensor:
    """Output spikes (B, T, n) without mismatch and disturbance; the study has said what there is to warn of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ArcanaWarning)
        return study.work.spikes(len(study.conditions), 0)[0]


def confusions(study: RobustnessStudy, report: RobustnessReport) -> list[Confusion]:
    """The clean network, and the worst chips at the hardest point; empty for a metric that has no classes."""
    work, point = study.work, hardest(report)
    if not isinstance(work.metric, Confuses):
        return []
    clean = f"no mismatch\n{value_text(report, report.clean)}"
    found = [(clean, undisturbed_spikes(study))]
    place = where(report, report.points[point].conditions, report.varied)
    for chip in worst_chips(report, point):
        value = value_text(report, report.points[point].values[chip])
        found.append((f"chip {chip}, {place}\n{value}", study.spikes(point, chip)))
    return [
        Confusion(title, tuple(tuple(row) for row in work.metric.confusion(spikes, work.targets)))
        for title, spikes in found
    ]


def confusion_picture(found: Sequence[Confusion], class_names: Sequence[str] = ()) -> bytes:
    """The tables beside each other: rows are the classes, columns what they were taken for; mistakes in orange."""
    plt, classes = need_matplotlib(), len(found[0].table)
    undecided = any(row[-1] for one in found for row in one.table)
    names = list(class_names) or [str(k) for k in range(classes)]
    side = min(1.5 + 0.42 * classes, 7.0)
    size = (side * len(found) + 1.2, side + 1.3)
    figure, axes = plt.subplots(1, len(found), figsize=size, sharey=True, squeeze=False, layout="constrained")
    columns = [*names, "none"] if undecided else names
    for axis, one in zip(axes[0], found, strict=True):
        table = np.array([row[: len(columns)] for row in one.table])
        top = max(1, int(table.sum(1).max()))
        right = np.eye(classes, len(columns), dtype=bool)
        for colours, hidden in (("Blues", ~right), ("Oranges", right | (table == 0))):
            axis.imshow(np.where(hidden, np.nan, table), cmap=colours, vmin=0, vmax=1.25 * top, aspect="auto")
        axis.set_title(one.title, loc="left", fontsize=10)
        axis.set_xticks(range(len(columns)), columns, rotation=45, ha="right", fontsize=9)
        axis.set_yticks(range(classes), names, fontsize=9)
        axis.set_xlabel("taken for")
        if classes <= MOST_NUMBERS:
            _write(axis, table, top)
    axes[0, 0].set_ylabel("class")
    return png(figure)


def _write(axis: Any, table: NDArray[np.int64], top: int) -> None:
    for i, j in np.argwhere(table):
        colour = "white" if table[i, j] > 0.6 * top else "black"
        axis.text(j, i, str(table[i, j]), ha="center", va="center", fontsize=10, color=colour)
