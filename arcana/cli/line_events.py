"""Event lists whose rows name an input line, by its number or by its name."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from arcana.data.event_reader import Events
from arcana.errors import Problems
from arcana.files import read_text

COLUMNS = ("channel", "name")  # the first of them that a file has says which line it is


def read_line_events(path: Path, lines: Sequence[str]) -> Events:
    """Read a CSV file with the columns ``time_s`` and ``channel`` (or ``name``), in order of time.

    A cell is the number of the line, counted over all inputs, or its name, such as ``IN[0]``. Columns may stand in
    any order, others are ignored; empty lines and lines that start with ``#`` are skipped.

    Args:
        path: The file.
        lines: Names of the input lines.

    Raises:
        BadFile: listing the lines that are no events, or that come before the one above them.
    """
    rows = [(n, line) for n, line in enumerate(read_text(path).splitlines(), 1)]
    rows = [(n, line) for n, line in rows if line.strip() and not line.lstrip().startswith("#")]
    problems = Problems()
    header = _cells(rows[0][1]) if rows else []
    column = next((name for name in COLUMNS if name in header), "")
    _check_header(header, column, problems)
    problems.raise_if_any(path)
    known = {name: k for k, name in enumerate(lines)}
    allowed = f"0 to {len(lines) - 1}, or a name such as {lines[0]}" if lines else "none: there are no input lines"
    times, found = list[float](), list[int]()
    for n, line in rows[1:]:
        cells = _cells(line)
        if len(cells) != len(header):
            problems.note(f"line {n}", f"{len(cells)} columns", f"{len(header)} columns, as in line {rows[0][0]}")
            continue
        cell, number = cells[header.index(column)], _number(cells[header.index("time_s")])
        if number is None or number < 0:
            problems.note(f"line {n}, time_s", cells[header.index("time_s")], "a finite number >= 0", "s")
        elif times and number < times[-1]:
            problems.note(f"line {n}, time_s", number, f"at least {times[-1]:g}: events in order", "s")
        else:
            times.append(number)
            found.append(_line(cell, known, f"line {n}, {column}", allowed, problems))
    problems.raise_if_any(path)
    return Events(np.array(times, dtype=np.float64), np.array(found, dtype=np.int64), None)


def _check_header(header: list[str], column: str, problems: Problems) -> None:
    shown = ",".join(header)
    if len(header) == 1 and any(mark in shown for mark in ";\t|"):
        problems.note("header", shown, "columns that are separated by commas, as in time_s,channel")
        return
    if "time_s" not in header:
        problems.note("header", shown, "a column 'time_s', as in time_s,channel")
    if not column:
        problems.note("header", shown, "a column 'channel' or 'name', as in time_s,channel")
    for name in ("time_s", column):
        if name and header.count(name) > 1:
            problems.note("header", shown, f"one column {name!r}")
    if "chip" in header:
        problems.note("header", shown, "the events of one board: no column 'chip'")


def _line(cell: str, known: Mapping[str, int], where: str, allowed: str, problems: Problems) -> int:
    """The number of a line; 0 where it was noted."""
    number = known.get(cell, _number(cell))
    if number is None or not 0 <= number < len(known) or number != int(number):
        problems.note(where, cell if number is None else f"{number:g}", allowed)
        return 0
    return int(number)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], skipinitialspace=True))]


def _number(cell: str) -> float | None:
    try:
        value = math.nan if "_" in cell else float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
