"""Labelled series in one file: what a network is judged on."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcana.data.basic_motions import BasicMotions, load_basic_motions
from arcana.errors import BadFile, Problem, Problems, did_you_mean
from arcana.files import write_whole

KEYS = ("x", "y", "class_names", "dt")
NEEDED = ("x", "y")
SHIPPED = ("basic-motions",)
# All that a damaged or hostile archive can make numpy and zipfile raise
_UNREADABLE = (
    OSError, ValueError, EOFError, RuntimeError, MemoryError, KeyError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Series:
    """Series of equal length, and the class of each.

    Attributes:
        x: Signals, or counts of events on each line: (series, time, channels) float32.
        y: Classes, from 0: (series,) int64.
        class_names: Names of the classes; empty if the file has none.
        dt: Time from one sample to the next, as the chip gets them [s]; None if nobody said.
    """

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    class_names: tuple[str, ...] = ()
    dt: float | None = None

    @property
    def classes(self) -> int:
        """Number of named classes; without names, as many as the largest class says."""
        return len(self.class_names) or int(self.y.max()) + 1


def standardised(data: BasicMotions) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Training and test series, each channel in standard deviations of its training part: (x - mean) / std."""
    mean, std = data.train_x.mean((0, 1)), data.train_x.std((0, 1))
    return (data.train_x - mean) / std, (data.test_x - mean) / std


def read_series(source: str | Path) -> Series:
    """Labelled series from an ``.npz`` file, or from a data set that comes with the package.

    The file holds ``x`` (series, time, channels) and ``y`` (series,), and may hold ``class_names`` and ``dt``
    [s]; other arrays in it are left alone. ``numpy.savez(path, x=..., y=...)`` writes one.

    Args:
        source: The file; or ``basic-motions``: its 40 test series, standardised.

    Raises:
        BadFile: if the file cannot be read (pickled objects are not), or listing all that is wrong in it.
    """
    if str(source) in SHIPPED:
        data = load_basic_motions()
        return Series(standardised(data)[1], data.test_y, data.class_names)
    arrays = _arrays(Path(source))
    problems = Problems()
    for key in NEEDED:
        if key not in arrays:
            problems.note(key, None, "an array of this name", hint="write it with numpy.savez(path, x=..., y=...)")
    x = _signals(arrays["x"], problems) if "x" in arrays else None
    y = _classes(arrays["y"], problems) if "y" in arrays else None
    names = _names(arrays["class_names"], problems) if "class_names" in arrays else ()
    dt = _step(arrays["dt"], problems) if "dt" in arrays else None
    if x is not None and y is not None and len(x) != len(y):
        problems.note("y", len(y), f"{len(x)} classes, one for each series of x")
    if y is not None and names and int(y.max()) >= len(names):
        problems.note("y", int(y.max()), f"0 to {len(names) - 1}: there are {len(names)} class_names")
    problems.raise_if_any(source)
    assert x is not None
    assert y is not None
    return Series(x, y, names, dt)


def write_series(path: str | Path, series: Series, overwrite: bool = True) -> Path:
    """Write what ``read_series`` reads; the same series give the same bytes.

    Raises:
        BadFile: if the file exists and ``overwrite`` is false, or cannot be written.
    """
    arrays: dict[str, Any] = {"x": series.x, "y": series.y}
    if series.class_names:
        arrays["class_names"] = np.array(series.class_names)
    if series.dt is not None:
        arrays["dt"] = np.float64(series.dt)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return write_whole(path, buffer.getvalue(), overwrite)


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of the file that have a meaning here."""
    if not path.exists():
        allowed = "an existing .npz file, or " + ", ".join(SHIPPED)
        hint = "no such file" if path.suffix else did_you_mean(str(path), SHIPPED)
        raise BadFile(path, Problem("data", str(path), allowed, hint=hint))
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = {key: archive[key] for key in KEYS if key in archive.files}
            # A member that is no array comes back as its bytes
            wrong = Problems(
                Problem(key, "bytes", "an array, in an .npz archive of numpy.savez(path, x=..., y=...)")
                for key, value in found.items() if not isinstance(value, np.ndarray)
            )  # fmt: skip
    except (AttributeError, TypeError) as error:  # a single array: no archive
        hint = "write it with numpy.savez(path, x=..., y=...)"
        raise BadFile(path, Problem("file", path.name, "an .npz archive with x and y", hint=hint)) from error
    except _UNREADABLE as error:
        hint = " ".join(str(error).split())[:200] or type(error).__name__
        allowed = "a whole .npz archive of plain arrays (no pickled objects)"
        raise BadFile(path, Problem("file", path.name, allowed, hint=hint)) from error
    wrong.raise_if_any(path)
    return found


def _signals(x: NDArray[Any], problems: Problems) -> NDArray[np.float32] | None:
    if x.dtype.kind not in "biuf":
        problems.note("x", str(x.dtype), "real numbers", "(type)")
        return None
    if x.ndim != 3 or not x.size:
        problems.note("x", x.shape, "(series, time, channels), none of them 0", "(shape)")
        return None
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes inf, and is refused as such
        values = x.astype(np.float32)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        series, time, channel = bad[0].tolist()
        hint = f"{len(bad)} such values"
        problems.note(f"x[{series}, {time}, {channel}]", float(x[tuple(bad[0])]), "a finite number", hint=hint)
        return None
    return values


def _classes(y: NDArray[Any], problems: Problems) -> NDArray[np.int64] | None:
    if y.ndim != 1 or not y.size:
        problems.note("y", y.shape, "(series,), at least one", "(shape)")
        return None
    if y.dtype.kind not in "iuf":
        hint = "names of classes go into class_names" if y.dtype.kind in "SU" else ""
        problems.note("y", str(y.dtype), "whole numbers >= 0: the number of the class", "(type)", hint)
        return None
    bad = np.flatnonzero(~((y >= 0) & (y < 2**31) & (y == np.floor(y))))
    if len(bad):
        hint = f"{len(bad)} such entries"
        problems.note(f"y[{bad[0]}]", y[bad[0]].item(), "a whole number >= 0: the number of the class", hint=hint)
        return None
    return y.astype(np.int64)


def _names(names: NDArray[Any], problems: Problems) -> tuple[str, ...]:
    if names.ndim != 1 or names.dtype.kind != "U" or not names.size:
        problems.note("class_names", f"{names.dtype} of shape {names.shape}", "a list of texts, one for each class")
        return ()
    return tuple(names.tolist())


def _step(dt: NDArray[Any], problems: Problems) -> float | None:
    number = float(dt.item()) if dt.size == 1 and dt.dtype.kind in "iuf" else math.nan
    if not (math.isfinite(number) and number > 0):
        problems.note("dt", dt.tolist() if dt.size < 5 else dt.shape, "one finite number > 0", "s")
        return None
    return number


__all__ = ["KEYS", "SHIPPED", "Series", "read_series", "standardised", "write_series"]
