"""What one update sees: some of the series, and of them a random window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch

from arcana.analysis.data import read_data
from arcana.errors import Problems
from arcana.typing import Tensor

Source: TypeAlias = Callable[[int], tuple[Tensor, Any]]


class Batches:
    """Random batches of the same series: ``batches(k)`` draws the next one.

    Args:
        X: Events (B, T, lines).
        targets: One for each series.
        batch: Series of an update, drawn without repetition; None takes all.
        window: Steps of the window, the same for all series of an update; None takes all.
        seed: Where series and windows come from.
    """

    def __init__(self, X: Tensor, targets: Any, batch: int | None, window: int | None, seed: int) -> None:
        self.X, self.targets = X, targets
        self.batch = batch if batch is not None and batch < len(X) else None
        self.window = window or X.shape[-2]
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, update: int) -> tuple[Tensor, Any]:
        """The batch of an update; call with 0, 1, 2 ... in this order."""
        X, targets = self.X, self.targets
        if self.batch is not None:
            chosen = torch.randperm(len(X), generator=self.generator)[: self.batch]
            X, targets = X[chosen], targets[chosen]
        first = int(torch.randint(X.shape[-2] - self.window + 1, (), generator=self.generator))
        return X[:, first : first + self.window], targets


def source_of(
    data: Any, front: Callable[[Tensor], Tensor], batch: int | None, window: int | None, seed: int
) -> Source:
    """Batches of events, whatever the data are: see ``harden``.

    Args:
        data: A function of the number of the update, or series and targets.
        front: What makes events of the input; it is run once where the data are always the same.
        batch: See ``Batches``.
        window: See ``Batches``.
        seed: See ``Batches``.

    Raises:
        BadInput: for what ``arcana.analysis.data.read_data`` refuses, and more series or steps than there are.
    """
    if callable(data):

        def fresh(update: int) -> tuple[Tensor, Any]:
            X, targets = read_data(data(update))
            return front(X), targets

        return fresh
    X, targets = read_data(data)
    X, problems = front(X), Problems()
    for name, value, most, what in (("batch", batch, len(X), "series"), ("window", window, X.shape[-2], "steps")):
        if value is not None and value > most:
            problems.note(name, value, f"at most {most}, or None for all", what)
    problems.raise_if_any()
    return Batches(X, targets, batch, window, seed)
