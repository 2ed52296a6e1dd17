"""The reader of event lists: a row for each event, as ``write_events`` and most event cameras' tools leave them."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arcana.errors import BadFile, Problem, Problems, did_you_mean
from arcana.files import read_text

COLUMNS = ("time_s", "channel", "polarity")
SHOWN = 10  # problems that a message spells out; the error's ``problems`` hold all of them


@dataclass(frozen=True, eq=False)
class Events:
    """Events in order of time.

    Attributes:
        times: Time of each event [s]: (E,) float64.
        channels: Its channel, counted from 0: (E,) int64.
        polarity: +1 for UP and -1 for DOWN, (E,) int64; None if the file has no such column.
    """

    times: NDArray[np.float64]
    channels: NDArray[np.int64]
    polarity: NDArray[np.int64] | None


def read_events(path: str | Path, ordered: bool = False) -> Events:
    """Read a CSV file with the columns ``time_s,channel`` and, optionally, ``polarity`` (UP or DOWN).

    Columns may stand in any order; empty lines and lines that start with ``#`` are skipped. The result is in order
    of time, events at the same time in the order of the file; with ``ordered`` the rows have to be in order too.

    Raises:
        BadFile: if the file cannot be used; the message lists the first 10 problems with their lines, and
            ``problems`` holds all.
    """
    lines = [(n, line) for n, line in enumerate(read_text(path).removeprefix("\ufeff").split("\n"), 1)]
    lines = [(n, line) for n, line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        raise BadFile(path, Problem("events", "an empty file", f"a header {','.join(COLUMNS[:2])} and a row each"))
    problems = Problems()
    place = _header(lines[0][1], problems)
    problems.raise_if_any(path)
    width = len(_cells(lines[0][1]))
    times, channels, signs = list[float](), list[int](), list[int]()
    for n, line in lines[1:]:
        cells = _cells(line)
        if len(cells) != width:
            problems.note(f"line {n}", f"{len(cells)} columns", f"{width} columns, as in line {lines[0][0]}")
            continue
        row = {name: cells[k] for name, k in place.items()}
        time, channel = _number(row["time_s"]), _number(row["channel"])
        if ordered and time is not None and times and time < times[-1]:
            problems.note(f"line {n}, column 'time_s'", time, f"at least {times[-1]:g}: events in order", "s")
        if time is None or time < 0:
            problems.note(f"line {n}, column 'time_s'", row["time_s"], "a finite number >= 0", "s")
        if channel is None or channel < 0 or channel != int(channel) or channel > 2**31:
            problems.note(f"line {n}, column 'channel'", row["channel"], "a whole number >= 0")
        if row.get("polarity", "UP") not in ("UP", "DOWN"):
            problems.note(f"line {n}, column 'polarity'", row["polarity"], "UP or DOWN")
        times.append(time or 0.0)
        channels.append(int(channel or 0))
        signs.append(1 if row.get("polarity") == "UP" else -1)
    if problems:
        raise _first_of(problems, path)
    when = np.array(times, dtype=np.float64)
    order = np.argsort(when, kind="stable")
    sign = np.array(signs, dtype=np.int64)[order] if "polarity" in place else None
    return Events(when[order], np.array(channels, dtype=np.int64)[order], sign)


def _header(line: str, problems: Problems) -> dict[str, int]:
    names = _cells(line)
    for name in COLUMNS[:2]:
        if name not in names:
            hint = did_you_mean(name, names)
            problems.note("header", line.strip(), f"a column {name!r}, as in {','.join(COLUMNS[:2])}", hint=hint)
    for name in COLUMNS:
        if names.count(name) > 1:
            problems.note("header", line.strip(), f"one column {name!r}")
    return {name: names.index(name) for name in COLUMNS if name in names}


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line.rstrip("\r")], skipinitialspace=True))]


def _number(cell: str) -> float | None:
    try:
        value = math.nan if "_" in cell else float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _first_of(problems: Problems, path: str | Path) -> BadFile:
    error = BadFile(path, problems)
    if len(problems) > SHOWN:
        listed = "".join(f"\n  - {problem}" for problem in problems[:SHOWN])
        error.args = (f"{path}: {len(problems)} problems, of which the first {SHOWN} are:{listed}",)
    return error
