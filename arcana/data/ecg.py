"""Five minutes of an electrocardiogram, with noise and with premature beats."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arcana.data.shipped import read_arrays

FILE = "ecg_mitdb208.npz"


class ECG(NamedTuple):
    """One lead of an electrocardiogram.

    Attributes:
        signal: Voltage [mV]: (n,) float64.
        sampling_rate: Samples per second [Hz].
    """

    signal: NDArray[np.float64]
    sampling_rate: float


def load_ecg() -> ECG:
    """An excerpt of record 208 of the MIT-BIH Arrhythmia Database: 108,000 samples at 360 Hz.

    signal = stored integer / steps_per_mV, with 200 steps of the recorder's converter per mV.

    Raises:
        BadFile: if the installation is damaged.
    """
    stored = read_arrays(FILE)
    signal = stored["steps"] / float(stored["steps_per_mV"])
    return ECG(signal=signal, sampling_rate=float(stored["sampling_rate"]))
