"""Working memory: how long a network keeps what it has seen, and how that changes while it learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from arcana.errors import Problems
from arcana.networks.brnn.network import BRNN
from arcana.networks.brnn.task import Data, Task
from arcana.networks.brnn.training import score
from arcana.typing import Tensor

QUANTILES = (0.05, 0.5, 0.95)


def time_constants(z: Tensor) -> Tensor:
    """Time constants tau = -1 / ln(1 - z) [steps]: after tau steps 1/e of what was there is left.

    Args:
        z: Share that is replaced in a step, such as ``trace.z``; any shape, 0 to 1. z = 0 is infinite, z = 1 is 0.
    """
    return -1 / torch.log1p(-z)


@dataclass
class Tracker:
    """Records z, u, x and r of some sequences while a network learns: pass it to ``fit`` as ``progress``.

    Attributes:
        network: The network that learns.
        x: Sequences that it is shown after each epoch (B, T, n_in).
        history: For each name, one row of the 5th, 50th and 95th percentile (over sequences, steps and units) for
            each epoch.
        scores: Validation scores.
    """

    network: BRNN
    x: Tensor
    history: dict[str, list[tuple[float, ...]]] = field(default_factory=dict)
    scores: list[float] = field(default_factory=list)

    @torch.no_grad()
    def __call__(self, epoch: int, value: float) -> None:
        """After an epoch."""
        trace = self.network.run(self.x)
        self.scores.append(value)
        for name in ("z", "u", "x", "r"):
            series = getattr(trace, name)
            if series is not None:
                levels = series.new_tensor(QUANTILES)
                self.history.setdefault(name, []).append(tuple(torch.quantile(_few(series), levels).tolist()))


def scores_by_share(
    network: BRNN, task: Task, shares: Sequence[float] = (0.25, 0.5, 0.75, 1.0), data: Data | None = None
) -> list[float]:
    """Score where only the first share of each sequence is shown, and the rest is cut off.

    Args:
        network: A trained network.
        task: What it was trained for.
        shares: Above 0, up to 1.
        data: Sequences and answers; None is the test part.

    Raises:
        BadInput: listing shares outside (0, 1].
    """
    X, y = task.test if data is None else data
    steps = _steps(shares, X.shape[1])
    return [score(network, task, (X[:, :n], y)) for n in steps]


def scores_by_delay(
    network: BRNN, task: Task, delays: Sequence[int] = (0, 5, 10, 20, 50), data: Data | None = None
) -> list[float]:
    """Score where ``delay`` steps without input follow each sequence, before it is read out.

    Args:
        network: A trained network.
        task: What it was trained for.
        delays: Steps.
        data: Sequences and answers; None is the test part.

    Raises:
        BadInput: listing delays that are not whole numbers >= 0.
    """
    problems = Problems()
    for delay in delays:
        if isinstance(delay, bool) or not isinstance(delay, int) or delay < 0:
            problems.note("delay", delay, "a whole number >= 0", "steps")
    problems.raise_if_any()
    X, y = task.test if data is None else data
    silent = [torch.cat([X, X.new_zeros(len(X), delay, X.shape[2])], 1) for delay in delays]
    return [score(network, task, (longer, y)) for longer in silent]


def _steps(shares: Sequence[float], most: int) -> list[int]:
    problems = Problems()
    for share in shares:
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share <= 1:
            problems.note("share", share, "a number above 0, up to 1")
    problems.raise_if_any()
    return [max(1, round(share * most)) for share in shares]


def _few(series: Tensor, most: int = 1_000_000) -> Tensor:
    """Every k-th value: torch's quantile takes 16 million at most."""
    flat = series.flatten()
    return flat[:: max(1, len(flat) // most)]
