"""Where the search for weight currents starts, and how it goes on among the levels of a bias generator."""

from __future__ import annotations

from itertools import combinations, product
from math import comb

import numpy as np

from arcana.quantize.levels import Currents
from arcana.quantize.subset_sums import Ints, SortedWeights

_SCALES = 512  # of the plain grid
_RANDOM = 512
_COMBINATIONS = 30_000  # of currents that the weights themselves suggest
_KEPT = 96  # starts that are followed to their end
_FINALISTS = 24  # ends that are looked at more closely
_ROUNDING = 1e-6  # of the largest weight: weights nearer than this were one in single precision
_TRIES = 192  # other values of one current


def grid(words: SortedWeights, switches: int) -> Currents:
    """The best currents W_i = 2^i s: one scale s for all, (switches,)."""
    binary = 2.0 ** np.arange(switches)
    top = words.weights[-1] / binary.sum()
    candidates = _scales(top)[:, None] * binary
    scale = candidates[np.argsort(words.errors(candidates))[:8], 0]
    for _ in range(40):  # Lloyd's iteration with one free number
        count, total = words.shares(scale[:, None] * binary)
        sums = np.arange(2.0**switches)
        scale = (total @ sums) / np.maximum(count @ sums**2, np.finfo(float).tiny)
    candidates = np.concatenate([candidates, scale[:, None] * binary])
    return np.asarray(candidates[np.argmin(words.errors(candidates))])


def grid_on_levels(words: SortedWeights, levels: Currents, switches: int) -> Ints:
    """The scale s whose grid 2^i s, each current at its nearest level, is best: positions in ``levels``."""
    binary = 2.0 ** np.arange(switches)
    free = grid(words, switches)
    scales = np.concatenate([free[:1], _scales(words.weights[-1] / binary.sum())])
    places = nearest_level(levels, scales[:, None] * binary)
    return np.asarray(places[np.argmin(words.errors(levels[places]))])


def _scales(top: float) -> Currents:
    """Largest weight at the largest sum, and down to a tenth and up to twice that."""
    return top * np.geomspace(0.1, 2.0, _SCALES)


def best_currents(words: SortedWeights, starts: Currents) -> Currents:
    """Ends of the search without levels, (finalists, switches), the best first."""
    ends, errors = words.settle(_best(words, starts, _KEPT))
    ends, errors = _one_by_one(words, ends[np.argsort(errors, kind="stable")[:_FINALISTS]])
    return np.asarray(ends[np.argsort(errors, kind="stable")])


def _best(words: SortedWeights, candidates: Currents, kept: int) -> Currents:
    return np.asarray(candidates[np.argsort(words.errors(candidates), kind="stable")[:kept]])


