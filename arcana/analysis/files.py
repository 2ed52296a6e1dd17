"""A report as files: JSON, from which an equal one is read back, and CSV with a row for each chip."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from arcana.analysis.conditions import Conditions
from arcana.analysis.result import RobustnessReport
from arcana.config.parts import Count, Part
from arcana.errors import BadFile, BadInput, Problem, Problems, unknown_name
from arcana.files import parse_json, read_text, write_whole
from arcana.hardware.model import below, problems_of
from arcana.mismatch import MismatchModel

FORMAT: Literal["arcana.robustness"] = "arcana.robustness"
VERSION = 1
_NEWER = "written by a newer arcana: upgrade this one"
_EDITED = "the file was edited, or damaged: run the study again"
# Other versions of numpy and scipy may round a mean or an interval otherwise
_SAME = 1e-9

_Number = Annotated[float, Field(allow_inf_nan=False)]


class _Point(Part):
    conditions: dict[str, Any]
    summary: dict[str, _Number]
    worst_chip: Count
    values: Annotated[list[_Number], Field(min_length=1)]


class _File(Part):
    format: Literal["arcana.robustness"]
    version: int
    metric: str
    clean: _Number
    threshold: _Number
    seed: Count
    mismatch: dict[str, Any]
    provenance: dict[str, Any]
    points: Annotated[list[_Point], Field(min_length=1)]


def report_json(report: RobustnessReport) -> str:
    """The whole report, the values of all chips among it; ``load_report`` reads it."""
    return json.dumps(report.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def report_csv(report: RobustnessReport) -> str:
    """A row for each chip at each point: ``point,chip,seed,value`` and all conditions; empty is "as given"."""
    text, rows = io.StringIO(), list(report.rows())
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def save_report(report: RobustnessReport, path: str | Path, overwrite: bool = True) -> Path:
    """Write a report as JSON (``.json``), or its rows as CSV (``.csv``).

    Raises:
        BadFile: for a name that ends otherwise, if the file exists and ``overwrite`` is false, or if it cannot be
            written.
    """
    forms = {".json": report_json, ".csv": report_csv}
    suffix = Path(path).suffix
    if suffix not in forms:
        raise BadFile(path, Problem("ending of the name", suffix, " or ".join(forms)))
    return write_whole(path, forms[suffix](report), overwrite)


def load_report(path: str | Path) -> RobustnessReport:
    """Read back what ``report_json`` wrote: an equal report.

    Mean, percentiles, yield and the worst chip are worked out anew, and must be those of the file.

    Raises:
        BadFile: missing, cut off, another format, a newer version, or listing what is wrong in it.
    """
    file = _read(path)
    problems, points = Problems(), []
    for k, point in enumerate(file.points):
        try:
            points.append(_conditions(point.conditions))
        except BadInput as error:
            problems.extend(below(f"points[{k}].conditions", error.problems))
    try:
        model = MismatchModel.from_dict(file.mismatch)
    except BadInput as error:
        problems.extend(error.problems)
    problems.raise_if_any(path)
    values = tuple(tuple(point.values) for point in file.points)
    report = RobustnessReport.of(
        tuple(points), values, file.threshold, clean=file.clean, metric=file.metric, model=model, seed=file.seed,
        provenance=file.provenance,
    )  # fmt: skip
    _compare(file, report, problems)
    problems.raise_if_any(path)
    return report


def _read(path: str | Path) -> _File:
    text = read_text(path)
    try:
        data = parse_json(text)
    except ValueError as error:
        hint = f"{error}; the file is cut off or was edited by hand"
        raise BadFile(path, Problem("file", text[:40], "JSON written by report_json", hint=hint)) from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        given = data.get("format") if isinstance(data, dict) else type(data).__name__
        raise BadFile(path, Problem("format", given, repr(FORMAT)))
    version = data.get("version")
    if isinstance(version, bool) or version != VERSION:
        hint = _NEWER if isinstance(version, int) and version > VERSION else ""
        raise BadFile(path, Problem("version", version, str(VERSION), hint=hint))
    try:
        return _File.model_validate(data)
    except ValidationError as error:
        raise BadFile(path, problems_of(error)) from error


def _conditions(given: dict[str, Any]) -> Conditions:
    known = Conditions().to_dict()
    problems = Problems(unknown_name("condition", name, known) for name in given if name not in known)
    for name in (name for name in known if name not in given):
        problems.note(name, "(missing)", "this key is required")
    problems.raise_if_any()
    return Conditions(**given)


def _compare(file: _File, report: RobustnessReport, problems: Problems) -> None:
    """Note every number of the file that does not follow from its values."""
    for k, (read, made) in enumerate(zip(file.points, report.points, strict=True)):
        wanted = {**made.summary.to_dict(), "worst_chip": made.worst_chip}
        given = {**read.summary, "worst_chip": read.worst_chip}
        for name in wanted.keys() | given.keys():
            a, b = given.get(name, math.nan), wanted.get(name, math.nan)
            if not math.isclose(a, b, rel_tol=_SAME, abs_tol=_SAME):
                allowed = f"{b:.10g}, as its values say" if name in wanted else "no such key"
                problems.note(f"points[{k}].{name}", None if math.isnan(a) else a, allowed, hint=_EDITED)


__all__ = ["FORMAT", "VERSION", "load_report", "report_csv", "report_json", "save_report"]
