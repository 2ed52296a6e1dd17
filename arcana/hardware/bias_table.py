"""Reads the whole table of a bias generator from a CSV file."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from arcana.errors import Problems
from arcana.files import read_text

COLUMNS = ("type", "coarse", "fine", "current_A")
_SHOWN = 20  # more problems than this are counted, not listed

Levels = dict[str, tuple[tuple[float, ...], ...]]


def read_bias_table(path: str | Path, coarse_codes: int, fine_codes: int) -> Levels:
    """The currents of all codes, by transistor type: ``levels["N"][coarse][fine]`` [A].

    The file has the columns type (N or P), coarse, fine and current_A, in this order, and one row for each code
    of each type, in any order. The currents need not rise with the fine code.

    Raises:
        BadFile: if the file is missing or damaged, or rows are missing, doubled or not numbers; lists them.
    """
    rows = list(csv.reader(io.StringIO(read_text(path))))
    problems = Problems()
    if not rows or tuple(cell.strip() for cell in rows[0]) != COLUMNS:
        problems.note("first line", ",".join(rows[0]) if rows else "", ",".join(COLUMNS))
        problems.raise_if_any(path)
    found: dict[tuple[str, int, int], float] = {}
    for number, row in enumerate(rows[1:], start=2):
        if row:
            _read_row(row, f"line {number}", (coarse_codes, fine_codes), found, problems)
    wanted = [(t, c, f) for t in ("N", "P") for c in range(coarse_codes) for f in range(fine_codes)]
    for kind, coarse, fine in wanted:
        if (kind, coarse, fine) not in found:
            problems.note(f"row {kind},{coarse},{fine}", "(missing)", "one row for each code of each type")
    if len(problems) > _SHOWN:
        rest = len(problems) - _SHOWN
        del problems[_SHOWN:]
        problems.note("further problems", rest, "none")
    problems.raise_if_any(path)
    return {
        kind: tuple(tuple(found[kind, c, f] for f in range(fine_codes)) for c in range(coarse_codes))
        for kind in ("N", "P")
    }


def _read_row(
    row: list[str],
    where: str,
    size: tuple[int, int],
    found: dict[tuple[str, int, int], float],
    problems: Problems,
) -> None:
    text = ",".join(row)
    try:
        kind, coarse, fine, current = row[0].strip(), int(row[1]), int(row[2]), float(row[3])
    except (ValueError, IndexError):
        problems.note(where, text, ",".join(COLUMNS) + " with whole codes and a number")
        return
    if len(row) != len(COLUMNS) or kind not in ("N", "P") or not (0 <= coarse < size[0] and 0 <= fine < size[1]):
        allowed = f"type N or P, coarse 0 to {size[0] - 1}, fine 0 to {size[1] - 1}, and no further column"
        problems.note(where, text, allowed)
    elif not (math.isfinite(current) and current >= 0):
        problems.note(f"{where}, current_A", current, "a finite number >= 0", "A")
    elif (kind, coarse, fine) in found:
        problems.note(where, text, "each code once")
    else:
        found[kind, coarse, fine] = current
