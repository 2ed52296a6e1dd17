"""Training of one network on one task, stopped by a part of the training data."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from arcana.errors import Problems
from arcana.limits import MOST, is_whole
from arcana.networks.brnn.network import BRNN
from arcana.networks.brnn.split import check_seed
from arcana.networks.brnn.task import Data, Task

Progress = Callable[[int, float], None]
CLIP = 1.0  # norm of the gradient, at most
BATCH = 256  # of a judgement


@dataclass(frozen=True)
class Fitted:
    """What training did.

    Attributes:
        validation: Score on the validation part after each epoch.
        losses: Mean training loss of each epoch.
        best: Epoch whose parameters were kept, from 0.
        test: Score on the test part, looked at once, with these parameters.
        seconds: CPU time of the training.
    """

    validation: tuple[float, ...]
    losses: tuple[float, ...]
    best: int
    test: float
    seconds: float


@torch.no_grad()
def score(network: BRNN, task: Task, data: Data) -> float:
    """What the task counts, such as the share of right classes, over one part of its data."""
    X, y = data
    parts = [network(X[k : k + BATCH])[0] for k in range(0, len(X), BATCH)]
    return task.score(torch.cat(parts), y)


def fit(
    network: BRNN,
    task: Task,
    epochs: int = 150,
    batch: int = 40,
    rate: float = 0.02,
    patience: int = 40,
    seed: int = 0,
    progress: Progress | None = None,
) -> Fitted:
    """Adam on batches in random order; the network is left as it was at its best validation score.

    The test part is looked at once, when everything is decided.

    Args:
        network: Trained in place.
        task: Its data, loss and score.
        epochs: At most so many times through the training part.
        batch: Series of an update.
        rate: Learning rate; it falls along a cosine to a tenth.
        patience: Epochs without a better validation score after which training ends.
        seed: Of the order.
        progress: Called after each epoch with its number and the validation score.

    Raises:
        BadInput: listing sizes that are not whole numbers >= 1, a rate that is not > 0, and a network that does not
            fit the task; and if the loss is no number any more.
    """
    _check(network, task, {"epochs": epochs, "batch": batch, "patience": patience}, rate, seed, progress)
    generator, began = torch.Generator().manual_seed(seed), time.process_time()
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs, eta_min=rate / 10)
    validation: list[float] = []
    losses: list[float] = []
    best, kept = -1, copy.deepcopy(network.state_dict())
    for epoch in range(epochs):
        losses.append(_epoch(network, task, optimizer, batch, generator))
        schedule.step()
        validation.append(score(network, task, task.validation))
        if best < 0 or validation[-1] > validation[best]:
            best, kept = epoch, copy.deepcopy(network.state_dict())
        if progress is not None:
            progress(epoch, validation[-1])
        if epoch - best >= patience:
            break
    network.load_state_dict(kept)
    seconds = time.process_time() - began
    return Fitted(tuple(validation), tuple(losses), best, score(network, task, task.test), seconds)


def _epoch(
    network: BRNN, task: Task, optimizer: torch.optim.Optimizer, batch: int, generator: torch.Generator
) -> float:
    total, (X, y) = 0.0, task.train
    order = torch.randperm(len(X), generator=generator)
    for first in range(0, len(X), batch):
        rows = order[first : first + batch]
        loss = task.loss(network(X[rows])[0], y[rows])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP, error_if_nonfinite=True)
        optimizer.step()
        total += loss.item() * len(rows)
    return total / len(X)


def _check(network: BRNN, task: Task, sizes: dict[str, object], rate: object, seed: int, progress: object) -> None:
    problems = Problems()
    for name, one, kind in (("network", network, BRNN), ("task", task, Task)):
        if not isinstance(one, kind):
            problems.note(name, type(one).__name__, f"a {kind.__name__}")
    if progress is not None and not callable(progress):
        problems.note("progress", progress, "a function of epoch and score, or None")
    problems.raise_if_any()
    check_seed(seed, problems)
    for name, value in sizes.items():
        if not is_whole(value, 1):
            problems.note(name, value, f"a whole number from 1 to {MOST}")
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 < rate < 1e6:
        problems.note("rate", rate, "a number above 0, below 1e6")
    for name, given, wanted in (
        ("n_in", network.n_in, task.n_in),
        ("n_out", network.readout.out_features, task.n_out),
    ):
        if given != wanted:
            problems.note(f"network.{name}", given, f"{wanted}, as task {task.name} has it")
    problems.raise_if_any()
