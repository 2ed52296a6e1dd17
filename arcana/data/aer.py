"""Address events as files: one row for each event that goes into a board, or comes out of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcana.errors import Problems
from arcana.files import read_text, write_whole

INTO = np.dtype([("time_s", "f8"), ("chip", "i4"), ("cores", "i4"), ("tag", "i4")])
OUT = np.dtype([("time_s", "f8"), ("chip", "i4"), ("core", "i4"), ("neuron", "i4"), ("tag", "i4")])
SHOWN = 20  # problems that a message spells out; the rest is counted

Events = NDArray[Any]


def address_events(rows: Sequence[tuple[float, ...]], out: bool = False) -> Events:
    """A structured array: (time_s, chip, cores, tag) for input, (time_s, chip, core, neuron, tag) for output.

    Raises:
        BadInput: listing times that are not finite or that run backwards, and negative addresses.
    """
    kind, problems = OUT if out else INTO, Problems()
    names = kind.names or ()
    for k, row in enumerate(rows):
        if len(row) != len(names):
            problems.note(f"events[{k}]", tuple(row), ", ".join(names))
    _shorten(problems)
    problems.raise_if_any()
    events = np.array([tuple(row) for row in rows], dtype=kind)
    check_events(events)
    return events


def check_events(events: Events) -> None:
    """Refuse events that cannot be played.

    Raises:
        BadInput: listing times that are not finite, negative or run backwards, and negative addresses.
    """
    problems = Problems()
    if events.dtype not in (INTO, OUT) or events.ndim != 1:
        problems.note("events", f"{events.dtype} of shape {events.shape}", f"a row of {INTO.names} or {OUT.names}")
        problems.raise_if_any()
    _check_times(events["time_s"], [f"events[{k}]" for k in range(events.size)], problems)
    for name in (events.dtype.names or ())[1:]:
        for k in np.flatnonzero(events[name] < 0)[:SHOWN]:
            problems.note(f"events[{k}].{name}", int(events[name][k]), "a whole number >= 0")
    _shorten(problems)
    problems.raise_if_any()


def read_address_events(path: str | Path) -> Events:
    """Read a CSV file with a header of ``INTO`` or ``OUT``; empty lines and lines after ``#`` are skipped.

    Raises:
        BadFile: listing the lines that are not events, or that come before the one above them.
    """
    lines = [(n, line) for n, line in enumerate(read_text(path).removeprefix("\ufeff").splitlines(), 1)]
    lines = [(n, line) for n, line in lines if line.strip() and not line.lstrip().startswith("#")]
    problems = Problems()
    header = tuple(cell.strip() for cell in lines[0][1].split(",")) if lines else ()
    kind = next((k for k in (INTO, OUT) if header == k.names), None)
    if kind is None:
        allowed = " or ".join(",".join(k.names or ()) for k in (INTO, OUT))
        problems.note("header", ",".join(header), allowed)
        problems.raise_if_any(path)
        raise AssertionError
    rows, where = [], []
    for number, line in lines[1:]:
        cells = [cell.strip() for cell in next(csv.reader([line]))]
        try:
            row = (float(cells[0]), *map(int, cells[1:]))
            if len(cells) != len(header):
                raise ValueError
        except (ValueError, IndexError):
            problems.note(f"line {number}", line.strip(), ",".join(header) + ": a time [s] and whole numbers")
            continue
        for name, value in zip(header[1:], row[1:], strict=True):
            if not 0 <= value < 1 << 31:
                problems.note(f"line {number}, {name}", value, "a whole number >= 0")
        rows.append(row)
        where.append(f"line {number}")
    _check_times(np.array([row[0] for row in rows]), where, problems)
    _shorten(problems)
    problems.raise_if_any(path)
    return np.array(rows, dtype=kind)


def write_address_events(path: str | Path, events: Events, overwrite: bool = False) -> Path:
    """Write events as CSV; reading them back gives the same array.

    Raises:
        BadInput: for events that cannot be played.
        BadFile: if the file exists and ``overwrite`` is false, or it cannot be written.
    """
    check_events(events)
    text = io.StringIO()
    text.write(",".join(events.dtype.names or ()) + "\n")
    for row in events.tolist():
        text.write(",".join([repr(row[0]), *map(str, row[1:])]) + "\n")
    return write_whole(path, text.getvalue(), overwrite=overwrite)


def _check_times(times: NDArray[np.float64], where: Sequence[str], problems: Problems) -> None:
    wrong = ~(np.isfinite(times) & (times >= 0))
    for k in np.flatnonzero(wrong):
        problems.note(f"{where[k]}, time_s", float(times[k]), "a finite number >= 0", "s")
    for k in np.flatnonzero(np.diff(times) < 0) + 1:
        problems.note(
            f"{where[k]}, time_s", float(times[k]), f"at least {times[k - 1]:g}, as events are in order", "s"
        )


def _shorten(problems: Problems) -> None:
    if len(problems) > SHOWN:
        rest = len(problems) - SHOWN
        del problems[SHOWN:]
        problems.note("further problems", rest, "none")
