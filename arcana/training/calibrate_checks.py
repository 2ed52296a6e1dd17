"""What calibration was given, checked as a whole before a board is touched."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from arcana.config import ChipConfig
from arcana.emulate import Emulator
from arcana.errors import BadInput, Problems, unknown_name
from arcana.hardware.profile import HardwareProfile
from arcana.training.calibrate_board import check_one_board
from arcana.training.calibrate_knobs import Knob, knobs_of
from arcana.training.calibrate_objective import OBJECTIVES, Objective
from arcana.typing import Tensor

_PARTS = ("config", "profile", "set_codes", "run")


@dataclass(frozen=True, eq=False)
class Given:
    """The arguments of ``calibrate`` in one form: labels as int64, objectives as a tuple, biases as knobs."""

    config: ChipConfig
    profile: HardwareProfile
    X: Tensor
    y: Tensor | None
    objectives: tuple[Objective, ...]
    classes: int | None
    knobs: tuple[Knob, ...]
    budget: int
    reach: float


def check(
    board: Any, X: Any, y: Any, objective: Any, classes: Any, biases: Iterable[str] | None, budget: Any, reach: Any,
    target: Any,
) -> Given:  # fmt: skip
    """Read the arguments of ``calibrate``.

    Raises:
        BadInput: listing all that is wrong with them.
    """
    emulated = isinstance(board, Emulator)
    missing = [part for part in _PARTS if not hasattr(board, part)]
    if missing and not emulated:
        hint = "missing: " + ", ".join(missing)
        raise BadInput.one(
            "board", type(board).__name__, "an Emulator, or an object with " + ", ".join(_PARTS), hint=hint
        )
    problems = Problems()
    config, profile = board.config, board.profile
    X, y = (torch.from_numpy(part) if isinstance(part, np.ndarray) else part for part in (X, y))
    if emulated:
        check_one_board(board, problems)
    series = _check_series(X, problems)
    objectives = _check_objectives(objective, problems)
    number = _check_classes(classes, config, problems)
    labels = _check_labels(y, series, number, problems)
    if "cross_entropy" in objectives and classes is None:
        hint = "labels only show the classes that occur in them"
        problems.note("classes", None, "the number of classes, for cross_entropy", hint=hint)
    if isinstance(budget, bool) or not isinstance(budget, int) or budget < 1:
        problems.note("budget", budget, "a whole number >= 1", "runs")
    if not _is_number(reach) or reach <= 1:
        problems.note("reach", reach, "a finite factor > 1")
    if target is not None and not _is_number(target):
        problems.note("target", target, "None, or a finite number")
    knobs = _check_knobs(config, profile, biases, problems)
    problems.raise_if_any()
    return Given(config, profile, X, labels, objectives, number, knobs, budget, float(reach))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _check_series(X: Any, problems: Problems) -> int | None:
    """Number of series; None where it cannot be said."""
    allowed = "series (B, T, n) with at least one series, step and line"
    if not isinstance(X, Tensor):
        problems.note("X", type(X).__name__, "a tensor or an array: " + allowed)
        return None
    if X.ndim != 3 or X.numel() == 0:
        problems.note("X", tuple(X.shape), allowed, "(shape)")
        return None
    bad = int((~torch.isfinite(X)).sum())
    if bad:
        problems.note("X", f"{bad} values that are NaN or infinite", "finite values")
    return len(X)


def _check_objectives(objective: Any, problems: Problems) -> tuple[Objective, ...]:
    one = isinstance(objective, str) or callable(objective) or not isinstance(objective, Sequence)
    names: tuple[Any, ...] = (objective,) if one else tuple(objective)
    if not names:
        problems.note("objective", objective, "at least one of " + ", ".join(OBJECTIVES) + ", or a function")
    problems.extend(
        unknown_name("objective", str(name), OBJECTIVES)
        for name in names
        if not callable(name) and name not in OBJECTIVES
    )
    return names


def _check_classes(classes: Any, config: ChipConfig, problems: Problems) -> int | None:
    if classes is None:
        return None
    lines = sum(len(o.neurons) for o in config.outputs)
    if isinstance(classes, bool) or not isinstance(classes, int) or classes < 1 or lines % classes:
        hint = "classes are groups of equally many neighbouring output lines"
        problems.note("classes", classes, f"a divisor of the {lines} output lines", hint=hint)
        return None
    return classes


def _check_labels(y: Any, series: int | None, classes: int | None, problems: Problems) -> Tensor | None:
    if y is None:
        return None
    if not isinstance(y, Tensor) or y.is_floating_point() or y.is_complex() or y.dtype == torch.bool:
        kind = str(y.dtype) if isinstance(y, Tensor) else type(y).__name__
        problems.note("y", kind, "a tensor or an array of whole numbers")
        return None
    if y.ndim != 1 or (series is not None and len(y) != series):
        allowed = "(series,)" if series is None else f"({series},), one label for each series of X"
        problems.note("y", tuple(y.shape), allowed, "(shape)")
        return None
    if len(y) and (int(y.min()) < 0 or (classes is not None and int(y.max()) >= classes)):
        top = "up" if classes is None else f"to {classes - 1}"
        problems.note("y", [int(y.min()), int(y.max())], f"labels from 0 {top}", "(least and largest)")
    return y.long()


def _check_knobs(
    config: ChipConfig, profile: HardwareProfile, biases: Iterable[str] | None, problems: Problems
) -> tuple[Knob, ...]:
    if profile.biasgen.kind == "continuous":
        hint = "map the network on dynapse1 or dynapse2"
        problems.note("profile", profile.name, "a chip whose bias generator has codes", hint=hint)
        return ()
    exact = [f"C{core.chip}c{core.core}" for core in config.cores if core.exact]
    if exact:
        hint = "map the network without exact=True"
        problems.note("config", "exact currents of " + ", ".join(exact), "bias codes on all cores", hint=hint)
        return ()
    return knobs_of(config, profile, biases, problems)
