"""From adjoints of events back to the input that they came from."""

from __future__ import annotations

import torch

from arcana.typing import Tensor


def project_back(events: Tensor, W_back: Tensor, X: Tensor, begin: int, end: int) -> None:
    """X[x, t] = sum over chips and receptors of events[receptor, row, t] @ W_back[receptor].

    Args:
        events: Adjoints of the events (feeds, rows, segment, n); steps ``begin`` to ``end`` of the run.
        W_back: Counts (feeds, n, n_in).
        X: Written to (x_rows, steps, n_in).
        begin: First step of the segment.
        end: Step after the last.
    """
    feeds, rows, _, n = events.shape
    now = events[:, :, : end - begin]
    total = torch.zeros(rows, end - begin, X.shape[-1], dtype=X.dtype)
    for f in range(feeds):
        total += now[f] @ W_back[f, :, : X.shape[-1]]
    X[:, begin:end] = total.view(-1, X.shape[0], end - begin, X.shape[-1]).sum(0)
