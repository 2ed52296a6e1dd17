"""The command of a study, and series for it."""

from __future__ import annotations

import numpy as np

RUN = "robustness dynapse1.json --data series.npz -o out --workers 1 --chips 5 --scale 0,0.3"


def waves(n=6, steps=60, channels=2):
    t = np.arange(steps) / 1000
    return np.stack([np.sin(2 * np.pi * t[:, None] * (4 + 3 * k + np.arange(channels))) for k in range(n)])
