"""BasicMotions: four activities as a smart watch on the wrist feels them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcana.data.shipped import read_arrays

FILE = "basic_motions.npz"


@dataclass(frozen=True, eq=False)
class BasicMotions:
    """80 recordings of 10 s, half of them for training.

    Attributes:
        train_x: Accelerometer x y z, then gyroscope x y z: (40, 100, 6) float32. The archive states no units.
        train_y: Class of each series, an index into ``class_names``: (40,) int64.
        test_x: As ``train_x``, other recordings: (40, 100, 6) float32.
        test_y: As ``train_y``: (40,) int64.
        class_names: The activities, in the order of the archive.
        channel_names: Names of the 6 channels.
        sampling_rate: Samples per second [Hz].
    """

    train_x: NDArray[np.float32]
    train_y: NDArray[np.int64]
    test_x: NDArray[np.float32]
    test_y: NDArray[np.int64]
    class_names: tuple[str, ...]
    channel_names: tuple[str, ...]
    sampling_rate: float


def load_basic_motions() -> BasicMotions:
    """The BasicMotions set of the UEA archive; every call returns fresh arrays that may be written to.

    x = stored integer / divisor, with divisor = 10^6 because the archive's text has six decimals: the
    float32 values are the same, bit for bit, as those read from that text.

    Raises:
        BadFile: if the installation is damaged.
    """
    stored = read_arrays(FILE)
    divisor = float(stored["divisor"])

    def series(name: str) -> NDArray[np.float32]:
        # Dividing (not multiplying by 1e-6) in float64 rounds once, as reading the decimal text does.
        return (stored[name] / divisor).astype(np.float32)

    return BasicMotions(
        train_x=series("train_x"),
        train_y=stored["train_y"].astype(np.int64),
        test_x=series("test_x"),
        test_y=stored["test_y"].astype(np.int64),
        class_names=tuple(stored["class_names"].tolist()),
        channel_names=tuple(stored["channel_names"].tolist()),
        sampling_rate=float(stored["sampling_rate"]),
    )
