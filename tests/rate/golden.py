"""Runs of the original programs: configurations, connections, first states, inputs, and rates after every step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

FILE = Path(__file__).parents[1] / "golden" / "rates" / "rates.npz"
NAMES = ("sparse_nmda", "sparse_plain", "inst", "all2all_ring")


class Golden(NamedTuple):
    config: dict
    weights: torch.Tensor  # (pre, post), scaled
    rates0: torch.Tensor
    rec0: torch.Tensor
    ff: torch.Tensor  # (steps, N), scaled
    rates: torch.Tensor  # (steps, N)
    scaled: np.ndarray  # J (post population, pre population)


def golden(name, dtype=torch.float64):
    with np.load(FILE) as data:
        part = {key.split("|")[1]: data[key] for key in data.files if key.startswith(name + "|")}
    sizes = part["Na"]
    population, n = np.repeat(np.arange(len(sizes)), sizes), int(sizes.sum())
    weights = part["W_pre_post"]
    if weights.dtype == np.uint8:
        ones = np.unpackbits(weights)[: n * n].reshape(n, n)
        weights = ones * part["Jscaled"].astype(float)[population][:, population].T
    steps = int(part["N_STEPS"])
    edges = [*part["ff_change_steps"].tolist(), steps]
    ff = np.concatenate(
        [np.tile(row, (b - a, 1)) for row, a, b in zip(part["ff_at_change"], edges[:-1], edges[1:], strict=True)]
    )
    arrays = (weights, part["rates0"], part["rec0"], ff, part["rates"])
    return Golden(json.loads(str(part["config"])), *(torch.tensor(a, dtype=dtype) for a in arrays), part["Jscaled"])
