"""The file of encoded events: one row for each UP or DOWN spike of an asynchronous delta modulator."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from arcana.errors import Problems
from arcana.files import write_whole

HEADER = ("time_s", "channel", "polarity")


def write_events(
    path: str | Path,
    times: ArrayLike,
    channels: ArrayLike,
    polarity: ArrayLike,
    channel_names: Sequence[str] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write events as CSV with the columns ``time_s,channel,polarity``, in order of time.

    polarity = UP where the signal rose by a threshold, DOWN where it fell. Times are written with all their
    digits, so reading them back gives the same float64. Events at the same time keep the order given.

    Args:
        path: The file to write.
        times: Time of each event [s]: (E,), finite numbers >= 0.
        channels: Channel of each event, counted from 0: (E,) whole numbers.
        polarity: +1 for UP, -1 for DOWN: (E,).
        channel_names: If given, the file names the channels instead of numbering them.
        overwrite: Whether a file that exists may be replaced.

    Raises:
        BadInput: if the three arrays do not describe events; all problems are listed.
        BadFile: if the file exists and ``overwrite`` is false, or it cannot be written.
    """
    when, where, sign = np.asarray(times), np.asarray(channels), np.asarray(polarity)
    problems = Problems()
    for name, values, kinds in (("times", when, "fiu"), ("channels", where, "iu"), ("polarity", sign, "fiu")):
        if values.ndim != 1 or values.size != when.size:
            problems.note(name, values.shape, f"a shape of ({when.size},): one entry for each event")
        elif values.size and values.dtype.kind not in kinds:
            problems.note(name, str(values.dtype), "whole numbers" if kinds == "iu" else "numbers")
    problems.raise_if_any()

    last = np.inf if channel_names is None else len(channel_names) - 1
    for name, values, good, allowed, unit in (
        ("times", when, np.isfinite(when) & (when >= 0), "a finite number >= 0", "s"),
        ("channels", where, (where >= 0) & (where <= last), f"0 to {last:g}", ""),
        ("polarity", sign, np.isin(sign, (-1, 1)), "+1 (UP) or -1 (DOWN)", ""),
    ):
        if not good.all():
            first, total = int(np.argmin(good)), int(good.size - good.sum())
            more = f"and {total - 1} more" if total > 1 else ""
            problems.note(f"{name}[{first}]", values[first].item(), allowed, unit, more)
    problems.raise_if_any()

    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEADER)
    for i in np.argsort(when, kind="stable"):
        channel = int(where[i])
        label = channel if channel_names is None else channel_names[channel]
        rows.writerow((repr(float(when[i])), label, "UP" if sign[i] > 0 else "DOWN"))
    return write_whole(path, text.getvalue(), overwrite=overwrite)
