"""What differs from chip to chip follows from (seed, chip) alone, and has the statistics that it says."""

from __future__ import annotations

import numpy as np
import pytest

from arcana.analysis.draws import NEVER, Chips, disturbed, noisy
from arcana.mismatch import MismatchModel

MODEL = MismatchModel(0.2)


def test_without_more_the_chips_are_those_of_the_model():
    chips = Chips(MODEL, 4, 7)
    assert np.array_equal(chips.log_factors("0", "Ith", 9), MODEL.sample(4, 7).log_factors("0", "Ith", 9))


@pytest.mark.parametrize("extra", [{"drift": 0.3}, {"dead_neurons": 0.2}, {"drift": 0.3, "dead_neurons": 0.2}])
def test_a_chip_is_the_same_in_every_draw(extra):
    together = Chips(MODEL, 6, 3, **extra)
    for bias in ("Ith", "Itau_mem"):
        rows = together.log_factors("C0c1", bias, 256)
        for k in (0, 5):
            assert np.array_equal(Chips(MODEL, 1, 3, k, **extra).log_factors("C0c1", bias, 256)[0], rows[k])
    assert not np.array_equal(together.log_factors("C0c1", "Ith", 256), together.log_factors("C0c2", "Ith", 256))


def test_drift_is_common_to_a_core_and_keeps_the_mean():
    chips = Chips(MismatchModel(0.0), 4000, 1, drift=0.3)
    rows = np.exp(chips.log_factors("C0c0", "Itau_mem", 3))
    assert np.array_equal(rows[:, 0], rows[:, 2])
    assert rows[:, 0].mean() == pytest.approx(1, abs=4 * 0.3 / np.sqrt(4000))
    assert rows[:, 0].std() == pytest.approx(0.3, rel=0.08)
    other = np.exp(chips.log_factors("C0c0", "Idc", 3))[:, 0]
    assert abs(np.corrcoef(rows[:, 0], other)[0, 1]) < 4 / np.sqrt(4000)


def test_the_share_of_dead_neurons_is_met_on_thresholds_alone():
    chips = Chips(MismatchModel(0.0), 200, 2, dead_neurons=0.1)
    dead = chips.log_factors("C0c0", "Ith", 256) == NEVER
    assert np.array_equal(chips.log_factors("C0c0", "Ipfb_th", 256) == NEVER, dead)
    assert dead.mean() == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / dead.size))
    assert not chips.log_factors("C0c0", "Itau_mem", 256).any()


def test_noise_has_the_spread_that_it_says():
    signal = np.zeros((40, 500, 3))
    a, b = noisy(signal, 0.5, 0, 1), noisy(signal, 0.5, 0, 2)
    assert a.std() == pytest.approx(0.5, rel=0.02)
    assert np.array_equal(a, noisy(signal, 0.5, 0, 1))
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.02


class TestDisturbedEvents:
    rng = np.random.default_rng(0)
    events = rng.poisson(0.2, (20, 400, 5)).astype(float)
    none = {"jitter": 0.0, "dropped": 0.0, "spurious": 0.0}  # noqa: RUF012

    def changed(self, chip=0, **kinds):
        return disturbed(self.events, 5, chip, dt=1e-3, **(self.none | kinds))

    def test_nothing_changes_nothing(self):
        assert np.array_equal(self.changed(), self.events)

    def test_a_share_is_lost_and_none_appears(self):
        left = self.changed(dropped=0.3)
        assert (left <= self.events).all()
        n = self.events.sum()
        assert left.sum() / n == pytest.approx(0.7, abs=4 * np.sqrt(0.21 / n))

    def test_everything_can_be_lost(self):
        assert not self.changed(dropped=1.0).any()

    def test_spurious_events_come_at_their_rate(self):
        added = self.changed(spurious=50.0) - self.events
        assert (added >= 0).all()
        assert added.mean() / 1e-3 == pytest.approx(50, rel=0.05)

    def test_jitter_keeps_every_event_on_its_line_and_in_its_series(self):
        moved = self.changed(jitter=3e-3)
        assert np.array_equal(moved.sum(1), self.events.sum(1))
        assert not np.array_equal(moved, self.events)

    def test_jitter_has_the_spread_that_it_says(self):
        one = np.zeros((4000, 101, 1))
        one[:, 50] = 1
        moved = disturbed(one, 0, 0, dt=1e-3, jitter=6e-3, dropped=0.0, spurious=0.0)
        at = moved[..., 0].argmax(1)
        assert at.mean() == pytest.approx(50, abs=0.5)
        assert at.std() == pytest.approx(6, rel=0.06)  # and 1/12 for the step

    def test_kinds_do_not_depend_on_each_other(self):
        assert np.array_equal(self.changed(dropped=0.3, spurious=9.0) >= self.changed(dropped=0.3), np.ones_like(
            self.events, dtype=bool))  # fmt: skip

    def test_each_chip_has_its_own(self):
        assert not np.array_equal(self.changed(0, jitter=3e-3), self.changed(1, jitter=3e-3))
        assert np.array_equal(self.changed(1, jitter=3e-3), self.changed(1, jitter=3e-3))