def starts_for(words: SortedWeights, switches: int, seed: int) -> Currents:
    """The plain grid, other ratios than two, what the weights suggest, quantiles, and random currents."""
    rng = np.random.default_rng(seed)
    w = words.weights
    ratios = [r ** np.arange(switches) for r in np.linspace(1.1, 2.6, 16)]
    powers = [scale * row / row.sum() * w[-1] for row in ratios for scale in (0.5, 0.7, 0.85, 1.0)]
    quantiles = np.quantile(w, rng.random((_RANDOM // 2, switches)))
    low = max(np.quantile(w, 0.02), 1e-3 * w[-1])
    random = low * (0.7 * w[-1] / low) ** rng.random((_RANDOM, switches))
    parts = [grid(words, switches)[None], np.array(powers), quantiles, random, _suggested(w, switches, rng)]
    return np.sort(np.concatenate(parts), axis=1)


def _suggested(w: Currents, switches: int, rng: np.random.Generator) -> Currents:
    """Currents among the centres of the weights, or, where there are no more values than sums, what made these.

    A current need not stand alone in any word, but then two values differ by it.
    """
    values = _merged(w)
    if values.size < 2**switches:
        differences = (values[:, None] - values)[np.tri(values.size, k=-1, dtype=bool)]
        found = np.sort(np.concatenate([values, differences]))
        values = _merged(found)
        often = np.diff(np.searchsorted(found, np.append(values, np.inf)))
        values = values[np.argsort(-often, kind="stable")]
        while comb(values.size, switches) > _COMBINATIONS:
            values = values[:-1]
    else:
        values = _centres(w, 2**switches - 1)
    if comb(values.size, switches) <= _COMBINATIONS:
        return np.array(list(combinations(values, switches))).reshape(-1, switches)
    return np.asarray(values[rng.integers(0, values.size, (_COMBINATIONS, switches))])


def _merged(rising: Currents) -> Currents:
    """Values that differ by more than rounding."""
    return np.asarray(rising[np.concatenate(([True], np.diff(rising) > _ROUNDING * rising[-1]))])


def _centres(w: Currents, clusters: int) -> Currents:
    """Centres of the weights in clusters: k-means in one dimension."""
    centres: Currents = np.linspace(w[0], w[-1], clusters)
    total = np.concatenate(([0.0], np.cumsum(w)))
    for _ in range(50):
        ends = np.searchsorted(w, np.concatenate(([-1.0], (centres[1:] + centres[:-1]) / 2, [np.inf])))
        size = np.diff(ends)
        centres = np.where(size > 0, np.diff(total[ends]) / np.maximum(size, 1), centres)
    return centres


def _one_by_one(words: SortedWeights, ends: Currents) -> tuple[Currents, Currents]:
    """Other values of one current at a time, each followed to its end: out of the valleys that Lloyd stays in."""
    ends, errors = words.settle(ends)
    tries = words.weights[-1] * np.linspace(0, 1, _TRIES + 1)[1:]
    for _ in range(8):
        gained = False
        for k in range(ends.shape[1]):
            candidates = np.repeat(ends[:, None], tries.size, axis=1)
            candidates[..., k] = tries
            flat = candidates.reshape(-1, ends.shape[1])
            best = words.errors(flat).reshape(len(ends), -1).argsort(axis=1, kind="stable")[:, :2]
            for column in best.T:
                moved, now = words.settle(candidates[np.arange(len(ends)), column])
                wins = now < errors - 1e-9 * words.squares
                ends[wins], errors[wins] = moved[wins], now[wins]
                gained |= bool(wins.any())
        if not gained:
            break
    return np.sort(ends, axis=1), errors


def nearest_level(levels: Currents, currents: Currents) -> Ints:
    """Position of the nearest level; the smaller one where two are equally near."""
    return np.searchsorted((levels[1:] + levels[:-1]) / 2, currents, side="left")


def level_starts(words: SortedWeights, levels: Currents, starts: Currents, ends: Currents) -> Ints:
    """Positions in ``levels`` to search from: the best starts, the ends without levels, the plain grid."""
    switches = starts.shape[1]
    places = nearest_level(levels, starts)
    first = np.argsort(words.errors(levels[places]), kind="stable")[:_FINALISTS]
    return np.vstack([places[first], nearest_level(levels, ends), grid_on_levels(words, levels, switches)])


def best_levels(words: SortedWeights, levels: Currents, starts: Ints, thorough: bool = True) -> Ints:
    """Positions in ``levels`` (switches,) that no neighbouring levels improve; thorough: nor any one other current.

    Args:
        words: The weights.
        levels: Currents that there are, rising [A].
        starts: Positions to start from (c, switches).
        thorough: Also try every level for one current at a time.
    """
    switches = starts.shape[1]
    near = np.array(list(product((-1, 0, 1), repeat=switches)))
    best, errors = starts.copy(), words.errors(levels[starts])
    moving = np.arange(len(best))
    while moving.size:
        tried = np.clip(best[moving, None] + near, 0, levels.size - 1)
        found = words.errors(levels[tried.reshape(-1, switches)]).reshape(moving.size, -1)
        choice, least = found.argmin(1), found.min(1)
        wins = least < errors[moving] - 1e-12 * words.squares
        best[moving[wins]], errors[moving[wins]] = tried[wins, choice[wins]], least[wins]
        moving = moving[wins]
    one = int(errors.argmin())
    return _polished(words, levels, best[one], float(errors[one])) if thorough else np.sort(best[one])


def _polished(words: SortedWeights, levels: Currents, place: Ints, error: float) -> Ints:
    """Every level for one current at a time, and two steps of all currents together, until nothing gains."""
    switches = place.size
    far = np.array(list(product(range(-2, 3), repeat=switches))) if switches <= 4 else np.zeros((1, switches), int)
    while True:
        single = np.repeat(place[None], switches * levels.size, axis=0)
        for k in range(switches):
            single[k * levels.size : (k + 1) * levels.size, k] = np.arange(levels.size)
        tried = np.concatenate([single, np.clip(place + far, 0, levels.size - 1)])
        found = words.errors(levels[tried])
        one = int(found.argmin())
        if not found[one] < error - 1e-12 * words.squares:
            return np.sort(place)
        place, error = tried[one], float(found[one])
