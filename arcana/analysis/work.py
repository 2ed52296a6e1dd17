"""The part of a study that is sent to workers: the value of any chip at any point."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from arcana.analysis.conditions import Conditions
from arcana.analysis.draws import Chips
from arcana.analysis.metrics import Metric
from arcana.analysis.subject import Subject
from arcana.engine.dispatch import settings, use_engine
from arcana.errors import ArcanaWarning, BadInput
from arcana.mismatch import MismatchModel
from arcana.typing import Tensor


@dataclass(frozen=True)
class Point:
    """One point of a study: the conditions, and which part of the mismatch is in.

    Attributes:
        conditions: See ``Conditions``.
        model: Mismatch at this point, scaled already.
        resampled: Biases whose mismatch is that of the same chip of another seed.
    """

    conditions: Conditions
    model: MismatchModel
    resampled: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, eq=False)
class StudyWork:
    """Values of chips; a chip's value follows from (seed, point, number of the chip) alone.

    Attributes:
        subjects: What runs, by the ``quantised`` of the conditions.
        metric: Number for one chip from its output spikes.
        X: Signals or events (B, T, channels).
        targets: What the metric compares with.
        points: All points of the study, and last the undisturbed one.
        seed: Of the chips and of their input.
        engine: Which engine runs them, here as in workers: see ``arcana.use_engine``.
    """

    subjects: Mapping[bool | None, Subject]
    metric: Metric
    X: Tensor
    targets: Any
    points: tuple[Point, ...]
    seed: int
    engine: str = field(default_factory=lambda: settings().engine)

    def __call__(self, point: int, first: int, count: int) -> list[float]:
        """Values of chips ``first`` to ``first + count - 1``.

        Raises:
            BadInput: naming the chip for which the metric gave no number.
        """
        spikes = self.spikes(point, first, count)
        return [self._value(spikes[k], point, first + k) for k in range(count)]

    @torch.inference_mode()
    def spikes(self, point: int, first: int, count: int = 1) -> Tensor:
        """Output spikes (count, B, T, n)."""
        at, undisturbed = self.points[point], point == len(self.points) - 1
        c = at.conditions
        chips = Chips(at.model, count, self.seed, first, drift=c.drift, dead_neurons=c.dead_neurons)
        if at.resampled:
            chips = chips.resampled(dict(at.resampled))
        with use_engine(self.engine), warnings.catch_warnings():
            if not undisturbed:  # what there is to warn of is said once, not for each of a thousand chips
                warnings.simplefilter("ignore", ArcanaWarning)
            return self.subjects[c.quantised].run(self.X, chips, c)

    def _value(self, spikes: Tensor, point: int, chip: int) -> float:
        where = f"metric of chip {chip} at {self.points[point].conditions.label()}"
        try:
            value = self.metric(spikes, self._own_targets())
        except Exception as error:
            error.add_note(where)  # a mistake of the user's own function stays what it is
            raise
        try:
            number = math.nan if isinstance(value, str) else float(value)
        except (TypeError, ValueError, RuntimeError):
            number = math.nan
        if not math.isfinite(number):
            shape = tuple(value.shape) if hasattr(value, "shape") else ()
            given = f"{type(value).__name__} of shape {shape}" if shape else value
            raise BadInput.one(where, given, "one finite number")
        return number

    def _own_targets(self) -> Any:
        """The targets for one chip: what a metric does to them is not seen by the next."""
        return self.targets.clone() if isinstance(self.targets, Tensor) else copy.deepcopy(self.targets)
