"""The weight currents that all input words of a core share, and which of them each word switches on (SE2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from arcana.errors import Problems
from arcana.hardware.profile import HardwareProfile
from arcana.quantize.biasgen import BiasGenerator
from arcana.quantize.levels import Currents
from arcana.quantize.subset_sums import Ints, SortedWeights, bits_of, nearest_masks
from arcana.quantize.switch_search import (
    best_currents,
    best_levels,
    grid,
    grid_on_levels,
    level_starts,
    nearest_level,
    starts_for,
)

MOST_SWITCHES = 6


@dataclass(frozen=True, eq=False)
class SwitchFit:
    """Weight currents of a core and the switches of its words.

    Attributes:
        currents: Weight current of each switch, rising [A], (switches,).
        masks: Switches of each word, bit i for current i; 0 means no synapse, (n,).
        values: Current of each word, sum of bit_i W_i [A], (n,).
        rms: ||values - weights|| / ||weights||, by importance where that was given; 0 without weights.
        dropped: Weights above 0 that are nearest to no current at all.
    """

    currents: Currents
    masks: Ints
    values: Currents
    rms: float
    dropped: int


def choose_switches(
    weights: ArrayLike,
    *,
    levels: ArrayLike | None = None,
    switches: int = 4,
    seed: int = 0,
    weight: ArrayLike | None = None,
) -> SwitchFit:
    """Minimises ||sum_i b_i W_i - w|| over the currents W_i >= 0 of a core and the switches b of each word.

    Nearest subset sums and least squares in turn, from many starts, then one current at a time; with ``levels`` a
    search among them, with the switches chosen again at every step. Never worse than the grid 1 : 2 : 4 : 8.

    Args:
        weights: Wanted current of each word of the core (n,) >= 0 [A]; the receptor carries the sign.
        levels: Currents that the bias generator makes [A]; None allows any.
        switches: Switches of a word, 1 to 6.
        seed: Of the random starts; the same seed gives the same currents.
        weight: How much each word counts (n,) >= 0; None counts all alike.

    Raises:
        BadInput: listing everything that is wrong.
    """
    task = _Task.of(weights, levels, switches, weight)
    if task.words is None:
        return task.made(task.nothing())
    starts = starts_for(task.words, switches, seed)
    ends = best_currents(task.words, starts)
    if task.levels is None:
        return task.made(ends[0] * task.unit)
    places = level_starts(task.words, task.levels, starts, ends)
    return task.made_of(best_levels(task.words, task.levels, places))


def refit_switches(
    weights: ArrayLike, currents: ArrayLike, *, levels: ArrayLike | None = None, weight: ArrayLike | None = None
) -> SwitchFit:
    """As ``choose_switches``, from ``currents`` (switches,) [A] only: quick, for weights that moved a little.

    Raises:
        BadInput: listing everything that is wrong.
    """
    before = np.sort(np.asarray(currents, dtype=np.float64).ravel())
    task = _Task.of(weights, levels, before.size, weight)
    if task.words is None:
        return task.made(before)
    ends, _ = task.words.settle(before[None] / task.unit)
    if task.levels is None:
        return task.made(np.sort(ends[0]) * task.unit)
    places = nearest_level(task.levels, np.vstack([before / task.unit, ends]))
    return task.made_of(best_levels(task.words, task.levels, places, thorough=False))


def grid_switches(
    weights: ArrayLike, *, levels: ArrayLike | None = None, switches: int = 4, weight: ArrayLike | None = None
) -> SwitchFit:
    """The plain grid W_i = 2^i s at its best scale s (with ``levels``, each at its nearest one): a yardstick.

    Raises:
        BadInput: listing everything that is wrong.
    """
    task = _Task.of(weights, levels, switches, weight)
    if task.words is None:
        return task.made(task.nothing())
    if task.levels is None:
        return task.made(grid(task.words, switches) * task.unit)
    return task.made_of(grid_on_levels(task.words, task.levels, switches))


def switch_levels(profile: HardwareProfile) -> Currents | None:
    """Currents that every weight switch of a chip can be given, rising [A]; None where any is possible."""
    names = [r.weight_bias for r in profile.synapse.receptor.values() if r.weight_bit is not None]
    if not names or profile.biasgen.kind == "continuous":
        return None
    generator = BiasGenerator(profile)
    found = np.unique(generator.levels(names[0] or ""))
    for name in names[1:]:
        found = np.intersect1d(found, generator.levels(name or ""))
    return found


@dataclass(frozen=True, eq=False)
class _Task:
    """What was asked for, checked.

    Attributes:
        weights: Wanted currents [A].
        importance: How much each counts.
        words: Those that count, in units of the largest; None if there are none.
        levels: Currents that there are, rising, in the same unit; None allows any.
        steps: The same in ampere.
        switches: How many.
        unit: The largest weight [A].
    """

    weights: Currents
    importance: Currents
    words: SortedWeights | None
    levels: Currents | None
    steps: Currents | None
    switches: int
    unit: float

    @classmethod
    def of(cls, weights: ArrayLike, levels: ArrayLike | None, switches: int, weight: ArrayLike | None) -> _Task:
        problems = Problems()
        if isinstance(switches, bool) or not isinstance(switches, int) or not 1 <= switches <= MOST_SWITCHES:
            problems.note("switches", switches, f"a whole number from 1 to {MOST_SWITCHES}")
        w = _row("weights", weights, "A", problems)
        a = np.ones_like(w) if weight is None else _row("weight", weight, "", problems)
        if a.size != w.size:
            problems.note("weight", a.size, f"{w.size} numbers, one for each weight", "(size)")
        steps = None if levels is None else np.unique(_row("levels", levels, "A", problems))
        if steps is not None and not steps.any():
            problems.note("levels", steps.tolist(), "at least one current > 0", "A")
        problems.raise_if_any()
        counted = (w > 0) & (a > 0)
        unit = float(w[counted].max()) if counted.any() else 1.0
        words = SortedWeights.of(w[counted] / unit, a[counted]) if counted.any() else None
        return cls(w, a, words, None if steps is None else steps / unit, steps, switches, unit)

    def nothing(self) -> Currents:
        """Currents where there is no weight: the smallest there are [A]."""
        return np.full(self.switches, 0.0 if self.steps is None else self.steps[0])

    def made_of(self, places: Ints) -> SwitchFit:
        """The fit with these levels."""
        assert self.steps is not None
        return self.made(self.steps[places])

    def made(self, currents: Currents) -> SwitchFit:
        """The fit with these currents [A]."""
        masks = nearest_masks(self.weights, currents)
        values = bits_of(self.switches)[masks] @ currents
        scale = float(np.sum(self.importance * self.weights**2))
        error = float(np.sum(self.importance * (values - self.weights) ** 2))
        dropped = int(np.count_nonzero((self.weights > 0) & (masks == 0)))
        return SwitchFit(currents, masks, values, (error / scale) ** 0.5 if scale > 0 else 0.0, dropped)


def _row(name: str, given: ArrayLike, unit: str, problems: Problems) -> Currents:
    """A row of numbers >= 0; an empty one where it was refused."""
    try:
        row = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        problems.note(name, given, "a row of numbers >= 0", unit)
        return np.zeros(0)
    if row.ndim != 1:
        problems.note(name, row.shape, "a row (n,)", "(shape)")
        return np.zeros(0)
    wrong = ~(np.isfinite(row) & (row >= 0))
    if wrong.any():
        problems.note(name, row[wrong][0].item(), f"finite numbers >= 0 ({wrong.sum()} are not)", unit)
        return np.zeros(0)
    return row
