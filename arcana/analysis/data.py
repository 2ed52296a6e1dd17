"""The series that chips are judged on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from arcana.errors import BadInput, Problems
from arcana.typing import Tensor


def read_data(data: Any) -> tuple[Tensor, Any]:
    """Series and targets from ``(X, y)`` (tensors or arrays), or from a ``TensorDataset`` with these two.

    Returns:
        X (B, T, channels) and the targets; arrays become tensors, anything else that has B entries stays as it is.

    Raises:
        BadInput: listing an empty batch, wrong shapes, NaN, and targets that do not go with the series.
    """
    pair = getattr(data, "tensors", data)
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise BadInput.one("data", type(data).__name__, "a pair (X, targets)", hint="X is (series, time, channels)")
    X, targets = (torch.from_numpy(part) if isinstance(part, np.ndarray) else part for part in pair)
    problems = Problems()
    if not isinstance(X, torch.Tensor):
        problems.note("data: X", type(X).__name__, "a tensor or an array (series, time, channels)")
    elif X.ndim != 3 or 0 in X.shape:
        problems.note("data: X", tuple(X.shape), "(series, time, channels), none of them 0", "(shape)")
    elif X.is_complex():
        problems.note("data: X", str(X.dtype), "real numbers")
    elif not bool(torch.isfinite(X).all()):
        bad = (~torch.isfinite(X)).nonzero()
        series, step, channel = bad[0].tolist()
        value = f"{len(bad)} values, the first {X[series, step, channel].item()}"
        hint = f"series {series}, step {step}, channel {channel}"
        problems.note("data: X", value, "finite numbers", hint=hint)
    elif not hasattr(targets, "__len__") or len(targets) != len(X):
        given = len(targets) if hasattr(targets, "__len__") else type(targets).__name__
        problems.note("data: targets", given, f"{len(X)}, one for each series")
    problems.raise_if_any()
    return (X if X.is_floating_point() else X.to(torch.get_default_dtype())), targets
