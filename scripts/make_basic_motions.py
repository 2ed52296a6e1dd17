"""Make arcana/data/files/basic_motions.npz from the two text files in a wheel of aeon (or sktime).

    pip download --no-deps -d wheels aeon
    python scripts/make_basic_motions.py wheels/aeon-*.whl

The text has six decimals, so x * 10^6 is a whole number: it is kept as int32, and nothing is lost. The same
wheel gives the same bytes every time (with the same zlib; another one may pack the same numbers differently).
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arcana.errors import ArcanaError, BadFile, Problem
from arcana.files import write_whole

TARGET = Path(__file__).parents[1] / "arcana" / "data" / "files" / "basic_motions.npz"
CHANNELS = ("acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z")
SAMPLING_RATE = 10.0  # [Hz]: "once every tenth of a second", says the text file
DIVISOR = 1_000_000


def read_part(wheel: Path, part: str, name: str = "BasicMotions") -> str:
    """The text of the TRAIN or TEST file of a data set inside the wheel."""
    tail = f"/{name}/{name}_{part}.ts"
    try:
        with zipfile.ZipFile(wheel) as archive:
            found = [entry for entry in archive.namelist() if entry.endswith(tail)]
            if len(found) == 1:
                return archive.read(found[0]).decode("ascii")
    except (OSError, zipfile.BadZipFile) as error:
        raise BadFile(wheel, Problem("wheel", str(wheel), "a readable wheel", hint=str(error))) from error
    raise BadFile(wheel, Problem(tail, f"{len(found)} files", "exactly one in the wheel"))


def parse(text: str) -> tuple[NDArray[np.float64], NDArray[np.uint8], list[str]]:
    """Series (n, T, channels), class of each (n,), and class names: one line is a:b:c:label, a = x1,x2,..."""
    header, _, body = text.partition("@data\n")
    names = next(line.split()[2:] for line in header.splitlines() if line.startswith("@classLabel true"))
    rows = [line.strip().split(":") for line in body.splitlines() if line.strip()]
    series = np.array([[np.array(c.split(","), dtype=np.float64) for c in row[:-1]] for row in rows])
    return series.transpose(0, 2, 1), np.array([names.index(row[-1]) for row in rows], dtype=np.uint8), names


def whole(series: NDArray[np.float64], wheel: Path) -> NDArray[np.int32]:
    """The integers x * 10^6, refused unless dividing gives back every number exactly."""
    steps: NDArray[np.int32] = np.rint(series * DIVISOR).astype(np.int32)
    if not np.array_equal(steps / DIVISOR, series):
        raise BadFile(wheel, Problem("decimals", "more than 6", "at most 6: else something would be lost"))
    return steps


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make basic_motions.npz from a wheel of aeon or sktime.")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--output", type=Path, default=TARGET)
    chosen = parser.parse_args(arguments)
    try:
        train_x, train_y, names = parse(read_part(chosen.wheel, "TRAIN"))
        test_x, test_y, test_names = parse(read_part(chosen.wheel, "TEST"))
        if names != test_names:
            raise BadFile(chosen.wheel, Problem("classes of TEST", test_names, f"those of TRAIN, {names}"))
        packed = io.BytesIO()
        np.savez_compressed(
            packed,
            train_x=whole(train_x, chosen.wheel),
            train_y=train_y,
            test_x=whole(test_x, chosen.wheel),
            test_y=test_y,
            divisor=np.int32(DIVISOR),
            class_names=np.array(names),
            channel_names=np.array(CHANNELS),
            sampling_rate=np.float64(SAMPLING_RATE),
        )
        write_whole(chosen.output, packed.getvalue())
    except ArcanaError as error:
        print(error, file=sys.stderr)
        return 2
    size, digest = len(packed.getvalue()), hashlib.sha256(packed.getvalue()).hexdigest()
    print(f"{chosen.output}: {train_x.shape} + {test_x.shape}, {size} bytes, sha256 {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
