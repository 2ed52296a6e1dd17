"""The reader of a user's own signal: a CSV file with a row for each sample and a column for each channel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arcana.data.table import read_table
from arcana.data.time_column import NAMES, TOLERANCE, sampling_step
from arcana.errors import BadFile, Problems
from arcana.files import read_text

SHOWN = 10  # problems that a message spells out; the error's ``problems`` hold all of them


@dataclass(frozen=True, eq=False)
class Signal:
    """A recording sampled at even steps.

    Attributes:
        values: The samples, in the units of the file: (T, N) float64.
        dt: Time from one sample to the next [s].
        channel_names: Names of the N channels.
    """

    values: NDArray[np.float64]
    dt: float
    channel_names: tuple[str, ...]


def read_signal(path: str | Path, dt: float | None = None) -> Signal:
    """Read a recording: values[k] is the sample at time k * dt after the first one.

    The file is UTF-8 text. Columns are separated by commas, semicolons or tabs. Empty lines and lines that start
    with ``#`` are skipped. The first other line is a header if none of its cells is a number or one names the
    time; without a header the channels are called ``ch0``, ``ch1`` and so on. A column called ``time``, ``t`` or
    ``timestamp`` gives the sampling step, in seconds or in the unit of its name, such as ``time [ms]``; each step
    must be the median step within 1 % and the rounding of the printed times. In a file with semicolons, a decimal
    comma is understood where no number has a decimal point.

    Args:
        path: The file.
        dt: Sampling step [s]; needed where there is no time column, and must agree with it (1 %) where there is.

    Raises:
        BadFile: if the file cannot be used. The message lists the first 10 problems with their lines and says how
            many there are; ``problems`` of the error holds all.
    """
    problems = Problems()
    given = _step(dt)
    if dt is not None and given is None:
        problems.note("dt", dt, "a finite number > 0", "s")
    try:
        text = read_text(path)
    except BadFile as error:
        raise BadFile(path, [*problems, *error.problems]) from error
    if "\0" in text:
        problems.note("content", "binary", "UTF-8 text", hint="export the recording as a CSV file in UTF-8")
        problems.raise_if_any(path)

    rows_before = len(problems)
    table = read_table(text, problems)
    if table.time is None and dt is None and table.lines:
        hint = "a time column is called " + ", ".join(NAMES)
        problems.note("dt", None, "the sampling step in seconds, or a file with a time column", hint=hint)
    step = given
    # The times of a file with bad rows have gaps that are not the clock's: they are checked once the rows are good.
    if table.header and table.time is not None and len(problems) == rows_before:
        column = table.header[table.time]
        step = sampling_step(table.clock, table.lines, table.unit, column, problems)
        if step is not None and given is not None and abs(given - step) > TOLERANCE * step:
            problems.note("dt", dt, f"{step:.6g} s as in column {column!r}, or no dt", "s")
    if problems or step is None:
        raise _all_of(problems, path)

    keep = [i for i in range(table.numbers.shape[1]) if i != table.time]
    names = [table.header[i] for i in keep] if table.header else [f"ch{i}" for i in keep]
    return Signal(np.ascontiguousarray(table.numbers[:, keep]), step, tuple(names))


def _step(dt: object) -> float | None:
    """A sampling step as a float; ``None`` if it is no finite positive number."""
    kinds = (int, float, np.integer, np.floating)
    number = float(dt) if isinstance(dt, kinds) and not isinstance(dt, bool) else math.nan
    return number if math.isfinite(number) and number > 0 else None


def _all_of(problems: Problems, path: str | Path) -> BadFile:
    """The error of all problems, with a message that spells out the first few."""
    error = BadFile(path, problems)
    if len(problems) > SHOWN:
        listed = "".join(f"\n  - {problem}" for problem in problems[:SHOWN])
        error.args = (f"{path}: {len(problems)} problems, of which the first {SHOWN} are:{listed}",)
    return error
