"""Pattern search: one coordinate at a time, each with a step that grows where it helps and else shrinks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Moves: TypeAlias = NDArray[np.float64]
FIRST, GROW, SHRINK = 0.3, 1.6, 0.5  # first step, in ln I: 35 %
SMALLEST = 0.03  # in ln I: the levels of a bias generator are about a hundredth apart
FADE = 0.3  # of the last gain of a coordinate that did not help this time


def descend(
    loss_at: Callable[[Moves], float | None], start: Moves, loss: float, reach: float, done: Callable[[], bool]
) -> str:
    """Go down from ``start`` until ``done``, until no step helps, or until ``loss_at`` returns None.

    Coordinates are tried in order of what they last gained, so the first round tries them as they stand. A gain is
    taken at once: a gradient by differences would cost a run for each coordinate before the first step.

    Args:
        loss_at: The loss of moves; None where no more may be asked.
        start: Moves to start from, (knobs,).
        loss: Their loss.
        reach: Largest move either way.
        done: Whether what was found is good enough.

    Returns:
        Why it stopped: "target", "converged" or "budget".
    """
    here, best = start.copy(), loss
    step, sign, gain = np.full(start.size, FIRST), np.ones(start.size), np.zeros(start.size)
    while not done() and step.max() > SMALLEST:
        for k in np.argsort(-gain, kind="stable"):
            before = best
            for way in (sign[k], -sign[k]):
                trial = here.copy()
                trial[k] = np.clip(here[k] + way * step[k], -reach, reach)
                value = loss_at(trial)
                if value is None:
                    return "budget"
                if value < best:
                    here, best, sign[k] = trial, value, way
                    break
            if done():
                break
            gain[k] = before - best if best < before else FADE * gain[k]
            step[k] *= GROW if best < before else SHRINK
    return "target" if done() else "converged"
