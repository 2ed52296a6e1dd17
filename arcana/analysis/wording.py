"""What a report says, in words."""

from __future__ import annotations

from arcana.analysis.conditions import Conditions
from arcana.analysis.markup import percent
from arcana.analysis.result import PointResult, RobustnessReport


def scale_is_cv(report: RobustnessReport) -> bool:
    """Whether the scale is the CV of every bias itself."""
    return report.model.cv == 1


def scale_name(report: RobustnessReport) -> str:
    """What the scale is, for an axis."""
    return "CV of every bias" if scale_is_cv(report) else "factor on the mismatch of the model"


def where(report: RobustnessReport, conditions: Conditions, names: tuple[str, ...] = ()) -> str:
    """The named conditions, or all that are not a study's defaults; the scale is called CV where it is one."""
    label = conditions.label(names)
    return label.replace("scale ", "CV " if scale_is_cv(report) else "mismatch x ", 1)


def value_text(report: RobustnessReport, value: float) -> str:
    """A value of the metric; accuracies in percent."""
    return percent(value) if in_percent(report) else f"{value:.4g}"


def in_percent(report: RobustnessReport) -> bool:
    """Whether the metric is a share that people read in percent."""
    return report.metric.lower() == "accuracy"


def hardest(report: RobustnessReport) -> int:
    """Number of the point with the lowest yield, of equal ones with the lowest mean, of equal ones the last."""
    keys = [(point.summary.yield_, point.summary.mean, -k) for k, point in enumerate(report.points)]
    return keys.index(min(keys))


def answer(report: RobustnessReport, point: PointResult) -> str:
    """The question of a designer, answered: at CV 0.2, 95.3 % of 1,000 chips work (94.0 to 96.5 %)."""
    s, place = point.summary, where(report, point.conditions)
    if point.conditions.same_for_all:
        verdict = "works" if s.yield_ else "does not work"
        return f"At {place}, where all chips are the same, the network {verdict}"
    chips = f"{s.n:,} chips work" if s.n > 1 else "1 chip works"
    return f"At {place}, {percent(s.yield_)} of {chips} ({s.yield_low * 100:.1f} to {percent(s.yield_high)})"


def definition(report: RobustnessReport) -> str:
    """What it means that a chip works."""
    name, limit = report.metric.lower(), value_text(report, report.threshold)
    clean = value_text(report, report.clean)
    share = f"{report.threshold / report.clean:.3g} times " if report.clean > 0 else "against "
    return f"A chip works if its {name} is at least {limit}: {share}the {clean} without mismatch."
