"""Parts of a board that do not work, read from a CSV file: dead neurons, input words and tags."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arcana.errors import BadFile, BadInput, Problem, Problems
from arcana.files import read_text
from arcana.hardware.profile import HardwareProfile

COLUMNS = ("chip", "core", "neuron", "cam", "tag")
_SHOWN = 20  # more problems than this are counted, not listed
_FIGURES = 30  # more make no number of anything (and int() refuses thousands)


class Defect(NamedTuple):
    """Something that does not work; None stands for "all of them".

    (chip, core, neuron): a dead neuron. (chip, core, neuron, cam): an input word that does not work.
    (chip, core, neuron, cam, tag): an input word that does not match this tag. (chip, core, tag): a tag that does
    not work in a core.
    """

    chip: int
    core: int
    neuron: int | None = None
    cam: int | None = None
    tag: int | None = None


@dataclass(frozen=True)
class DefectMap:
    """All defects of a board. ``DefectMap()`` is a board without any."""

    rows: frozenset[Defect] = frozenset()

    @classmethod
    def of(cls, rows: Iterable[tuple[int | None, ...]]) -> DefectMap:
        """From tuples (chip, core, neuron, cam, tag); trailing ones may be left out.

        Raises:
            BadInput: listing tuples that are no defect.
        """
        problems, found = Problems(), set()
        for k, row in enumerate(rows):
            whole = [v for v in row if v is not None]
            if any(isinstance(v, bool) or not isinstance(v, int | np.integer) or v < 0 for v in whole):
                problems.note(f"defects[{k}]", row, "whole numbers >= 0 or None")
            elif not 3 <= len(row) <= len(COLUMNS) or None in row[:2] or len(whole) < 3:
                problems.note(f"defects[{k}]", row, "a chip, a core, and a neuron, an input word or a tag")
            else:
                found.add(Defect(*(None if v is None else int(v) for v in row)))  # type: ignore[arg-type]
        problems.raise_if_any()
        return cls(frozenset(found))

    @classmethod
    def read(cls, path: str | Path, profile: HardwareProfile) -> DefectMap:
        """Read a CSV file with a header of chip, core, neuron, cam and tag (any order; chip, cam, tag optional).

        An empty cell means "all of them"; without a column ``chip`` all rows are about chip 0.

        Raises:
            BadFile: listing every row that names something that the board does not have, or makes no sense.
        """
        problems, found, text = Problems(), set(), read_text(path).removeprefix("\ufeff")
        try:
            rows = list(csv.reader(io.StringIO(text)))
        except csv.Error as error:
            raise BadFile(path, Problem("file", text[:40], "a CSV file", hint=str(error))) from error
        header = [cell.strip().lower() for cell in rows[0]] if rows else []
        if "core" not in header or len(set(header)) < len(header) or not set(header) <= set(COLUMNS):
            problems.note(
                "first line", ",".join(header), "a header of " + ", ".join(COLUMNS) + " with at least core"
            )
            problems.raise_if_any(path)
        limits = dict(zip(COLUMNS, _sizes(profile), strict=True))
        for number, row in enumerate(rows[1:], start=2):
            if any(cell.strip() for cell in row):
                defect = _read_row(row, header, f"line {number}", limits, problems)
                if defect is not None:
                    found.add(defect)
        if len(problems) > _SHOWN:
            rest = len(problems) - _SHOWN
            del problems[_SHOWN:]
            problems.note("further problems", rest, "none")
        problems.raise_if_any(path)
        return cls(frozenset(found))

    @cached_property
    def _by_core(self) -> dict[tuple[int, int], list[Defect]]:
        cores: dict[tuple[int, int], list[Defect]] = {}
        for row in self.rows:
            cores.setdefault((row.chip, row.core), []).append(row)
        return cores

    def alive(self, chip: int, core: int, neurons: int) -> NDArray[np.bool_]:
        """(neurons,) which neurons of a core work at all.

        Raises:
            BadInput: if a defect lies beyond that number.
        """
        alive = np.ones(neurons, dtype=bool)
        for row in self._by_core.get((chip, core), ()):
            if row.cam is None and row.tag is None:
                alive[_at(row.neuron, "neuron", neurons, row)] = False
        return alive

    def words(self, chip: int, core: int, neurons: int, words: int) -> NDArray[np.bool_]:
        """(neurons, words) which input words of a core work; none of a dead neuron.

        Raises:
            BadInput: if a defect lies beyond these numbers.
        """
        good = np.ones((neurons, words), dtype=bool)
        good[~self.alive(chip, core, neurons)] = False
        for row in self._by_core.get((chip, core), ()):
            if row.cam is not None and row.tag is None:
                good[_at(row.neuron, "neuron", neurons, row), _at(row.cam, "cam", words, row)] = False
        return good

    def core_tags(self, chip: int, core: int) -> frozenset[int]:
        """Tags that no neuron of a core can use."""
        rows = self._by_core.get((chip, core), ())
        return frozenset(r.tag for r in rows if r.tag is not None and r.neuron is None and r.cam is None)

    def word_tags(self, chip: int, core: int) -> frozenset[tuple[int, int, int]]:
        """(neuron, word, tag) of a core where the word does not match the tag; -1 stands for all of them."""
        rows = self._by_core.get((chip, core), ())
        return frozenset(
            (-1 if r.neuron is None else r.neuron, -1 if r.cam is None else r.cam, r.tag)
            for r in rows
            if r.tag is not None and not (r.neuron is None and r.cam is None)
        )


def _at(number: int | None, name: str, size: int, row: Defect) -> int | slice:
    """Position in an array of that size; all of them for None."""
    if number is not None and number >= size:
        raise BadInput.one(f"{name} of defect {tuple(row)}", number, f"0 to {size - 1}")
    return slice(None) if number is None else number


def _sizes(profile: HardwareProfile) -> tuple[int, ...]:
    tags = profile.routing.tags
    tags = tags if isinstance(tags, int) else 1 << 31
    return (profile.chips, profile.cores_per_chip, profile.neurons_per_core, profile.fan_in, tags)


def _read_row(
    row: list[str], header: list[str], where: str, limits: dict[str, int], problems: Problems
) -> Defect | None:
    before, values = len(problems), dict[str, int | None]()
    if len(row) != len(header):
        problems.note(where, ",".join(row), f"{len(header)} cells, as in the header")
        return None
    for name, cell in zip(header, row, strict=True):
        if not cell.strip():
            values[name] = None
        elif not cell.strip().isdecimal() or len(cell.strip()) > _FIGURES or int(cell) >= limits[name]:
            problems.note(
                f"{where}, {name}", cell.strip(), f"empty, or a whole number from 0 to {limits[name] - 1}"
            )
        else:
            values[name] = int(cell)
    if len(problems) > before:
        return None
    values.setdefault("chip", 0)
    if values["chip"] is None or values["core"] is None:
        problems.note(where, ",".join(row), "a chip and a core")
        return None
    defect = Defect(**values)  # type: ignore[arg-type]
    if defect.cam is None and defect.neuron is None and defect.tag is None:
        problems.note(where, ",".join(row), "a neuron, an input word (cam) or a tag", hint="a whole core is dead?")
        return None
    return defect
