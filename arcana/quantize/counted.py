"""One weight current per receptor and core, and whole numbers of synapses within the fan-in of a neuron (SE1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from arcana.errors import Problems
from arcana.quantize.levels import Currents

_HALVINGS = 50  # of the interval of the price: it ends at rounding
_SCALES = np.geomspace(0.02, 4.0, 48)  # first currents tried, of the mean weight
_TIE = 1e-12  # of the sum of squares of the weights, for each synapse
_FINEST = 2e-3  # relative step of a current at which the search ends


@dataclass(frozen=True, eq=False)
class CountFit:
    """The weight current of a receptor and the synapses that stand for its weights.

    Attributes:
        current: Weight current [A].
        counts: Synapses (n_post, n_pre), whole.
        rms: ||current * counts - weights|| / ||weights||; 0 without weights.
    """

    current: float
    counts: NDArray[np.int64]
    rms: float


def choose_counts(weights: ArrayLike, fan_in: int = 64, *, levels: ArrayLike | None = None) -> CountFit:
    """Minimises ||I n - w|| over one current I and whole numbers n >= 0 with row sums of at most ``fan_in``.

    A small current resolves small weights, a large one stays within the fan-in; the best lies in between.

    Args:
        weights: Wanted currents (n_post, n_pre) >= 0 [A].
        fan_in: Most synapses of a neuron.
        levels: Currents that the bias generator makes [A]; None allows any.

    Raises:
        BadInput: listing everything that is wrong.
    """
    return choose_counts_jointly({"weights": weights}, fan_in, levels=levels)["weights"]


def choose_counts_jointly(
    weights: Mapping[str, ArrayLike], fan_in: int = 64, *, levels: ArrayLike | None = None
) -> dict[str, CountFit]:
    """``choose_counts`` for all receptors of a core, which share the fan-in of each neuron.

    Minimises sum_r ||I_r n_r - w_r||^2 / m_r^2, where m_r is the root mean square of the weights of r that are not
    0: receptors whose currents differ a thousandfold count alike, synapse by synapse.

    Args:
        weights: Wanted currents [A] by receptor, (n_post, n_pre) each; n_pre may differ.
        fan_in: Most synapses of a neuron over all receptors.
        levels: Currents that the bias generator makes [A], for every receptor; None allows any.

    Raises:
        BadInput: listing everything that is wrong.
    """
    tables, steps = _checked(weights, fan_in, levels)
    core = _Core.of(tables, fan_in, steps)
    currents = core.search()
    counts = core.counts(currents)
    lowest = 0.0 if steps is None else float(steps[0])
    fits = {}
    for k, (name, part) in enumerate(zip(tables, core.parts, strict=True)):
        current = float(currents[k] * core.units[k]) if k in core.used else lowest
        fits[name] = _fit(current, counts[:, part], tables[name])
    return fits


def _fit(current: float, counts: Currents, weights: Currents) -> CountFit:
    scale = float(np.linalg.norm(weights))
    rms = float(np.linalg.norm(current * counts - weights)) / scale if scale > 0 else 0.0
    return CountFit(current, counts.astype(np.int64), rms)


@dataclass(frozen=True, eq=False)
class _Core:
    """All weights side by side, those of each receptor in units of their root mean square.

    Attributes:
        weights: (n_post, all n_pre).
        parts: Columns of each receptor.
        units: What a current of each receptor is measured in [A].
        fan_in: Most synapses of a row.
        levels: Currents that there are for each receptor, in its unit; None allows any.
        used: Numbers of the receptors that have a weight above 0.
    """

    weights: Currents
    parts: tuple[slice, ...]
    units: Currents
    fan_in: int
    levels: tuple[Currents, ...] | None
    used: tuple[int, ...]

    @classmethod
    def of(cls, tables: Mapping[str, Currents], fan_in: int, steps: Currents | None) -> _Core:
        ends = np.cumsum([0, *(table.shape[1] for table in tables.values())])
        units = []
        for table in tables.values():
            above = table[table > 0]
            units.append(float(np.sqrt(np.mean(above**2))) if above.size else 1.0)
        weights = np.concatenate([table / unit for table, unit in zip(tables.values(), units, strict=True)], axis=1)
        parts = tuple(slice(int(a), int(b)) for a, b in pairwise(ends))
        levels = None if steps is None else tuple(steps / unit for unit in units)
        used = tuple(k for k, table in enumerate(tables.values()) if table.any())
        return cls(weights, parts, np.array(units), fan_in, levels, used)

    def counts(self, currents: Currents) -> Currents:
        """The best whole numbers for these currents, (n_post, all n_pre)."""
        return best_counts(self.weights, self._across(currents), self.fan_in)

    def error(self, currents: Currents) -> float:
        """Sum of squares with the best counts; of equal ones, the one with fewer synapses."""
        counts = self.counts(currents)
        wrong = float(np.sum((self._across(currents) * counts - self.weights) ** 2))
        return wrong + _TIE * float(np.sum(self.weights**2)) * float(counts.sum())

    def search(self) -> Currents:
        """All currents together first, then one at a time in ever smaller steps; at last among the levels."""
        best = min((np.full(len(self.parts), scale) for scale in _SCALES), key=self.error)
        error, step = self.error(best), 0.25
        while step > _FINEST:
            candidates = [self._least_squares(best)]
            for k in self.used:
                for factor in (1 + step, 1 / (1 + step)):
                    candidates.append(best.copy())
                    candidates[-1][k] *= factor
            errors = [self.error(tried) for tried in candidates]
            if min(errors) < error:
                best, error = candidates[int(np.argmin(errors))], min(errors)
            else:
                step /= 2
        return best if self.levels is None else self._on_levels(best)

    def _on_levels(self, currents: Currents) -> Currents:
        """The nearest levels, and from there up and down the levels of one receptor at a time."""
        assert self.levels is not None
        place = [int(np.abs(row - c).argmin()) for row, c in zip(self.levels, currents, strict=True)]

        def error(at: list[int]) -> float:
            return self.error(self._made(at))

        now = error(place)
        while True:
            candidates = [
                [*place[:k], min(max(place[k] + move, 0), self.levels[k].size - 1), *place[k + 1 :]]
                for k in self.used
                for move in (-3, -2, -1, 1, 2, 3)
            ]
            errors = [error(at) for at in candidates]
            if not min(errors, default=now) < now:
                return self._made(place)
            now, place = min(errors), candidates[int(np.argmin(errors))]

    def _made(self, place: list[int]) -> Currents:
        """Currents of these levels."""
        return np.array([row[k] for row, k in zip(self.levels or (), place, strict=True)])

    def _across(self, currents: Currents) -> Currents:
        """The current of each column."""
        return np.repeat(currents, [part.stop - part.start for part in self.parts])

    def _least_squares(self, currents: Currents) -> Currents:
        """I = n'w / n'n for the counts that belong to these currents."""
        counts, found = self.counts(currents), currents.copy()
        for k, part in enumerate(self.parts):
            squares = float(np.sum(counts[:, part] ** 2))
            if squares > 0:
                found[k] = float(np.sum(counts[:, part] * self.weights[:, part])) / squares
        return found


def best_counts(weights: Currents, currents: Currents, fan_in: int) -> Currents:
    """Whole n >= 0 with row sums <= fan_in of least sum (I n - w)^2: exact.

    The k-th synapse of a weight saves less than the one before it, so the best ones can be taken in order of what
    they save; the price at which a row is full is found by halving, and ties are given out from the left.

    Args:
        weights: (n_post, n_pre) >= 0.
        currents: Current of one synapse in each column (n_pre,) > 0.
        fan_in: Most synapses of a row.
    """
    wanted = weights / currents
    counts = _whole(wanted)
    full = np.flatnonzero(counts.sum(1) > fan_in)
    if full.size == 0:
        return counts
    u, slope = wanted[full], np.broadcast_to(1 / currents**2, wanted[full].shape)
    columns = np.broadcast_to(np.arange(u.shape[1]), u.shape)
    if u.shape[1] > fan_in:  # no more columns than that can have a synapse: those whose first one saves most
        columns = np.sort(np.argpartition((0.5 - u) / slope, fan_in, axis=1)[:, :fan_in], axis=1)
        u, slope = np.take_along_axis(u, columns, 1), np.take_along_axis(slope, columns, 1)
    given = np.zeros((full.size, counts.shape[1]))
    np.put_along_axis(given, columns, _shared_out(u, slope, fan_in), 1)
    counts[full] = given
    return counts


def _shared_out(u: Currents, slope: Currents, fan_in: int) -> Currents:
    """The best counts of rows that want more than ``fan_in``."""
    low, high = np.zeros((len(u), 1)), np.max(u / slope, axis=1, keepdims=True)
    for _ in range(_HALVINGS):
        price = (low + high) / 2
        over = _whole(u - price * slope).sum(1, keepdims=True) > fan_in
        low, high = np.where(over, price, low), np.where(over, high, price)
    kept = _whole(u - high * slope)
    # What stands between the two ends of the last interval are ties
    tied = _whole(u - low * slope) - kept
    missing = fan_in - kept.sum(1, keepdims=True)
    return np.asarray(kept + np.clip(missing - (tied.cumsum(1) - tied), 0, tied))


def _whole(wanted: Currents) -> Currents:
    """Nearest whole number >= 0; halves go down, which saves a synapse."""
    return np.asarray(np.maximum(np.ceil(wanted - 0.5), 0))


def _checked(
    weights: Mapping[str, ArrayLike], fan_in: int, levels: ArrayLike | None
) -> tuple[dict[str, Currents], Currents | None]:
    problems, tables = Problems(), {}
    if isinstance(fan_in, bool) or not isinstance(fan_in, int) or fan_in < 1:
        problems.note("fan_in", fan_in, "a whole number >= 1")
    if not weights:
        problems.note("weights", {}, "at least one receptor")
    for name, given in weights.items():
        table = np.asarray(given, dtype=np.float64)
        if table.ndim != 2 or table.shape[1] == 0:
            problems.note(name, table.shape, "a table (n_post, n_pre)", "(shape)")
        elif not (np.isfinite(table) & (table >= 0)).all():
            wrong = table[~(np.isfinite(table) & (table >= 0))]
            problems.note(name, wrong[0].item(), f"finite currents >= 0 ({wrong.size} are not)", "A")
        else:
            tables[name] = table
    if len({table.shape[0] for table in tables.values()}) > 1:
        shapes = {name: table.shape for name, table in tables.items()}
        problems.note("weights", shapes, "as many neurons for every receptor", "(shape)")
    steps = None
    if levels is not None:
        steps = np.unique(np.asarray(levels, dtype=np.float64))
        steps = steps[steps != 0]  # a current of 0 makes no weight
        if steps.size == 0 or not (np.isfinite(steps) & (steps > 0)).all():
            problems.note("levels", levels, "currents, at least one of them > 0", "A")
    problems.raise_if_any()
    return tables, steps
