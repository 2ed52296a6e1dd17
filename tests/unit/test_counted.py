"""One weight current and whole counts within the fan-in: against brute force and dense scans."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from arcana.errors import BadInput
from arcana.hardware import load_profile
from arcana.quantize import BiasGenerator
from arcana.quantize.counted import best_counts, choose_counts, choose_counts_jointly

NA = 1e-9
LEVELS = np.unique(BiasGenerator(load_profile("dynapse1")).levels("PS_WEIGHT_EXC_F_N"))


def drawn(rows: int, columns: int, seed: int) -> np.ndarray:
    return NA * np.random.default_rng(seed).lognormal(size=(rows, columns))


class TestBestCounts:
    @pytest.mark.parametrize("seed", range(40))
    def test_no_other_whole_numbers_are_better(self, seed):
        rng = np.random.default_rng(seed)
        weights, currents, fan_in = 3 * rng.random(4), rng.choice([0.3, 0.5, 1.0], 4), int(rng.integers(1, 7))
        every = np.array([n for n in itertools.product(range(fan_in + 1), repeat=4) if sum(n) <= fan_in])
        best = ((currents * every - weights) ** 2).sum(1).min()
        found = best_counts(weights[None], currents, fan_in)[0]
        assert found.sum() <= fan_in
        assert ((currents * found - weights) ** 2).sum() == pytest.approx(best, abs=1e-12)

    def test_equal_weights_use_the_whole_fan_in_and_no_more(self):
        counts = best_counts(np.full((2, 100), 1.0), np.full(100, 1.0), 64)
        assert counts.sum(1).tolist() == [64, 64]
        assert set(counts.ravel()) == {0, 1}

    def test_rows_that_fit_are_rounded(self):
        weights = np.array([[0.4, 0.6, 2.5, 1.5]])
        assert best_counts(weights, np.ones(4), 64).tolist() == [[0, 1, 2, 1]]  # halves save a synapse


class TestOneReceptor:
    @pytest.mark.parametrize("columns", [20, 60, 300])
    @pytest.mark.parametrize("fan_in", [16, 64])
    def test_no_current_of_a_dense_scan_is_better(self, columns, fan_in):
        weights = drawn(12, columns, seed=columns)
        fit = choose_counts(weights, fan_in)
        scanned = min(
            np.linalg.norm(i * best_counts(weights / NA, np.full(columns, i), fan_in) - weights / NA)
            for i in np.geomspace(0.03, 10, 300)
        )
        assert fit.rms <= scanned / np.linalg.norm(weights / NA) * 1.002

    def test_the_fit_is_what_it_says(self):
        weights = drawn(30, 80, seed=1)
        fit = choose_counts(weights)
        assert fit.counts.dtype.kind == "i"
        assert fit.counts.min() >= 0
        assert fit.counts.sum(1).max() <= 64
        error = np.linalg.norm(fit.current * fit.counts - weights) / np.linalg.norm(weights)
        assert fit.rms == pytest.approx(error, rel=1e-9)

    def test_whole_numbers_of_a_current_are_found_again(self):
        counts = np.random.default_rng(2).integers(0, 4, (20, 30))
        fit = choose_counts(3.3 * NA * counts)
        assert fit.rms < 1e-6
        assert np.array_equal(fit.counts, counts * round(3.3 * NA / fit.current))

    def test_levels(self):
        weights = drawn(10, 60, seed=3)
        fit = choose_counts(weights, levels=LEVELS)
        assert np.isclose(LEVELS, fit.current, rtol=1e-12).any()
        near = LEVELS[abs(np.log(np.maximum(LEVELS, 1e-15) / fit.current)) < 1]
        errors = [np.linalg.norm(i * best_counts(weights, np.full(60, i), 64) - weights) for i in near]
        assert fit.rms <= min(errors) / np.linalg.norm(weights) * 1.005

    def test_nothing_wanted(self):
        fit = choose_counts(np.zeros((3, 4)))
        assert (fit.current, fit.rms) == (0.0, 0.0)
        assert not fit.counts.any()
        assert choose_counts(np.zeros((3, 4)), levels=LEVELS).current == LEVELS[LEVELS > 0][0]


class TestSeveralReceptors:
    def test_the_fan_in_is_that_of_the_neuron(self):
        weights = {"ampa": drawn(20, 60, 0), "gabab": 1e-3 * drawn(20, 60, 1), "nmda": np.zeros((20, 5))}
        fits = choose_counts_jointly(weights, 64)
        used = sum(fit.counts.sum(1) for fit in fits.values())
        assert used.max() <= 64
        assert min(fits["ampa"].counts.sum(), fits["gabab"].counts.sum()) > 20 * 20  # both have their share
        assert fits["nmda"].current == 0

    def test_no_pair_of_currents_of_a_dense_scan_is_better(self):
        weights = {"ampa": drawn(8, 30, 2) / NA, "gabab": 5 * drawn(8, 40, 3) / NA}
        unit = {name: np.sqrt(np.mean(w**2)) for name, w in weights.items()}
        together = np.concatenate([w / unit[name] for name, w in weights.items()], 1)

        def error(a: float, b: float) -> float:
            currents = np.repeat([a, b], [30, 40])
            return float(np.sum((currents * best_counts(together, currents, 24) - together) ** 2))

        scanned = min(error(a, b) for a in np.geomspace(0.1, 3, 40) for b in np.geomspace(0.1, 3, 40))
        fits = choose_counts_jointly(weights, 24)
        found = sum(
            np.sum((fit.current * fit.counts - weights[name]) ** 2) / unit[name] ** 2 for name, fit in fits.items()
        )
        assert found <= scanned * 1.005

    def test_one_receptor_alone_is_choose_counts(self):
        weights = drawn(5, 20, 4)
        one, other = choose_counts(weights, 16), choose_counts_jointly({"ampa": weights}, 16)["ampa"]
        assert one.current == other.current
        assert np.array_equal(one.counts, other.counts)


class TestRefused:
    def test_all_problems_at_once(self):
        with pytest.raises(BadInput) as caught:
            choose_counts_jointly({"ampa": [[-1.0]], "gabab": [1.0]}, 0, levels=[0.0])
        assert [p.field for p in caught.value.problems] == ["fan_in", "ampa", "gabab", "levels"]

    def test_receptors_of_different_cores(self):
        with pytest.raises(BadInput, match="as many neurons"):
            choose_counts_jointly({"ampa": np.ones((2, 3)), "gabab": np.ones((3, 3))})

    def test_no_receptor(self):
        with pytest.raises(BadInput, match="at least one receptor"):
            choose_counts_jointly({})
