"""A study cut into chunks: which chips are calculated together. The values do not depend on it."""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

from arcana.errors import BadInput, Problems

Key: TypeAlias = tuple[int, int]  # number of the point of the study, number of the chip


class Work(Protocol):
    """What is sent to the workers, with all that it needs inside (network, data, metric)."""

    def __call__(self, point: int, first: int, count: int) -> list[float]:
        """Values of chips ``first`` to ``first + count - 1`` at a point of the study."""


@dataclass(frozen=True)
class Chunk:
    """Chips ``first`` to ``first + count - 1`` of a point."""

    point: int
    first: int
    count: int

    def __str__(self) -> str:
        last = self.first + self.count - 1
        chips = f"chip {last}" if self.count == 1 else f"chips {self.first} to {last}"
        return f"{chips} of point {self.point}"

    @property
    def keys(self) -> list[Key]:
        """The keys of its values."""
        return [(self.point, self.first + k) for k in range(self.count)]


def keys_of(points: Sequence[int], n_chips: int | Sequence[int], chunk: int) -> list[Key]:
    """All keys of a study, sorted.

    Raises:
        BadInput: for points that are not whole numbers >= 0, one twice, or sizes below 1; all problems together.
    """
    problems = Problems()
    for k, point in enumerate(points):
        if not _whole(point, 0):
            problems.note(f"points[{k}]", point, "a whole number >= 0")
    if not points or len(set(points)) < len(points):
        problems.note("points", list(points), "at least one, and none of them twice")
    many: Any = [n_chips] * len(points) if isinstance(n_chips, numbers.Integral) else n_chips
    if not isinstance(many, Sequence) or len(many) != len(points) or not all(_whole(n, 1) for n in many):
        problems.note("n_chips", n_chips, f"a whole number >= 1, or one for each of the {len(points)} points")
    if not _whole(chunk, 1):
        problems.note("chunk", chunk, "a whole number >= 1")
    problems.raise_if_any()
    return sorted((int(point), chip) for point, n in zip(points, many, strict=True) for chip in range(n))


def cut(keys: Sequence[Key], finished: Collection[Key], size: int) -> list[Chunk]:
    """What is left to do, in runs of at most ``size`` neighbouring chips of one point; ``keys`` sorted."""
    chunks: list[Chunk] = []
    for point, chip in keys:
        if (point, chip) in finished:
            continue
        last = chunks[-1] if chunks else None
        if last and last.point == point and last.first + last.count == chip and last.count < size:
            chunks[-1] = replace(last, count=last.count + 1)
        else:
            chunks.append(Chunk(point, chip, 1))
    return chunks


def checked(chunk: Chunk, values: Any) -> Iterator[tuple[Key, float]]:
    """The values of a chunk by key.

    Raises:
        BadInput: if there are too few or too many, or one is not a number.
    """
    found = list(values) if isinstance(values, Sequence) else None
    if found is None or len(found) != chunk.count:
        given = type(values).__name__ if found is None else len(found)
        raise BadInput.one(f"the work's result for {chunk}", given, f"a list of {chunk.count} numbers")
    for key, value in zip(chunk.keys, found, strict=True):
        if not isinstance(value, numbers.Real) or math.isnan(value):
            raise BadInput.one(f"the work's result for chip {key[1]} of point {key[0]}", value, "a number")
        yield key, float(value)


def _whole(value: Any, low: int) -> bool:
    return isinstance(value, numbers.Integral) and value is not True and value is not False and int(value) >= low
