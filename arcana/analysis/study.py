"""Hundreds of virtual chips in one call: which share of them works, and how well."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from arcana.analysis.conditions import Conditions, grid
from arcana.analysis.data import read_data
from arcana.analysis.doubt import doubt
from arcana.analysis.fingerprint import fingerprint, metric_name
from arcana.analysis.metrics import Metric, takes_two
from arcana.analysis.result import RobustnessReport
from arcana.analysis.subjects import Given, subjects_for
from arcana.analysis.work import Point, StudyWork
from arcana.errors import ArcanaWarning, BadInput, Problems, warn_user
from arcana.executors import Checkpoint, execute
from arcana.hardware.profile import HardwareProfile
from arcana.limits import MOST, is_whole
from arcana.mismatch import MismatchModel
from arcana.typing import Tensor

SHARE_OF_CLEAN = 0.9  # of the clean value: from there on a chip is called working, if nothing else is said
UNDISTURBED = Conditions(scale=0.0)


class RobustnessStudy:
    """A study that is set up: ``run`` it, or look at any chip of it alone. Arguments: see ``robustness``.

    Attributes:
        conditions: Of each point, in order.
        n_chips: Chips at each point.
        work: The value of any chip at any point; after them comes the undisturbed one.
    """

    def __init__(
        self,
        net_or_config: Given,
        metric: Metric,
        data: Any,
        mismatch: MismatchModel,
        *,
        n_chips: int = 256,
        seed: int = 0,
        threshold: float | None = None,
        profile: HardwareProfile | str | None = None,
        **conditions: Any,
    ) -> None:
        self.conditions = _check(metric, mismatch, n_chips, seed, threshold, conditions)
        X, targets = read_data(data)
        self.n_chips, self.threshold, self.mismatch = n_chips, threshold, mismatch
        subjects = subjects_for(net_or_config, self.conditions, profile, seed)
        clean = UNDISTURBED if None in subjects else Conditions(scale=0.0, quantised=next(iter(subjects)))
        points = tuple(Point(c, mismatch.scaled(c.scale)) for c in (*self.conditions, clean))
        self.work = StudyWork(subjects, metric, X, targets, points, seed)

    def run(
        self,
        *,
        executor: Any = None,
        checkpoint: Checkpoint | str | None = None,
        chunk: int = 8,
        progress: Callable[[int, int], None] | None = None,
    ) -> RobustnessReport:
        """Judge all chips. No number depends on the executor, on the chunks, or on how often it was resumed.

        Args:
            executor: See ``arcana.executors.read_executor``: None is this process.
            checkpoint: File in which finished chips are kept, and found again.
            chunk: Chips that run together.
            progress: Called with the number of finished chips, and of all.

        Raises:
            BadInput: for a metric that gives no number, and whatever the executor and the checkpoint refuse.
        """
        clean = self.clean()  # first: what does not run at all is found here, before workers are sent anything
        threshold = self._threshold(clean)
        if text := doubt(self.work.metric, clean, len(self.work.X)):
            warn_user(text, ArcanaWarning)
        chips = [1 if point.same_for_all else self.n_chips for point in self.conditions]
        made = fingerprint(self.work)
        if checkpoint is not None and not isinstance(checkpoint, Checkpoint):
            checkpoint = Checkpoint(checkpoint, made)
        values = execute(
            self.work, range(len(chips)), chips, chunk=chunk, executor=executor, checkpoint=checkpoint,
            progress=progress,
        )  # fmt: skip
        rows = tuple(
            tuple(values[k, chip] for chip in range(chips[k])) * (self.n_chips // chips[k])
            for k in range(len(self.conditions))
        )
        return RobustnessReport.of(
            self.conditions, rows, threshold, clean=clean, metric=metric_name(self.work.metric),
            model=self.mismatch, seed=self.work.seed, provenance=made,
        )  # fmt: skip

    def clean(self) -> float:
        """The value without mismatch and disturbance; here, what the engine has to warn of is said."""
        return self.work(len(self.conditions), 0, 1)[0]

    def _threshold(self, clean: float) -> float:
        if self.threshold is not None:
            return self.threshold
        if clean <= 0:  # 0.9 of it would be more than it, or nothing
            hint = f"without mismatch the value is {clean:g}: from which value on does a chip work?"
            raise BadInput.one("threshold", None, "a number, where the clean value is not above 0", hint=hint)
        return SHARE_OF_CLEAN * clean

    def value(self, point: int, chip: int) -> float:
        """The value of one chip, by itself: exactly what a run of the study finds for it."""
        return self.work(self._at(point, chip), chip, 1)[0]

    def spikes(self, point: int, chip: int) -> Tensor:
        """Output spikes of one chip, (B, T, n)."""
        return self.work.spikes(self._at(point, chip), chip)[0]

    def _at(self, point: int, chip: int) -> int:
        problems = Problems()
        for name, value, high in (("point", point, len(self.conditions)), ("chip", chip, self.n_chips)):
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < high:
                problems.note(name, value, f"a whole number from 0 to {high - 1}")
        problems.raise_if_any()
        return point


def robustness(
    net_or_config: Given,
    metric: Metric,
    data: Any,
    mismatch: MismatchModel,
    *,
    scale: float | Sequence[float] = (0.0, 0.5, 1.0, 2.0),
    n_chips: int = 256,
    seed: int = 0,
    threshold: float | None = None,
    profile: HardwareProfile | str | None = None,
    executor: Any = None,
    checkpoint: Checkpoint | str | None = None,
    chunk: int = 8,
    progress: Callable[[int, int], None] | None = None,
    **conditions: Any,
) -> RobustnessReport:
    """Judge a network, or the settings of a board, on many virtual chips.

    Chip k of a seed is the same at every point, in every study, and alone: ``mismatch.chip(seed, k)``.

    Args:
        net_or_config: A network, an ``Emulator``, a ``Mapping``, a ``ChipConfig`` or the path of one.
        metric: Number for one chip from its output spikes (B, T, n) and the targets, the larger the better;
            ``Accuracy(classes)`` for one.
        data: (X, targets): signals or events (B, T, channels), as the network takes them.
        mismatch: Mismatch at scale 1.
        scale: Factors on its CV: one, or several.
        n_chips: Chips at each point.
        seed: Of the chips and of their disturbed input.
        threshold: From which value on a chip works, in the units of the metric; None is 0.9 of the clean value,
            which must then be above 0.
        profile: The chip; None is the one that the settings name, or that the network was made for.
        executor: See ``arcana.executors.read_executor``: None is this process.
        checkpoint: File in which finished chips are kept, and found again.
        chunk: Chips that run together; no number depends on it.
        progress: Called with the number of finished chips, and of all.
        **conditions: Other fields of ``Conditions``, one value or several: temperature, quantised, dead_neurons,
            dead_cams, drift, noise, jitter, dropped, spurious. All combinations are run.

    Raises:
        BadInput: listing everything that was refused; for a metric that gives no number, the chip.
    """
    study = RobustnessStudy(
        net_or_config, metric, data, mismatch, scale=scale, n_chips=n_chips, seed=seed, threshold=threshold,
        profile=profile, **conditions,
    )  # fmt: skip
    return study.run(executor=executor, checkpoint=checkpoint, chunk=chunk, progress=progress)


def _check(
    metric: Any, mismatch: Any, n_chips: Any, seed: Any, threshold: Any, conditions: dict[str, Any]
) -> tuple[Conditions, ...]:
    """All problems with the arguments that need no network, together."""
    problems, points = Problems(), tuple[Conditions, ...]()
    if not callable(metric) or not takes_two(metric):
        problems.note("metric", metric, "a function of spikes and targets, such as Accuracy(classes=4)")
    if not isinstance(mismatch, MismatchModel):
        problems.note("mismatch", mismatch, "a MismatchModel, such as MismatchModel(cv=0.1)")
    if not is_whole(n_chips, 1):
        problems.note("n_chips", n_chips, f"a whole number from 1 to {MOST:,}")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        problems.note("seed", seed, "a whole number >= 0")
    number = isinstance(threshold, (int, float)) and not isinstance(threshold, bool) and math.isfinite(threshold)
    low, high = getattr(metric, "bounds", (-math.inf, math.inf))
    if threshold is not None and not number:
        problems.note("threshold", threshold, "a finite number, or None")
    elif threshold is not None and not low <= threshold <= high:
        hint = "90 % is written 0.9" if (low, high) == (0, 1) else ""
        problems.note("threshold", threshold, f"a number from {low:g} to {high:g}, as the metric gives", hint=hint)
    try:
        points = grid(**conditions)
        if isinstance(mismatch, MismatchModel):
            for factor in dict.fromkeys(point.scale for point in points):
                mismatch.scaled(factor)
    except BadInput as error:
        problems.extend(error.problems)
    problems.raise_if_any()
    return points
