"""Codes and currents of the bias generator, both ways."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from arcana.circuits.names import BIASES
from arcana.errors import BadInput, OutOfRange, Problem, Problems, unknown_name
from arcana.hardware.biases import ContinuousBiasgen
from arcana.hardware.profile import HardwareProfile
from arcana.quantize.levels import SAME, Currents, canonical, level_table
from arcana.units import show

_SHOWN = 10  # more refused currents than this are counted, not listed
_SAMPLES = 4096  # currents per decade for the rms error
Indices = NDArray[np.intp]


class Code(NamedTuple):
    """A code of the bias generator; coarse 0 is the smallest current."""

    coarse: int
    fine: int


class DecadeError(NamedTuple):
    """What the nearest code costs in one decade of current.

    Attributes:
        low: Lower end [A].
        high: Upper end [A].
        levels: Levels that a code is chosen from.
        worst: Largest relative error of any current in it.
        rms: Root mean square relative error, currents spread evenly over the logarithm.
    """

    low: float
    high: float
    levels: int
    worst: float
    rms: float


@dataclass(frozen=True)
class _Rising:
    """Different levels above zero in rising order, and the flat code of each."""

    currents: Currents
    logs: Currents
    codes: Indices

    def nearest(self, logs: Currents) -> Indices:
        """Position of the nearest level in log current; the lower one where two are equally near."""
        above = np.searchsorted(self.logs, logs).clip(1, self.logs.size - 1)
        upper_wins = self.logs[above] - logs < logs - self.logs[above - 1]
        return np.where(upper_wins, above, above - 1)


@dataclass(frozen=True)
class _Ladder:
    """All levels of one bias, sorted for looking up."""

    table: Currents
    every: _Rising
    main: _Rising
    zero: int | None
    lowest: float
    highest: float


class BiasGenerator:
    """The bias generator of a chip: (coarse, fine) code to current [A] and back.

    On SE1 many currents have two codes; codes with ``fine >= canonical_first_fine[coarse]`` are the canonical ones.
    On SE2 every code is one. The inverse is the nearest level in log current over all of these.

    Args:
        profile: The chip.
    """

    def __init__(self, profile: HardwareProfile) -> None:
        self.profile = profile
        self.continuous = isinstance(profile.biasgen, ContinuousBiasgen)

    def current(self, name: str, coarse: int, fine: int, low_range: bool = False) -> float:
        """The current of a code [A].

        Args:
            name: Name of the bias on the chip.
            coarse: Coarse code, 0 the smallest current.
            fine: Fine code.
            low_range: Whether the low-range flag is set (SE1).

        Raises:
            BadInput: for an unknown bias, codes that do not exist, or a profile without codes.
            NotPublished: if the factor that it needs is unknown.
        """
        table = self._ladder(name, low_range).table
        problems = Problems()
        for part, code, count in (("coarse", coarse, table.shape[0]), ("fine", fine, table.shape[1])):
            if isinstance(code, bool) or not isinstance(code, int | np.integer) or not 0 <= code < count:
                problems.note(f"{part} code of {name}", code, f"a whole number from 0 to {count - 1}")
        problems.raise_if_any()
        return float(table[coarse, fine])

    def code(self, name: str, current: float, low_range: bool = False) -> Code:
        """The code of the nearest level in log current; exactly the level's own code where it is one.

        A level that has several codes gives its canonical one; one that has no canonical code gives its code of
        the lowest coarse value. 0 A gives the first code without current, where there is one.

        Args:
            name: Name of the bias on the chip.
            current: Wanted current [A].
            low_range: Whether the low-range flag will be set (SE1).

        Raises:
            OutOfRange: if no code comes within half a step of it.
            BadInput, NotPublished: as ``current``.
        """
        coarse, fine = self.codes(name, [current], low_range)
        return Code(int(coarse[0]), int(fine[0]))

    def codes(self, name: str, currents: ArrayLike, low_range: bool = False) -> tuple[Indices, Indices]:
        """``code`` for many currents: coarse and fine codes, each of the shape of ``currents``."""
        ladder = self._ladder(name, low_range)
        wanted = self._checked(name, currents, ladder)
        off = wanted == 0
        logs = np.log(np.where(off, ladder.lowest, wanted))
        exact = ladder.every.nearest(logs)
        level = ladder.every.currents[exact]
        flat = np.where(
            np.abs(wanted - level) <= SAME * level,
            ladder.every.codes[exact],
            ladder.main.codes[ladder.main.nearest(logs)],
        )
        flat = np.where(off, 0 if ladder.zero is None else ladder.zero, flat)
        coarse, fine = np.divmod(flat, ladder.table.shape[1])
        return coarse, fine

    def quantise(self, name: str, currents: ArrayLike, low_range: bool = False) -> Currents:
        """The currents [A] that the chip makes where ``currents`` are wanted: decode(encode(I)).

        Where the generator has no codes the currents come back as they are.

        Raises:
            OutOfRange, BadInput, NotPublished: as ``code``.
        """
        if self.continuous:
            return self._checked(name, currents, None)
        coarse, fine = self.codes(name, currents, low_range)
        return np.asarray(self._ladder(name, low_range).table[coarse, fine])

    def range(self, name: str, low_range: bool = False) -> tuple[float, float]:
        """Smallest current above zero and largest current of a bias [A]."""
        if self.continuous:
            self._check_model_bias(name)
            return (0.0, float("inf"))
        ladder = self._ladder(name, low_range)
        return (ladder.lowest, ladder.highest)

    def levels(self, name: str, low_range: bool = False) -> Currents:
        """Currents of all codes [A], shape (coarse codes, fine codes)."""
        return self._ladder(name, low_range).table.copy()

    def error_per_decade(self, name: str, low_range: bool = False) -> list[DecadeError]:
        """Relative error of the nearest canonical level, for each decade that the bias reaches.

        Between neighbouring levels a < b the worst current is sqrt(a b), and its error sqrt(b / a) - 1.
        """
        rising = self._ladder(name, low_range).main
        levels = rising.currents
        middles = np.sqrt(levels[1:] * levels[:-1])
        result = []
        for power in range(int(np.floor(np.log10(levels[0]))), int(np.ceil(np.log10(levels[-1])))):
            low, high = max(10.0**power, float(levels[0])), min(10.0 ** (power + 1), float(levels[-1]))
            logs = np.linspace(np.log(low), np.log(high), _SAMPLES)
            made = levels[rising.nearest(logs)]
            inside = int(np.count_nonzero((levels >= low) & (levels <= high)))
            errors = np.abs(made / np.exp(logs) - 1)
            here = (middles >= low) & (middles <= high)
            worst = np.max((levels[1:] / middles - 1)[here], initial=errors.max())
            result.append(DecadeError(low, high, inside, float(worst), float(np.sqrt(np.mean(errors**2)))))
        return result

    def _ladder(self, name: str, low_range: bool) -> _Ladder:
        return _ladder(self.profile, name, low_range)

    def _check_model_bias(self, name: str) -> None:
        if name not in BIASES:
            raise BadInput(unknown_name(f"bias of profile {self.profile.name!r}", name, BIASES))

    def _checked(self, name: str, currents: ArrayLike, ladder: _Ladder | None) -> Currents:
        """The currents as an array, after refusing what is no current and what no code can make."""
        wanted = np.asarray(currents, dtype=np.float64)
        bad = np.isnan(wanted) | (wanted < 0)
        if bad.any():
            raise BadInput(_listed(name, wanted, bad, "a number >= 0"))
        if ladder is None:
            self._check_model_bias(name)
            return wanted.copy()
        levels = ladder.every.currents
        low = levels[0] - (levels[1] - levels[0]) / 2
        high = levels[-1] + (levels[-1] - levels[-2]) / 2
        outside = (wanted > high) | ((wanted < low) & ((wanted > 0) | (ladder.zero is None)))
        if outside.any():
            reach = f"{show(ladder.lowest, 'A')} to {show(ladder.highest, 'A')}"
            allowed = reach if ladder.zero is None else f"0 (off) or {reach}"
            latch = self.profile.chip_bias(name).latch
            hint = f"the latch {latch} switches it off" if latch and (wanted[outside] < low).any() else ""
            raise OutOfRange(_listed(name, wanted, outside, allowed, hint))
        return wanted


@lru_cache(maxsize=256)  # profiles are frozen, and generators are made for one look-up at a time
def _ladder(profile: HardwareProfile, name: str, low_range: bool) -> _Ladder:
    """Sorts the levels; of equal ones it keeps the canonical code, or else the lowest."""
    table = level_table(profile, name, low_range)
    flat, chosen = table.ravel(), canonical(profile).ravel()
    order = np.lexsort((np.arange(flat.size), ~chosen, flat))
    order = order[flat[order] > 0]
    order = order[np.concatenate(([True], np.diff(flat[order]) > 0))]
    zeros = np.flatnonzero(flat == 0)
    every = _rising(flat, order)
    kept = _rising(flat, order[chosen[order]])
    low, high = float(every.currents[0]), float(every.currents[-1])
    return _Ladder(table, every, kept, int(zeros[0]) if zeros.size else None, low, high)


def _rising(flat: Currents, order: Indices) -> _Rising:
    return _Rising(flat[order], np.log(flat[order]), order)


def _listed(name: str, wanted: Currents, bad: NDArray[np.bool_], allowed: str, hint: str = "") -> list[Problem]:
    """One problem for each refused current, the first few of them; ``wanted`` may have any shape."""
    many = wanted.size > 1
    places = np.argwhere(bad)
    problems = []
    for place in places[:_SHOWN]:
        index = ", ".join(str(int(i)) for i in place)
        problems.append(
            Problem(f"{name}[{index}]" if many else name, float(wanted[tuple(place)]), allowed, "A", hint)
        )
    if len(places) > _SHOWN:
        problems.append(Problem(f"further currents of {name}", len(places) - _SHOWN, "none refused"))
    return problems
