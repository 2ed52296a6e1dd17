"""Which series are for training, which say when to stop, and which are for the test."""

from __future__ import annotations

import torch

from arcana.errors import Problems
from arcana.limits import is_whole
from arcana.typing import Tensor

TEST, VALIDATION = 0.2, 0.15  # shares: of all, and of what is left then


def stratified(y: Tensor, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Take n items at random and leave the rest; both hold each class as often as their size allows.

    The item of rank r, by chance, among the m of its class stands at (r + 1/2) / m on a line, and the first n of
    this line are taken: a share p of all holds p m items of each class, to within 1.

    Args:
        y: Classes (N,).
        n: Items to take, up to N.
        seed: Of the ranks.

    Returns:
        Indices of both, rising.
    """
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))
    place = torch.empty(len(y), dtype=torch.float64)
    for value in set(y.tolist()):
        own = order[y[order] == value]
        place[own] = (torch.arange(len(own), dtype=torch.float64) + 0.5) / len(own)
    line = order[place[order].argsort(stable=True)]
    return line[:n].sort().values, line[n:].sort().values


def test_size(n: int) -> int:
    """Series for the test, of n."""
    return max(1, round(TEST * n))


def validation_size(n: int) -> int:
    """Series that say when to stop, of n that are not for the test."""
    return max(1, round(VALIDATION * n))


def check_seed(seed: object, problems: Problems) -> None:
    """Refuse what torch would take for another seed, or not at all."""
    if not is_whole(seed, 0, 2**63 - 1):
        problems.note("seed", seed, "a whole number from 0 to 2^63 - 1")
