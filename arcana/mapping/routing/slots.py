"""Places in a core, for neurons whose place is not part of their tag."""

from __future__ import annotations

import numpy as np

from arcana.mapping.circuit import Ints


def assign(need: Ints, words: Ints) -> Ints:
    """A place of a core for each of some neurons: in order where any fits anywhere, else the hardest to fit first.

    Args:
        need: Input words that each neuron needs, (n,).
        words: Usable words of each place, -1 where nothing can be put.

    Returns:
        (n,) places; -1 for a neuron that fits nowhere any more.
    """
    places = np.flatnonzero(words >= 0)[: need.size]
    if places.size == need.size and (words[places] >= need.max(initial=0)).all():
        return places
    found = np.full(need.size, -1, dtype=np.int64)
    free = sorted(np.flatnonzero(words >= 0).tolist(), key=lambda p: (words[p], p))
    for k in np.argsort(-need, kind="stable").tolist():
        at = next((i for i, p in enumerate(free) if words[p] >= need[k]), None)
        if at is not None:
            found[k] = free.pop(at)
    return found
