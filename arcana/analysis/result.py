"""What a study found: the value of every chip, and what they say together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from arcana.analysis.conditions import Conditions, varied
from arcana.analysis.statistics import Summary, summarise
from arcana.mismatch import MismatchModel


@dataclass(frozen=True)
class PointResult:
    """One point of a study.

    Attributes:
        conditions: What the chips were judged under.
        values: Of each chip, in order of their numbers.
        summary: Mean, spread, percentiles, worst chip, yield with interval.
    """

    conditions: Conditions
    values: tuple[float, ...]
    summary: Summary

    @property
    def worst_chip(self) -> int:
        """Number of the chip with the smallest value (the first of them)."""
        return min(range(len(self.values)), key=self.values.__getitem__)


@dataclass(frozen=True)
class RobustnessReport:
    """Result of ``robustness``.

    Attributes:
        points: In the order in which they were asked for.
        clean: Value without mismatch and without any disturbance.
        threshold: A chip works if its value is at least this.
        metric: Name of the metric.
        model: Mismatch at scale 1.
        seed: Of the chips: ``model.chip(seed, k)`` is chip k.
        provenance: Versions, and hashes of what was run.
    """

    points: tuple[PointResult, ...]
    clean: float
    threshold: float
    metric: str
    model: MismatchModel
    seed: int
    provenance: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        conditions: tuple[Conditions, ...],
        values: tuple[tuple[float, ...], ...],
        threshold: float,
        **rest: Any,
    ) -> RobustnessReport:
        """From the values of all chips."""
        points = (PointResult(c, v, summarise(v, threshold)) for c, v in zip(conditions, values, strict=True))
        return cls(tuple(points), threshold=threshold, **rest)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row for each chip at each point: number of point and chip, seed, value, and the conditions."""
        for number, point in enumerate(self.points):
            for chip, value in enumerate(point.values):
                row = {"point": number, "chip": chip, "seed": self.seed, "value": value}
                yield row | point.conditions.to_dict()

    @property
    def varied(self) -> tuple[str, ...]:
        """The conditions that are not the same at all points."""
        return varied(point.conditions for point in self.points)

    def table(self) -> Table:
        """One line for each point, for a terminal."""
        chips = len(self.points[0].values)
        title = f"{self.metric}: {chips} chips, {self.clean:.4g} without mismatch"
        caption = f"a chip works from {self.threshold:.4g} on; intervals of 95 %"
        table = Table(*(name.replace("_", " ") for name in self.varied), title=title, caption=caption)
        for head in ("mean", "sd", "5 %", "50 %", "95 %", "worst", "chip", "yield", "from", "to"):
            table.add_column(head, justify="right")
        for point in self.points:
            s = point.summary
            numbers = (f"{x:.4g}" for x in (s.mean, s.sd, s.p5, s.p50, s.p95, s.worst))
            share = [f"{100 * x:.1f} %" for x in (s.yield_, s.yield_low, s.yield_high)]
            if point.conditions.same_for_all:  # one chip, and no sample
                share[1:] = "-", "-"
            table.add_row(*map(point.conditions.text, self.varied), *numbers, str(point.worst_chip), *share)
        return table

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; the values of all chips are in it."""
        return {
            "format": "arcana.robustness",
            "version": 1,
            "metric": self.metric,
            "clean": self.clean,
            "threshold": self.threshold,
            "seed": self.seed,
            "mismatch": self.model.to_dict(),
            "provenance": dict(self.provenance),
            "points": [
                {
                    "conditions": point.conditions.to_dict(),
                    "summary": point.summary.to_dict(),
                    "worst_chip": point.worst_chip,
                    "values": list(point.values),
                }
                for point in self.points
            ],
        }
