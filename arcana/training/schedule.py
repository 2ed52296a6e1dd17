"""From clean to noisy: how much of the mismatch training sees, and when."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from arcana.errors import Problems

Schedule: TypeAlias = Callable[[float], float]


@dataclass(frozen=True)
class Ramp:
    """scale(p) = (p - start) / (full - start), held within 0 and 1; p is the share of the updates that are done.

    Without mismatch at first, the network finds what there is to learn; then it learns it again on chips that
    differ more and more. ``Ramp(0, 0)`` shows the whole mismatch from the first update.

    Attributes:
        start: Share of the updates from which on there is mismatch.
        full: Share of the updates from which on all of it is there.

    Raises:
        BadInput: unless 0 <= start <= full <= 1.
    """

    start: float = 0.0
    full: float = 0.3

    def __post_init__(self) -> None:
        problems = Problems()
        for name in ("start", "full"):
            check_share(name, getattr(self, name), problems)
        if not problems and self.start > self.full:
            problems.note("full", self.full, f"at least start, which is {self.start:g}")
        problems.raise_if_any()

    def __call__(self, progress: float) -> float:
        """The scale at a share of the updates."""
        if progress >= self.full:
            return 1.0
        return (progress - self.start) / (self.full - self.start) if progress > self.start else 0.0


def check_share(name: str, value: object, problems: Problems) -> None:
    """A number from 0 to 1."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not (number and 0 <= value <= 1):  # type: ignore[operator]
        problems.note(name, value, "a number from 0 to 1")
