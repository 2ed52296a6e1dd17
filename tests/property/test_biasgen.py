from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from arcana.hardware import load_profile
from arcana.quantize import BiasGenerator

FIRST = (0, 37, 33, 33, 34, 32, 32, 35)
SE1, SE2 = (BiasGenerator(load_profile(name)) for name in ("dynapse1", "dynapse2"))
BIASES = [(SE1, "IF_TAU1_N"), (SE2, "SOIF_LEAK_N"), (SE2, "DEAM_ETAU_P"), (SE2, "SYAM_W0_P"), (SE2, "SOIF_DC_P")]

bias = st.sampled_from(BIASES)
place = st.floats(0, 1)  # where between the ends, in log current


def wanted_at(chip: BiasGenerator, name: str, where: float) -> float:
    low, high = chip.range(name)
    return float(np.clip(low * (high / low) ** where, low, high))


def candidates(chip: BiasGenerator, name: str) -> np.ndarray:
    """All levels that a current between levels may be turned into."""
    levels = chip.levels(name)
    if chip is SE1:
        levels = np.concatenate([row[first:] for row, first in zip(levels, FIRST, strict=True)])
    return levels[levels > 0].ravel()


@settings(deadline=None)
@given(bias, place)
def test_no_level_is_nearer_than_the_one_chosen(which, where):
    chip, name = which
    wanted = wanted_at(chip, name, where)
    made = chip.current(name, *chip.code(name, wanted))
    nearest = np.abs(np.log(candidates(chip, name)) - np.log(wanted)).min()
    assert abs(np.log(made / wanted)) <= nearest + 1e-12


@settings(deadline=None)
@given(bias, place)
def test_rounding_twice_is_rounding_once(which, where):
    chip, name = which
    wanted = wanted_at(chip, name, where)
    once = chip.quantise(name, wanted)
    assert chip.quantise(name, once) == once
    assert chip.current(name, *chip.code(name, wanted)) == once


@settings(deadline=None)
@given(st.sampled_from(BIASES[1:]), place, place)
def test_a_larger_current_never_gets_a_smaller_level(which, one, other):
    chip, name = which  # SE1 keeps exact levels that have no canonical code, so only SE2 promises this everywhere
    small, large = sorted((wanted_at(chip, name, one), wanted_at(chip, name, other)))
    assert chip.quantise(name, small) <= chip.quantise(name, large)


@settings(deadline=None)
@given(bias, place, place)
def test_the_error_grows_with_the_distance_from_the_level(which, where, share):
    """Between a level and the middle to its neighbour, going away from it raises the error."""
    chip, name = which
    levels = np.unique(candidates(chip, name))
    index = min(int(where * (levels.size - 1)), levels.size - 2)
    low, high = np.log(levels[index]), np.log(levels[index + 1])
    steps = np.exp(low + (high - low) * np.linspace(0, 0.499, 6) * (0.1 + 0.9 * share))
    made = chip.quantise(name, steps)
    exact = ~np.isin(made, levels)  # SE1: a level without a canonical code stands here
    assert np.all((made == levels[index]) | exact)
    errors = np.abs(np.log(made / steps))[~exact]
    assert np.all(np.diff(errors) > 0)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), place)
def test_any_table_is_inverted_exactly(seed, where):
    """A table of any shape, even a wild one: every level keeps its current, and the nearest is the nearest."""
    rng = np.random.default_rng(seed)
    table = np.exp(rng.uniform(np.log(1e-13), np.log(1e-6), (2, 6, 256)))
    table[rng.random(table.shape) < 0.1] = 3e-10  # doubles
    profile = SE2.profile
    generator = profile.biasgen.model_copy(update={"levels": dict(zip("NP", table.tolist(), strict=True))})
    chip = BiasGenerator(profile.model_copy(update={"biasgen": generator}))
    levels = chip.levels("SOIF_LEAK_N")
    assert np.array_equal(chip.quantise("SOIF_LEAK_N", levels), levels)
    wanted = wanted_at(chip, "SOIF_LEAK_N", where)
    distance = abs(np.log(float(chip.quantise("SOIF_LEAK_N", wanted)) / wanted))
    assert distance <= np.abs(np.log(levels / wanted)).min() + 1e-12
