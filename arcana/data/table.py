"""A table of numbers in text: separators, header, decimal commas, and a problem for each thing that is wrong."""

from __future__ import annotations

import csv
import math
import re
from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcana.data.time_column import UNITS, unit_of
from arcana.errors import Problems

Lines = list[tuple[int, str]]


@dataclass(frozen=True, eq=False)
class Table:
    """What a text holds; rows that were refused are missing from it.

    Attributes:
        header: Names of the C columns, ``None`` if the text has no header.
        numbers: The rows that are all finite numbers: (R, C).
        lines: Line of the text on which each of them stands: (R,).
        time: Which column is the time, if any.
        unit: Unit of that column, as its header states it; ``"s"`` where it states none.
        clock: The cells of that column as they are written: (R,), or empty.
    """

    header: list[str] | None
    numbers: NDArray[np.float64]
    lines: list[int]
    time: int | None
    unit: str
    clock: list[str]


def read_table(text: str, problems: Problems) -> Table:
    """Read a text, noting bad headers, ragged rows, cells that are no finite number, and too few rows."""
    lines = [(n, line) for n, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1)]
    lines = [(n, line) for n, line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        found = "only comments and empty lines" if text.strip("\ufeff \t\n") else "an empty file"
        problems.note("samples", found, "at least 2 rows of numbers")
        return Table(None, np.empty((0, 0)), [], None, "s", [])
    separator = _separator(lines[0][1])
    first = _cells(lines[0][1], separator)
    header = first if _is_header(first) else None
    body = lines[1:] if header else lines
    time, unit = _time(header, problems) if header else (None, "s")
    if len(body) < 2:
        found = f"{len(body)} rows of numbers" + (" after the header" if header else "")
        problems.note("samples", found, "at least 2 rows of numbers")
    labels = header or [str(i + 1) for i in range(len(first))]

    flat, good, clock = array("d"), list[int](), list[str]()
    has = {mark: any(mark in line for _, line in body) for mark in ",."}
    decimal_comma = separator == ";" and has[","] and not has["."]
    for n, line in body:
        cells = _cells(line.replace(",", ".") if decimal_comma else line, separator)
        if len(cells) != len(first):
            problems.note(f"line {n}", f"{len(cells)} columns", f"{len(first)} columns, as in line {lines[0][0]}")
            continue
        row = [_number(cell) for cell in cells]
        finite = [number for number in row if number is not None and math.isfinite(number)]
        if len(finite) == len(row):
            flat.extend(finite)
            good.append(n)
            clock.extend([] if time is None else [cells[time]])
            continue
        for label, cell, number in zip(labels, cells, row, strict=True):
            if number is None or not math.isfinite(number):
                problems.note(f"line {n}, column {label!r}", cell, "a finite number", hint=_advice(cell))
    return Table(header, np.array(flat, dtype=np.float64).reshape(-1, len(first)), good, time, unit, clock)


def _separator(line: str) -> str:
    """A tab or a semicolon wins over a comma, which may be a decimal comma or part of a name."""
    unquoted = re.sub(r'"[^"]*"', "", line)
    return next((mark for mark in "\t;" if mark in unquoted), ",")


def _cells(line: str, separator: str) -> list[str]:
    try:
        # One reader a line: an unbalanced quote then spoils its own line and not the rest of the file.
        row = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    except csv.Error:  # a cell of more than 131,072 characters; it will be refused as a number
        row = line.split(separator)
    return [cell.strip() for cell in row]


def _number(cell: str) -> float | None:
    """The number in a cell; ``None`` for everything else, ``1_000`` included, which Python alone would read."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _is_header(cells: list[str]) -> bool:
    """A row without any number is a header, and so is one that names the time (channels may be called 1, 2, 3)."""
    numbers = any(_number(cell.replace(",", ".")) is not None for cell in cells)
    return not numbers or any(unit_of(cell) is not None for cell in cells)


def _time(header: list[str], problems: Problems) -> tuple[int | None, str]:
    """Which column is the time and its unit; duplicate or missing names, unknown units and two times are noted."""
    for i, name in enumerate(header):
        if not name:
            problems.note("header", f"column {i + 1} without a name", "a name for each column")
        elif name in header[:i]:
            where = f"{name!r} in columns {header.index(name) + 1} and {i + 1}"
            problems.note("header", where, "names that differ")
    units = {i: unit for i, name in enumerate(header) if (unit := unit_of(name)) is not None}
    for i, unit in units.items():
        if unit not in UNITS:
            problems.note("header", header[i], "time in one of the units " + ", ".join(UNITS))
    if len(units) > 1:
        problems.note("header", [header[i] for i in units], "one time column")
    if len(units) == len(header):
        problems.note("header", header, "at least one channel besides the time")
    return next(iter(units.items()), (None, "s"))


def _advice(cell: str) -> str:
    if not cell:
        return "the cell is empty"
    if "," in cell:
        return "use a decimal point throughout, and no mark for thousands"
    return "separate columns by comma, semicolon or tab" if " " in cell else ""
