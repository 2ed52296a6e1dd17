"""Which series are for training, which say when to stop, and which are for the test."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from arcana.errors import BadInput, Problems
from arcana.limits import is_whole
from arcana.typing import Tensor

TEST, VALIDATION = 0.2, 0.15  # shares: of all, and of what is left then


def stratified(y: Tensor, counts: Sequence[int], seed: int) -> list[Tensor]:
    """Disjoint parts of given sizes, drawn at random, each with every class as often as its size allows.

    Item of rank r (at random) among the n of its class stands at (r + 1/2) / n; the parts are cut from that line,
    so a part of share p holds p n items of each class, to within 1.

    Args:
        y: Classes (N,).
        counts: Sizes of the first parts; the last part is what is left.
        seed: Of the ranks.

    Returns:
        Indices of each part, rising.

    Raises:
        BadInput: listing a seed that is no whole number >= 0, and sizes below 1 or that leave nothing.
    """
    problems = Problems()
    check_seed(seed, problems)
    wrong = [n for n in counts if not is_whole(n, 1)]
    if wrong or sum(counts) >= len(y):
        allowed = f"whole numbers >= 1, together less than the {len(y)} series there are"
        problems.note("sizes of the parts", list(counts), allowed)
    problems.raise_if_any()
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))
    place = torch.empty(len(y), dtype=torch.float64)
    for value in y.unique():
        own = order[y[order] == value]
        place[own] = (torch.arange(len(own), dtype=torch.float64) + 0.5) / len(own)
    line = order[place[order].argsort(stable=True)]
    return [part.sort().values for part in line.split([*counts, len(y) - sum(counts)])]


def sizes(n: int, n_test: int | None = None) -> tuple[int, int]:
    """Series for the test and for validation: a fifth of all unless given, and 15 % of the others.

    Raises:
        BadInput: for fewer than 3 series, or an ``n_test`` that does not leave 2 of them.
    """
    if n < 3:
        raise BadInput.one("series", n, "3 at least: one to train with, one to stop by, one for the test")
    if n_test is None:
        n_test = max(1, round(TEST * n))
    if not is_whole(n_test, 1, n - 2):
        raise BadInput.one("n_test", n_test, f"a whole number from 1 to {n - 2}: there are {n} series")
    return n_test, validation_size(n - n_test)


def validation_size(n: int) -> int:
    """Series that say when to stop, of those that are not for the test."""
    return max(1, round(VALIDATION * n))


def check_seed(seed: object, problems: Problems) -> None:
    """Refuse what torch would take for another seed, or not at all."""
    if not is_whole(seed, 0, 2**63 - 1):
        problems.note("seed", seed, "a whole number from 0 to 2^63 - 1")
