"""Make arcana/data/files/japanese_vowels.npz from the two text files in a wheel of aeon.

    pip download --no-deps -d wheels aeon
    python scripts/make_japanese_vowels.py wheels/aeon-*.whl

Series have different lengths: all frames lie one after another, beside the number of frames of each series. As in
make_basic_motions.py, x * 10^6 is a whole number, and the same wheel gives the same bytes every time.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arcana.errors import ArcanaError, BadFile, Problem
from arcana.files import write_whole

sys.path.insert(0, str(Path(__file__).parent))  # the scripts are no package

from make_basic_motions import DIVISOR, read_part, whole

TARGET = Path(__file__).parents[1] / "arcana" / "data" / "files" / "japanese_vowels.npz"
NAME = "JapaneseVowels"


def parse(text: str) -> tuple[list[NDArray[np.float64]], list[str], list[str]]:
    """Series (frames, channels) each, their labels, and all labels: one line is a:b:c:label, a = x1,x2,..."""
    header, _, body = text.partition("@data\n")
    names = next(line.split()[2:] for line in header.splitlines() if line.startswith("@classLabel true"))
    rows = [line.strip().split(":") for line in body.splitlines() if line.strip()]
    series = [np.array([np.array(c.split(","), dtype=np.float64) for c in row[:-1]]).T for row in rows]
    return series, [row[-1] for row in rows], names


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make japanese_vowels.npz from a wheel of aeon.")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--output", type=Path, default=TARGET)
    chosen = parser.parse_args(arguments)
    stored: dict[str, NDArray[np.generic]] = {"divisor": np.array(DIVISOR, np.int32)}
    counts, classes = [], []
    try:
        for part in ("train", "test"):
            series, labels, names = parse(read_part(chosen.wheel, part.upper(), NAME))
            stored[f"{part}_frames"] = whole(np.concatenate(series), chosen.wheel)
            stored[f"{part}_lengths"] = np.array([len(one) for one in series], np.uint8)
            stored[f"{part}_y"] = np.array([names.index(label) for label in labels], np.uint8)
            counts.append(len(series))
            classes.append(names)
        if classes[0] != classes[1]:
            raise BadFile(chosen.wheel, Problem("classes of TEST", classes[1], f"those of TRAIN, {classes[0]}"))
        stored["class_names"] = np.array([f"speaker {name}" for name in classes[0]])
        packed = io.BytesIO()
        np.savez_compressed(packed, **stored)  # type: ignore[arg-type]
        write_whole(chosen.output, packed.getvalue())
    except ArcanaError as error:
        print(error, file=sys.stderr)
        return 2
    size, digest = len(packed.getvalue()), hashlib.sha256(packed.getvalue()).hexdigest()
    print(f"{chosen.output}: {counts[0]} + {counts[1]} series, {size} bytes, sha256 {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
