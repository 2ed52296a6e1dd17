"""The current of every code of a bias generator."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from arcana.errors import BadInput
from arcana.hardware.biases import Factor, LinearBiasgen, TableBiasgen
from arcana.hardware.profile import HardwareProfile

Currents: TypeAlias = NDArray[np.float64]
SAME = 1e-9  # relative difference below which two levels are one: far above rounding, far below any step


def level_table(profile: HardwareProfile, name: str, low_range: bool = False) -> Currents:
    """Currents of all codes of one chip bias: table * factor (* low_range_factor).

    SE1: I = full_scale[coarse] * fine / 255. SE2: I = table[type, coarse, fine], the whole table where the profile
    has it, else its published ends at fine 0 and 255 and the straight line leak + slope * fine between.

    Args:
        profile: The chip.
        name: Name of the bias on the chip.
        low_range: Whether the low-range flag is set (SE1 only).

    Returns:
        (coarse codes, fine codes) currents [A]; levels that differ only by rounding are made equal.

    Raises:
        BadInput: if the chip has no such bias, no codes or no low range.
        NotPublished: if the factor of the bias, its transistor type or the factor of the low range is unknown.
    """
    bias = profile.chip_bias(name)
    generator = profile.biasgen
    needed_for = f"the current of {name}"
    if isinstance(generator, LinearBiasgen):
        full_scale = np.array(profile.need("biasgen.full_scale", needed_for))
        table = full_scale[:, None] * (np.arange(generator.fine_codes) / (generator.fine_codes - 1))
        if low_range:
            table = table * profile.need("biasgen.low_range_factor", f"{needed_for} with the low-range flag")
    elif low_range:
        raise BadInput.one("low_range", low_range, f"False: profile {profile.name!r} has no low range")
    elif isinstance(generator, TableBiasgen):
        kind = profile.need(f"bias.{name}.transistor", needed_for)
        table = _whole_or_fitted(profile, generator, kind, needed_for)
    else:
        raise BadInput.one("profile", profile.name, "one with bias codes", hint="any current is possible here")
    own = isinstance(generator, TableBiasgen) or bias.factor is not None
    key = f"bias.{name}.factor" if own else "biasgen.factor"
    constant = profile.need(key, needed_for)
    factor = bias.factor or getattr(generator, "factor", None)
    return merged(table * (_factor_at(factor, table) if factor and factor.points else constant))


def canonical(profile: HardwareProfile) -> NDArray[np.bool_]:
    """(coarse codes, fine codes): which codes a current is turned into; each level stands there once."""
    generator = profile.biasgen
    if isinstance(generator, LinearBiasgen):
        first = np.array(generator.canonical_first_fine)
        return np.asarray(np.arange(generator.fine_codes) >= first[:, None])
    if isinstance(generator, TableBiasgen):
        return np.ones((generator.coarse_codes, generator.fine_codes), dtype=bool)
    raise BadInput.one("profile", profile.name, "one with bias codes", hint="any current is possible here")


def merged(table: Currents) -> Currents:
    """Gives levels within 1e-9 of each other the current of the lowest code among them, bit for bit."""
    flat = table.ravel()
    order = np.argsort(flat, kind="stable")
    rising = flat[order]
    starts = np.concatenate(([True], np.diff(rising) > SAME * rising[1:]))
    group = np.empty(flat.size, dtype=np.intp)
    group[order] = np.cumsum(starts) - 1
    first = np.full(int(starts.sum()), flat.size, dtype=np.intp)
    np.minimum.at(first, group, np.arange(flat.size))
    return np.asarray(flat[first[group]].reshape(table.shape))


def _whole_or_fitted(profile: HardwareProfile, generator: TableBiasgen, kind: str, needed_for: str) -> Currents:
    if generator.levels is not None:
        return np.array(generator.levels[kind])
    leak, slope, low, high = (
        np.array(profile.need(f"biasgen.{kind}.{part}", needed_for))
        for part in ("fit_leak", "fit_slope", "at_fine_0", "full_scale")
    )
    table: Currents = leak[:, None] + slope[:, None] * np.arange(generator.fine_codes)
    table[:, 0], table[:, -1] = low, high
    return table


def _factor_at(factor: Factor, currents: Currents) -> Currents:
    """Straight lines in log current and log factor between the points, the end values outside."""
    points = np.log(np.array(factor.points))
    with np.errstate(divide="ignore"):  # a level of 0 A takes the first factor and stays 0
        return np.asarray(np.exp(np.interp(np.log(currents), points[:, 0], points[:, 1])))
