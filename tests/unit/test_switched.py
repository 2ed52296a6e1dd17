"""Weight currents and switches: against brute force, other solvers, the plain grid, and another kind of search."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from scipy.optimize import differential_evolution, nnls

from arcana.errors import BadInput
from arcana.hardware import load_profile
from arcana.quantize.subset_sums import SortedWeights, bits_of, least_squares, nearest_masks
from arcana.quantize.switched import choose_switches, grid_switches, refit_switches, switch_levels

NA = 1e-9
LEVELS = switch_levels(load_profile("dynapse2"))


def drawn(kind: str, n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return {"normal": lambda: abs(rng.normal(size=n)), "lognormal": lambda: rng.lognormal(size=n),
            "uniform": lambda: rng.random(n)}[kind]()  # fmt: skip


def rms_of(values: np.ndarray, weights: np.ndarray) -> float:
    return float(np.linalg.norm(values - weights) / np.linalg.norm(weights))


class TestTheFitIsWhatItSays:
    @pytest.mark.parametrize("levels", [None, LEVELS], ids=["any current", "levels"])
    @pytest.mark.parametrize("kind", ["normal", "lognormal", "uniform"])
    def test_values_masks_rms_and_dropped(self, kind, levels):
        weights = 20 * NA * drawn(kind, 500, seed=1)
        weights[::7] = 0
        fit = choose_switches(weights, levels=levels)
        sums = np.array([sum(w for i, w in enumerate(fit.currents) if m >> i & 1) for m in range(16)])
        np.testing.assert_allclose(fit.values, sums[fit.masks], rtol=1e-12)
        # the nearest one, found the slow way
        np.testing.assert_allclose(
            abs(fit.values - weights), abs(weights[:, None] - sums).min(1), rtol=1e-9, atol=1e-20
        )
        assert fit.rms == pytest.approx(rms_of(fit.values, weights), rel=1e-9)
        assert fit.dropped == ((weights > 0) & (fit.masks == 0)).sum()
        assert (fit.masks[weights == 0] == 0).all()
        assert (np.diff(fit.currents) >= 0).all()
        if levels is not None:
            assert np.isin(fit.currents, levels).all()

    def test_a_weight_is_dropped_only_where_nothing_is_nearer(self):
        weights = NA * drawn("lognormal", 400, seed=2)
        fit = choose_switches(weights)
        smallest = bits_of(4)[1:] @ fit.currents
        assert 0 < fit.dropped < 400
        assert (weights[fit.masks == 0] <= smallest.min() / 2).all()

    def test_the_same_seed_gives_the_same_and_the_order_of_words_does_not_matter(self):
        weights = NA * drawn("normal", 300, seed=3)
        one, other = choose_switches(weights, seed=4), choose_switches(weights, seed=4)
        assert np.array_equal(one.currents, other.currents)
        turned = choose_switches(weights[::-1], seed=4)
        assert np.array_equal(turned.currents, one.currents)
        assert np.array_equal(turned.masks[::-1], one.masks)

    def test_the_unit_does_not_matter(self):
        weights = drawn("uniform", 200, seed=5)
        np.testing.assert_allclose(
            choose_switches(weights * 1e-12).currents, 1e-12 * choose_switches(weights).currents, rtol=1e-6
        )

    @pytest.mark.parametrize("levels", [None, LEVELS])
    @pytest.mark.parametrize("weights", [[], [0.0, 0.0]])
    def test_no_weights_need_no_words(self, weights, levels):
        fit = choose_switches(weights, levels=levels)
        assert fit.masks.tolist() == [0] * len(weights)
        assert (fit.rms, fit.dropped) == (0.0, 0)

    def test_important_words_come_out_better(self):
        weights = drawn("lognormal", 400, seed=6)
        importance = np.where(np.arange(400) < 4, 1e6, 1.0)
        plain, weighted = choose_switches(weights), choose_switches(weights, weight=importance)
        assert rms_of(plain.values[:4], weights[:4]) > 0.03
        assert rms_of(weighted.values[:4], weights[:4]) < 1e-3  # four currents can make four words as they are
        error = np.sum(importance * (weighted.values - weights) ** 2) / np.sum(importance * weights**2)
        assert weighted.rms == pytest.approx(error**0.5, rel=1e-9)


class TestAgainstBruteForce:
    @pytest.mark.parametrize("seed", range(10))
    def test_any_currents(self, seed):
        """All 4^5 ways to switch five words with two currents, each with its best currents."""
        weights, bits = drawn("uniform", 5, seed), bits_of(2)
        best = min(nnls(bits[list(masks)], weights)[1] for masks in itertools.product(range(4), repeat=5))
        assert choose_switches(weights, switches=2).rms * np.linalg.norm(weights) == pytest.approx(best, abs=1e-12)

    @pytest.mark.parametrize("seed", range(10))
    def test_levels(self, seed):
        """All 2,380 choices of four of 14 levels."""
        weights, levels = drawn("lognormal", 12, seed), np.sort(drawn("lognormal", 14, seed + 100))
        best = min(
            (abs(weights[:, None] - bits_of(4) @ levels[list(four)]).min(1) ** 2).sum()
            for four in itertools.combinations_with_replacement(range(14), 4)
        )
        fit = choose_switches(weights, levels=levels)
        assert (fit.rms * np.linalg.norm(weights)) ** 2 == pytest.approx(best, rel=1e-9)

    @pytest.mark.parametrize("seed", range(20))
    def test_least_squares_is_the_optimum_under_w_not_negative(self, seed):
        rng = np.random.default_rng(seed)
        masks, weights = rng.integers(0, 16, 40), rng.random(40)
        count = np.bincount(masks, minlength=16).astype(float)
        total = np.bincount(masks, weights, minlength=16)
        found = least_squares(count[None], total[None], 4)[0]
        rows = bits_of(4)[masks]
        np.testing.assert_allclose(found, nnls(rows, weights)[0], rtol=1e-7, atol=1e-9)
        slope = rows.T @ (rows @ found - weights)  # Karush, Kuhn and Tucker
        assert (slope >= -1e-9).all()
        assert np.abs(slope * found).max() < 1e-9

    def test_some_of_them_would_be_negative_without_the_bound(self):
        """Else the test above would say nothing of the bound."""
        count, total = np.array([0.0, 1, 1, 1]), np.array([0.0, 1, 5, 2])
        free = np.linalg.lstsq(bits_of(2)[1:], total[1:], rcond=None)[0]
        assert free.min() < 0
        assert least_squares(count[None], total[None], 2)[0].tolist() == pytest.approx([0.0, 3.5])

    def test_errors_of_candidates_are_those_of_the_nearest_sums(self):
        rng = np.random.default_rng(0)
        weights, importance, candidates = rng.random(60), rng.random(60), rng.random((25, 3))
        found = SortedWeights.of(weights, importance).errors(candidates)
        slow = [(importance * abs(weights[:, None] - bits_of(3) @ c).min(1) ** 2).sum() for c in candidates]
        np.testing.assert_allclose(found, slow, rtol=1e-9)

    def test_of_equal_sums_the_smaller_mask(self):
        assert nearest_masks(np.array([0.0, 1.0, 1.4, 2.0]), np.array([1.0, 1.0])).tolist() == [0, 1, 1, 3]
        assert nearest_masks(np.array([0.0, 3.0]), np.array([0.0, 3.0])).tolist() == [0, 2]


class TestHowGood:
    @pytest.mark.parametrize(
        ("kind", "n", "bound"),
        [("normal", 64 * 64, 0.062), ("normal", 64 * 256, 0.062), ("uniform", 64 * 256, 0.033)],
    )
    def test_a_core(self, kind, n, bound):
        """The mean of five seeds; that of one hangs on its largest weight."""
        cores = [10 * NA * drawn(kind, n, seed) for seed in range(5)]
        start = time.process_time()
        snapped = [choose_switches(weights, levels=LEVELS).rms for weights in cores]
        assert (time.process_time() - start) / 5 < 5
        free = [choose_switches(weights).rms for weights in cores]
        assert np.mean(snapped) <= bound
        assert np.mean(free) <= bound
        assert max(free) <= 1.05 * bound

    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize("n", [256, 64 * 256])
    @pytest.mark.parametrize("kind", ["normal", "lognormal"])
    def test_as_well_as_a_search_of_another_kind(self, kind, n, seed):
        """Differential evolution over the four currents finds nothing better than what comes out here."""
        weights = drawn(kind, n, seed)
        words = SortedWeights.of(weights, np.ones(n))
        found = differential_evolution(
            lambda logs: words.errors(np.exp(logs.T)), [(np.log(0.02), np.log(weights.max()))] * 4,
            seed=seed, popsize=30, maxiter=150, vectorized=True, updating="deferred", polish=False, tol=0,
        )  # fmt: skip
        fit = choose_switches(weights)
        assert fit.rms <= (found.fun / words.squares) ** 0.5 * (1 + 1e-3)
        assert fit.rms < grid_switches(weights).rms * (0.97 if kind == "lognormal" else 1)

    @pytest.mark.parametrize("levels", [None, LEVELS, LEVELS[::40]], ids=["any", "levels", "few levels"])
    @pytest.mark.parametrize("kind", ["normal", "lognormal", "uniform"])
    def test_never_worse_than_the_plain_grid(self, kind, levels):
        for seed, n in enumerate((1, 3, 20, 200, 2000)):
            weights = 10 * NA * drawn(kind, n, seed)
            assert (
                choose_switches(weights, levels=levels).rms
                <= grid_switches(weights, levels=levels).rms * (1 + 1e-9) + 1e-12
            )

    def test_the_plain_grid_has_its_best_scale(self):
        weights = drawn("normal", 300, seed=0)
        fit = grid_switches(weights)
        np.testing.assert_allclose(fit.currents / fit.currents[0], [1, 2, 4, 8])
        words = SortedWeights.of(weights, np.ones(300))
        scales = np.linspace(0.3, 3, 20_000)[:, None] * fit.currents
        assert fit.rms <= (words.errors(scales).min() / words.squares) ** 0.5 * (1 + 1e-6)

    @pytest.mark.parametrize("seed", range(8))
    def test_what_four_currents_made_is_found_again(self, seed):
        """A network trained with weight switches reaches the mapper as float32 sums."""
        rng = np.random.default_rng(seed)
        currents = np.sort(rng.choice(LEVELS[(LEVELS > 0.5 * NA) & (LEVELS < 200 * NA)], 4))
        weights = (bits_of(4)[rng.integers(0, 16, 300)] @ currents).astype(np.float32)
        fit = choose_switches(weights, levels=LEVELS)
        assert fit.rms < 1e-6
        np.testing.assert_allclose(fit.currents, currents, rtol=1e-6)


class TestRefit:
    @pytest.mark.parametrize("levels", [None, LEVELS])
    def test_it_follows_weights_that_moved_a_little(self, levels):
        rng = np.random.default_rng(0)
        weights = 10 * NA * drawn("normal", 600, seed=0)
        before = choose_switches(weights, levels=levels)
        moved = abs(weights * (1 + 0.1 * rng.normal(size=600)) * 1.1)
        stale = np.linalg.norm(moved - bits_of(4)[nearest_masks(moved, before.currents)] @ before.currents)
        after = refit_switches(moved, before.currents, levels=levels)
        assert after.rms < 0.98 * stale / np.linalg.norm(moved)
        assert after.rms <= 1.1 * choose_switches(moved, levels=levels).rms

    @pytest.mark.parametrize("levels", [None, LEVELS])
    def test_a_second_time_changes_nothing(self, levels):
        weights = 10 * NA * drawn("normal", 600, seed=1)
        fit = choose_switches(weights, levels=levels)
        np.testing.assert_allclose(
            refit_switches(weights, fit.currents, levels=levels).currents, fit.currents, rtol=1e-3
        )


class TestRefused:
    def test_all_problems_at_once(self):
        with pytest.raises(BadInput) as caught:
            choose_switches([1e-9, -1.0], levels=[0.0], switches=9, weight=[1.0, 2.0])
        fields = [p.field for p in caught.value.problems]
        assert fields == ["switches", "weights", "weight", "levels"]

    @pytest.mark.parametrize("weights", [[[1.0]], [float("nan")], [float("inf")], ["much"], 3.0])
    def test_what_is_no_row_of_currents(self, weights):
        with pytest.raises(BadInput, match="weights"):
            choose_switches(weights)


def test_levels_are_those_of_all_switches_of_the_chip():
    assert LEVELS.size > 1000
    assert (np.diff(LEVELS) > 0).all()
    assert switch_levels(load_profile("ideal")) is None
    assert switch_levels(load_profile("dynapse1")) is None
