"""The time column of a recording: how it is recognised, and the sampling step that it tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from arcana.errors import Problems
from arcana.units import show

NAMES = ("t", "time", "times", "timestamp", "timestamps")
UNITS: dict[str, Decimal] = {
    unit: Decimal(factor)
    for factor, group in {"60": "min", "1": "s sec", "1e-3": "ms", "1e-6": "us µs μs", "1e-9": "ns"}.items()
    for unit in group.split()
}
TOLERANCE = 0.01  # of a step, besides the rounding of the printed times

_HEADER = re.compile(r"([A-Za-z]+)\s*(?:[\[(](?P<bracket>[^\])]*)[\])]|[_/]\s*(?P<suffix>\w+))?")


def unit_of(header: str) -> str | None:
    """The unit of a time column, ``"s"`` where it states none; ``None`` if the header names something else.

    ``time``, ``Timestamp [ms]``, ``t (us)``, ``time/ms`` and ``time_s`` are time columns; ``T`` (a temperature,
    more often than not) and ``time_on`` are channels. What stands in a bracket is returned as it is: the caller
    checks it against ``UNITS``.
    """
    match = _HEADER.fullmatch(header.strip())
    if match is None:
        return None
    name = match.group(1)
    if (name if len(name) == 1 else name.lower()) not in NAMES:
        return None
    if match["suffix"] is not None:
        return match["suffix"] if match["suffix"] in UNITS else None
    return "s" if match["bracket"] is None else match["bracket"].strip()


def sampling_step(
    times: Sequence[str], lines: Sequence[int], unit: str, column: str, problems: Problems
) -> float | None:
    """The step of a clock, after a check that it ran evenly: dt = (t_last - t_first) / (T - 1) [s].

    A step may differ from the median step by 1 % of it plus the last printed digit of the times, and never by
    more than half a step, so that a missing sample is always seen. Differences are taken in decimal: a clock
    that counts from 1970 loses no digits.

    Args:
        times: The cells of the column, T >= 2 of them, each a finite number.
        lines: Line of the file on which each stands: (T,).
        unit: A key of ``UNITS``.
        column: Name of the column, for the messages.
        problems: Where every step that is not positive, or not uniform, is noted; the result is then ``None``.
    """
    before = len(problems)
    clock = [Decimal(cell) for cell in times]
    factor = UNITS[unit]
    last_digit = min(int(t.as_tuple().exponent) for t in clock)
    offsets = np.array([float((t - clock[0]) * factor) for t in clock])
    steps = np.diff(offsets)
    for i in np.flatnonzero(steps <= 0):
        allowed = f"more than the {times[i]} of line {lines[i]}"
        problems.note(f"line {lines[i + 1]}, column {column!r}", times[i + 1], allowed, unit)
    if len(problems) > before:
        return None
    usual = float(np.median(steps))
    slack = min(TOLERANCE * usual + float(Decimal(10) ** last_digit * factor), usual / 2)
    for i in np.flatnonzero(np.abs(steps - usual) > slack):
        problems.note(
            f"time from line {lines[i]} to line {lines[i + 1]}",
            float(f"{steps[i]:.6g}"),
            f"{show(usual, 's')} (the median step) within {show(slack, 's')}",
            "s",
            hint="a sample is missing or the clock is not even: resample the recording",
        )
    return None if len(problems) > before else float((clock[-1] - clock[0]) * factor / (len(clock) - 1))
