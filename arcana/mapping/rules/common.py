"""What the rules share."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from arcana.mapping.rules.board import Ints


def where(broken: NDArray[np.bool_]) -> list[int]:
    """Positions at which a rule is broken."""
    found: list[int] = np.flatnonzero(broken).tolist()
    return found


def repeated(neuron: Ints, word: Ints) -> Iterator[tuple[int, int, int]]:
    """(neuron, word, how often) of each word that a neuron has more than once."""
    pairs, count = np.unique(np.stack([neuron, word]), axis=1, return_counts=True)
    for k in where(count > 1):
        yield int(pairs[0, k]), int(pairs[1, k]), int(count[k])


def some(names: list[str], shown: int = 4) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
