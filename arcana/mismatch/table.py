"""Reading a table of measurements, one neuron a row, with every problem and its row."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from arcana.errors import BadInput, Problems, did_you_mean
from arcana.files import read_text
from arcana.hardware.profile import HardwareProfile
from arcana.mismatch.columns import LABELS, LARGEST, Column, check_once, read_name

Array: TypeAlias = NDArray[np.float64]
SILENT = "silent"
_SHOWN = 20  # more bad rows than this are counted, not listed


class LeftOut(NamedTuple):
    """A value that could not be used."""

    where: str
    column: str
    value: float
    reason: str


@dataclass(frozen=True, eq=False)
class Measurements:
    """A table after its checks.

    Attributes:
        rows: What each row is called in messages ("line 7" of a file, "row 3" of arrays, from 0), with its neuron.
        core: Number of the (chip, core) of each row, (n,), counted from 0.
        columns: What was measured.
        values: By name of the column, in SI units, (n,); NaN where there is no usable value.
        left_out: The values that became NaN.
    """

    rows: tuple[str, ...]
    core: NDArray[np.int64]
    columns: tuple[Column, ...]
    values: dict[str, Array]
    left_out: list[LeftOut] = field(default_factory=list)


def read_measurements(
    table: Any,
    profile: HardwareProfile | None,
    group_by: Sequence[str],
    ignore: Sequence[str],
    refuse_missing: bool,
) -> Measurements:
    """Read a table: the path of a CSV file, a mapping of columns, or a structured array.

    Raises:
        BadInput: listing unknown columns and units, values that are no number or not positive, rows without a chip
            or core, and an empty table.
    """
    problems, cells, rows = Problems(), *_cells(table)
    problems.extend(_unknown_options(group_by, ignore, cells))
    cells = {name: cell for name, cell in cells.items() if name.strip() not in ignore}
    sizes = {name: len(cell) for name, cell in cells.items()}
    if len(set(sizes.values())) > 1:
        problems.note("lengths of the columns", sizes, "equal ones")
    if not cells or not max(sizes.values()):
        problems.note("table", "no rows", "one row for each neuron")
    problems.raise_if_any()
    names = {name: name.strip().lower() for name in cells if name.strip().lower() in LABELS}
    found = {name: read_name(name, profile, problems) for name in cells if name not in names}
    columns = {name: column for name, column in found.items() if column is not None}
    check_once(columns, problems)
    if not found:
        problems.note("columns", list(cells), "at least one measured quantity, such as tau_mem")
    labels = {key: _whole(key, cells[name], rows, problems) for name, key in names.items()}
    _check_places(labels, rows, profile, problems)
    rows = tuple(_called(row, k, labels) for k, row in enumerate(rows))
    left_out: list[LeftOut] = []
    values = {n: _numbers(columns[n], cells[n], rows, refuse_missing, left_out, problems) for n in columns}
    _raise(problems, table)
    keys = [labels[key] for key in group_by if key in labels]
    core = np.unique(np.stack(keys, 1), axis=0, return_inverse=True)[1].ravel() if keys else np.zeros(len(rows))
    return Measurements(rows, core.astype(np.int64), tuple(columns.values()), values, left_out)


def _cells(table: Any) -> tuple[dict[str, Sequence[Any]], tuple[str, ...]]:
    """Cells by column, and what the rows are called."""
    if isinstance(table, str | Path):
        return _csv(table)
    if isinstance(table, np.ndarray) and table.dtype.names:
        table = {name: table[name] for name in table.dtype.names}
    if not isinstance(table, Mapping):
        allowed = "the path of a CSV file, a mapping of columns, or a structured array"
        raise BadInput.one("table", type(table).__name__, allowed)
    bad = [str(name) for name, cell in table.items() if np.ndim(cell) != 1]
    if bad:
        raise BadInput.one("columns", bad, "one-dimensional arrays, a value for each neuron")
    cells = {str(name): np.asarray(cell).tolist() for name, cell in table.items()}
    return cells, tuple(f"row {k}" for k in range(max(map(len, cells.values()), default=0)))


def _csv(path: str | Path) -> tuple[dict[str, Sequence[Any]], tuple[str, ...]]:
    lines = list(enumerate(read_text(path).removeprefix("\ufeff").splitlines(), 1))
    lines = [(k, line) for k, line in lines if line.strip() and not line.lstrip().startswith("#")]
    problems = Problems()
    if len(lines) < 2:
        problems.note("table", "no rows", "a header, and one row for each neuron")
        problems.raise_if_any(path)
    mark = next((m for m in "\t;" if m in lines[0][1]), ",")
    split = [(k, [cell.strip() for cell in next(csv.reader([line], delimiter=mark))]) for k, line in lines]
    header, body = split[0][1], split[1:]
    if len(set(header)) < len(header) or "" in header:
        problems.note("header", header, "a different name for each column")
    for k, row in body:
        if len(row) != len(header):
            problems.note(f"line {k}", f"{len(row)} cells", f"{len(header)}, as in the header")
    _raise(problems, path)
    cells: dict[str, Sequence[Any]] = {name: [row[j] for _, row in body] for j, name in enumerate(header)}
    return cells, tuple(f"line {k}" for k, _ in body)


def _numbers(
    column: Column, cells: Sequence[Any], rows: Sequence[str], refuse: bool, out: list[LeftOut], problems: Problems
) -> Array:
    """The values in SI units. A missing value, and a rate of 0, is left out, or refused."""
    values, zero_left_out = np.full(len(cells), np.nan), column.unit == "Hz"
    for k, cell in enumerate(cells):
        number = _number(cell)
        label = f"{rows[k]}, {column.name}"
        if number is None or math.isinf(number) or number < 0 or (number == 0 and not zero_left_out):
            problems.note(
                label, cell, f"a finite number > 0{', or 0 for silent' if zero_left_out else ''}", column.unit
            )
        elif number > 0:
            values[k] = number * column.factor
        elif refuse:
            problems.note(
                label, cell, "a finite number > 0", column.unit, hint="missing='leave_out' goes on without"
            )
        else:
            out.append(LeftOut(rows[k], column.name, number, SILENT if number == 0 else "not measured"))
    good = values[np.isfinite(values)]
    if good.size and np.median(good) > LARGEST[column.unit]:
        hint = f"give the unit, as in '{column.name} [ms]'" if column.unit == "s" else "give the unit in brackets"
        problems.note(
            f"median of {column.name}",
            float(np.median(good)),
            f"at most {LARGEST[column.unit]:g}",
            column.unit,
            hint,
        )
    return values


def _number(cell: Any) -> float | None:
    """A number; NaN for an empty cell; None for what is neither."""
    if cell is None or cell == "":
        return math.nan
    try:
        return None if isinstance(cell, bool) or (isinstance(cell, str) and "_" in cell) else float(cell)
    except (TypeError, ValueError):
        return None


def _whole(key: str, cells: Sequence[Any], rows: Sequence[str], problems: Problems) -> NDArray[np.int64]:
    numbers = np.zeros(len(cells), dtype=np.int64)
    for k, cell in enumerate(cells):
        number = _number(cell)
        if number is None or not number >= 0 or number != int(number):
            problems.note(f"{rows[k]}, {key}", cell, "a whole number >= 0")
        else:
            numbers[k] = int(number)
    return numbers


def _check_places(
    labels: Mapping[str, NDArray[np.int64]],
    rows: Sequence[str],
    profile: HardwareProfile | None,
    problems: Problems,
) -> None:
    """Each neuron once, and where the chip has neurons."""
    if profile is not None:
        sizes = {"core": profile.cores_per_chip, "neuron": profile.neurons_per_core}
        for key in (key for key in sizes if key in labels):
            for k in np.flatnonzero(labels[key] >= sizes[key]):
                problems.note(f"{rows[k]}, {key}", int(labels[key][k]), f"0 to {sizes[key] - 1} on {profile.name}")
    if "neuron" not in labels:
        return
    seen: dict[tuple[int, ...], int] = {}
    for k, place in enumerate(zip(*(labels[key].tolist() for key in LABELS if key in labels), strict=True)):
        first = seen.setdefault(place, k)
        if first != k:
            problems.note(f"{rows[k]}, neuron", place[-1], f"each neuron once: it is in {rows[first]} as well")


def _called(row: str, k: int, labels: Mapping[str, NDArray[np.int64]]) -> str:
    place = " ".join(f"{key} {labels[key][k]}" for key in LABELS if key in labels)
    return f"{row} ({place})" if place else row


def _unknown_options(group_by: Sequence[str], ignore: Sequence[str], cells: Mapping[str, Any]) -> Problems:
    problems = Problems()
    for key in group_by:
        if key not in LABELS[:2]:
            problems.note("group_by", key, "chip, core or both", hint=did_you_mean(str(key), LABELS[:2]))
    for name in ignore:
        if name not in [cell.strip() for cell in cells]:
            problems.note("ignore", name, "a column of the table", hint=did_you_mean(str(name), cells))
    return problems


def _raise(problems: Problems, table: Any) -> None:
    """Raise with the first problems spelled out and the number of the others."""
    if len(problems) > _SHOWN:
        rest = len(problems) - _SHOWN
        del problems[_SHOWN:]
        problems.note("further problems", rest, "none")
    problems.raise_if_any(table if isinstance(table, str | Path) else None)
