"""The files that ``arcana robustness`` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from arcana.analysis.confusion import confusion_picture, confusions
from arcana.analysis.files import report_csv, report_json
from arcana.analysis.page import robustness_page
from arcana.analysis.pictures import histogram_picture, metric_picture, yield_picture
from arcana.analysis.rebuild import rebuild_code
from arcana.analysis.sensitivity_picture import sensitivity_picture
from arcana.cli.chip_study import Judged
from arcana.errors import BadFile, Problem
from arcana.files import write_all

# By the headings of the page
PICTURES = {
    "Metric against mismatch": "metric.png",
    "Chips that work": "yield.png",
    "How the chips spread": "histograms.png",
    "What the worst chips take for what": "worst-chips.png",
}
LIMITS = "What limits the chips"
REPORT, ROWS, PAGE = "robustness.json", "robustness.csv", "index.html"
SENSITIVITY, BARS = "sensitivity.json", "sensitivity.png"
MEANING = (
    "The intervals say how sure these numbers are for chips drawn from this mismatch, judged on these series. They "
    "do not say how far the mismatch of real chips, or the circuit model, is from what was assumed."
)


def outputs(folder: Path, biases: bool) -> list[Path]:
    """The files that will be written."""
    names = [REPORT, ROWS, PAGE, *PICTURES.values(), *((SENSITIVITY, BARS) if biases else ())]
    return [folder / name for name in names]


def write_report(
    done: Judged, folder: Path, force: bool, given: Mapping[str, str], class_names: tuple[str, ...],
    remarks: Sequence[str],
) -> list[Path]:  # fmt: skip
    """Write report, rows, pictures and page: all or none of them.

    Args:
        done: The study.
        folder: Where to; made if missing.
        force: Whether files of an earlier run are replaced.
        given: Settings, data and profile, by the names of the arguments of ``rebuild_code``.
        class_names: Of the series.
        remarks: Where the mismatch comes from, and what else a reader should know.
    """
    report = done.report
    drawn = [
        metric_picture(report), yield_picture(report), histogram_picture(report),
        confusion_picture(confusions(done.study, report), class_names),
    ]  # fmt: skip
    pictures = dict(zip(PICTURES, drawn, strict=True))
    files: dict[Path, str | bytes] = {folder / PICTURES[name]: image for name, image in pictures.items()}
    if done.sensitivity is not None:
        pictures[LIMITS] = files[folder / BARS] = sensitivity_picture(done.sensitivity)
        files[folder / SENSITIVITY] = json.dumps(done.sensitivity.to_dict(), indent=1, allow_nan=False) + "\n"
    code = rebuild_code(report, done.study.work.metric, str(folder / REPORT), **given)
    files[folder / REPORT], files[folder / ROWS] = report_json(report), report_csv(report)
    files[folder / PAGE] = robustness_page(report, pictures, code, given, (*remarks, MEANING), done.sensitivity)
    try:
        written = write_all(files, force)
    except OSError as error:  # a disk that is full is found out late
        hint = f"{error}; with --checkpoint the same command goes on from the finished chips"
        raise BadFile(folder, Problem("--out", str(folder), "a folder that can be written", hint=hint)) from error
    if done.sensitivity is None:
        for name in (SENSITIVITY, BARS):  # of an earlier run, and so of other chips
            (folder / name).unlink(missing_ok=True)
    return written
