"""What ``arcana robustness`` runs and writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from arcana.analysis.confusion import undisturbed_spikes
from arcana.analysis.margin import Margin
from arcana.analysis.metrics import Accuracy
from arcana.analysis.result import RobustnessReport
from arcana.analysis.sensitivity import sensitivity
from arcana.analysis.sensitivity_report import SensitivityReport
from arcana.analysis.study import SHARE_OF_CLEAN, RobustnessStudy
from arcana.cli.chip_subject import Candidate
from arcana.data.series import Series
from arcana.errors import Problems
from arcana.executors import Dask, LocalPool

Progress = Callable[[int, int], None]
WORTH_A_POOL = 100  # chips from which on starting workers takes less time than they save
MOST_SENSITIVITY = 128  # chips for each bias


@dataclass(frozen=True)
class Judged:
    """A study that is done.

    Attributes:
        study: It can rebuild any chip.
        report: What was found.
        sensitivity: Of the biases, if it was asked for.
    """

    study: RobustnessStudy
    report: RobustnessReport
    sensitivity: SensitivityReport | None


def metric_for(candidate: Candidate, series: Series, classes: int | None) -> Accuracy:
    """The share of right series; the series must be what the candidate takes and decides.

    Raises:
        BadInput: listing channels, time step and classes that do not go with it.
    """
    problems, step, upsample = Problems(), candidate.dt, candidate.upsample or 1
    channels = series.x.shape[2]
    what = "input lines" if candidate.upsample is None else "channels of the encoder"
    if channels != candidate.lines:
        problems.note("channels of x", channels, f"{candidate.lines}, the {what}")
    if series.dt is not None and abs(series.dt / upsample - step) > 1e-3 * step:
        allowed = f"{step * upsample:g}: {upsample} step(s) of {step:g} s a sample"
        problems.note("dt of the data", series.dt, allowed, "s")
    outputs, number = candidate.outputs, classes or series.classes
    if classes is not None and classes < 2:
        problems.note("--classes", classes, "a whole number >= 2")
    elif series.y.max() >= number:
        problems.note("y", int(series.y.max()), f"0 to {number - 1}: there are {number} classes")
    elif not outputs or outputs % number:
        hint = "--classes says how many there are" if classes is None else ""
        problems.note("classes", number, f"a divisor of the {outputs} outputs", hint=hint)
    elif classes is not None and series.class_names and len(series.class_names) != classes:
        problems.note("--classes", classes, f"{len(series.class_names)}, as the data names them")
    problems.raise_if_any()
    return Accuracy(number)


def executor_for(workers: int | None, scheduler: str | None, chips: int) -> Any:
    """Where the chips run: a cluster, so many processes, or what this machine has."""
    if scheduler is not None:
        return Dask(scheduler)
    if workers is None:
        pool = LocalPool()
        return pool if chips >= WORTH_A_POOL and pool.workers > 1 else None
    return None if workers == 1 else LocalPool(workers)


def judge(
    study: RobustnessStudy,
    executor: Any,
    checkpoint: Path | None,
    chunk: int,
    biases: bool,
    progress: Callable[[str], Progress],
) -> Judged:
    """Run the study, and then the sensitivity of the biases.

    Args:
        study: What to run.
        executor: Where.
        checkpoint: File for finished chips; the sensitivity has one of its own beside it.
        chunk: Chips that run together.
        biases: Whether the sensitivity is wanted.
        progress: Called with what begins; gives what is told how far it is.
    """
    torch.set_num_threads(1)  # many small operations: a second thread costs more than it brings
    options: dict[str, Any] = {"executor": executor, "chunk": chunk}
    kept = None if checkpoint is None else str(checkpoint)
    report = study.run(checkpoint=kept, progress=progress("chips"), **options)
    if not biases:
        return Judged(study, report, None)
    kept = kept and f"{kept}-sensitivity"
    return Judged(
        study, report, _limits(study, report, checkpoint=kept, progress=progress("sensitivity"), **options)
    )


def _limits(study: RobustnessStudy, report: RobustnessReport, **options: Any) -> SensitivityReport:
    """The sensitivity of the margin to each bias, at the point with mismatch where fewest chips work.

    Not of the accuracy: where one bias alone makes no series wrong, it still brings it closer.
    """
    mismatched = [point for point in report.points if point.conditions.scale]
    point = min(mismatched, key=lambda point: (point.summary.yield_, point.summary.mean)).conditions
    chips = 1 << min(study.n_chips, MOST_SENSITIVITY).bit_length() - 1  # Sobol asks for a power of two
    model, work = study.mismatch.scaled(point.scale), study.work
    assert isinstance(work.metric, Accuracy)
    margin = Margin(work.metric.classes)
    clean = margin(undisturbed_spikes(study), work.targets)
    return sensitivity(
        work.subjects[point.quantised], margin, (work.X, work.targets), model, n_chips=chips, seed=work.seed,
        methods=("one", "without") if model.correlation else ("one", "sobol"),
        threshold=clean * (SHARE_OF_CLEAN if clean > 0 else 1), temperature=point.temperature, **options,
    )  # fmt: skip


def check_sensitivity(study: RobustnessStudy) -> None:
    """Refuse, before anything runs, a study whose biases cannot be told apart.

    Raises:
        BadInput: if no point has mismatch, or there is one chip only.
    """
    problems = Problems()
    if not any(point.scale for point in study.conditions):
        problems.note("--sensitivity", "no scale above 0", "a --scale at which chips differ")
    if study.n_chips < 2:
        problems.note("--chips", study.n_chips, "at least 2 with --sensitivity")
    problems.raise_if_any()
