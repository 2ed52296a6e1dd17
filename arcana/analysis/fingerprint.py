"""What a study is recognised by: so that a checkpoint is never filled with the chips of another one."""

from __future__ import annotations

import hashlib
from typing import Any

import torch

import arcana
from arcana.analysis.identity import told_function
from arcana.analysis.work import StudyWork


def fingerprint(work: StudyWork) -> dict[str, Any]:
    """Hashes of the parts that values follow from, by name; numbers of chips and chunks are not among them."""
    targets = work.targets
    told = targets.cpu().numpy().tobytes() if isinstance(targets, torch.Tensor) else repr(targets).encode()
    X = work.X.detach().cpu().numpy()
    return {
        "arcana": arcana.__version__,
        "network": _hash(*(f"{key}".encode() + one.identity() for key, one in work.subjects.items())),
        "series": _hash(repr((X.shape, str(X.dtype))).encode(), X.tobytes()),
        "targets": _hash(told),
        "metric": told_function(work.metric),
        "seed": work.seed,
        "engine": work.engine,
        "points": [
            {**p.conditions.to_dict(), "mismatch": p.model.to_dict(), "resampled": [list(r) for r in p.resampled]}
            for p in work.points
        ],
    }


def metric_name(metric: Any) -> str:
    """How people call a metric: the name of a function or class."""
    return str(getattr(metric, "__qualname__", type(metric).__name__))


def _hash(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
