"""Points of a study as curves: what runs along the axis, and what tells one line from another."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from arcana.analysis.result import PointResult, RobustnessReport
from arcana.analysis.wording import scale_name, where


@dataclass(frozen=True)
class Line:
    """The points that differ in what runs along the axis only.

    Attributes:
        label: What they have in common; empty where it is the only line.
        at: Their places on the axis.
        points: In the same order.
    """

    label: str
    at: tuple[float, ...]
    points: tuple[PointResult, ...]


@dataclass(frozen=True)
class Curves:
    """All lines of a picture.

    Attributes:
        name: What runs along the axis.
        ticks: Its places, and what stands there.
        lines: One for each combination of the other conditions.
    """

    name: str
    ticks: tuple[tuple[float, str], ...]
    lines: tuple[Line, ...]

    @property
    def step(self) -> float:
        """The smallest distance of two places; 1 for a single one."""
        places = sorted(place for place, _ in self.ticks)
        return min((b - a for a, b in pairwise(places)), default=1.0)


def curves(report: RobustnessReport) -> Curves:
    """The scale runs along the axis, or where it is the same everywhere, the condition with most values."""
    values = {
        name: list(dict.fromkeys(getattr(p.conditions, name) for p in report.points)) for name in report.varied
    }
    axis = "scale" if len(values["scale"]) > 1 else max(values, key=lambda name: len(values[name]))
    others = tuple(name for name in values if name != axis and len(values[name]) > 1)
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values[axis])
    place = {v: float(v) if numbers else float(k) for k, v in enumerate(values[axis])}
    lines: dict[str, list[PointResult]] = {}
    for point in report.points:
        lines.setdefault(where(report, point.conditions, others) if others else "", []).append(point)
    text = {place[getattr(p.conditions, axis)]: p.conditions.text(axis) for p in report.points}
    return Curves(
        scale_name(report) if axis == "scale" else axis.replace("_", " "),
        tuple(sorted(text.items())),
        tuple(_line(label, points, axis, place) for label, points in lines.items()),
    )


def _line(label: str, points: list[PointResult], axis: str, place: dict[object, float]) -> Line:
    ordered = sorted(points, key=lambda point: place[getattr(point.conditions, axis)])
    return Line(label, tuple(place[getattr(p.conditions, axis)] for p in ordered), tuple(ordered))
