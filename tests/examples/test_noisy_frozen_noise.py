"""Frozen noise on chips that differ: at small size here, as in docs/frozen-noise.md with -m slow."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from benchmarks import frozen_noise_chips_hard as hard
from benchmarks import frozen_noise_chips_named as named
from benchmarks.frozen_noise_chips_named import easy as task

EYE = torch.arange(2)


@pytest.fixture(scope="module")
def hardened():
    """The noise-trained race of seed 0, on 40 chips of each CV."""
    (result,) = named.run(quick=True, only="race, noise-trained")
    return result


class TestTwoPatterns:
    def test_noise_training_reaches_the_wanted_ratios(self, hardened):
        assert hardened.percentile(0.1) >= 5, hardened
        assert hardened.percentile(0.2) >= 3, hardened
        assert hardened.reached
        assert 20 < hardened.words <= task.FAN_IN

    def test_the_ratio_does_not_come_from_silence_alone(self, hardened):
        """The right neuron fires well, not at 8 Hz against the floor of 2 Hz."""
        for cv, chips in hardened.chips.items():
            assert chips.silent == 0
            assert task.quantile(chips.right, 0.05) > 20
            harsher = chips.right.clamp(min=8) / chips.wrong.clamp(min=8)  # four spikes instead of one
            assert task.quantile(harsher.amin(-1), 0.05) >= task.WANTED[cv]

    def test_every_bias_of_the_mapped_network_is_off(self):
        """The file's network, not the trained one: codes, and mismatch on each bias of each neuron."""
        net = task.race(0, "dynapse1", 0.0, 2)
        emulator = task.emulated(net, "dynapse1")
        (layer,) = emulator.net.layers
        assert float(layer.nominal("Iw_ampa")) != float(net.nominal("Iw_ampa"))
        assert float(layer.nominal("Iw_ampa")) == pytest.approx(float(net.nominal("Iw_ampa")), rel=0.02)
        emulator.set_mismatch(task.MismatchModel(0.2).sample(200, task.TEST_SEED))
        factors = layer.mismatch_factors()
        assert set(factors) == set(layer.bias_names())
        for name, logs in factors.items():
            assert float(logs.exp().std()) == pytest.approx(0.2, rel=0.15), name

    def test_inhibition_is_what_decides(self):
        """Without it the same excitation tells nothing: both neurons fire for the whole pattern."""
        (without,) = named.run(quick=True, only="no inhibition")
        assert without.percentile(0.1) < 1.5
        assert task.quantile(without.chips[0.1].wrong, 0.5) > 20

    def test_the_balance_of_example_02_is_lost_at_cv_02(self):
        emulator = task.emulated(named.balance(0, 0.0, 100), "dynapse1")
        assert float(task.judge(emulator, task.patterns(0), EYE, 0.0, 1, 0).ratios) > 5
        chips = task.judge(emulator, task.patterns(0), EYE, 0.2, 40, task.TEST_SEED)
        assert task.quantile(chips.ratios, 0.05) < 1

    def test_switched_weights_of_dynapse2(self):
        net = task.race(0, "dynapse2", task.TRAINING_CV, 60, switches=True)
        assert not torch.equal(net.counts()["W_ampa"], net.counts()["W_ampa"].round())
        emulator = task.emulated(net, "dynapse2")
        chips = task.judge(emulator, task.patterns(0), EYE, 0.1, 20, task.TEST_SEED)
        assert task.quantile(chips.ratios, 0.05) >= 5

    @pytest.mark.slow
    def test_five_of_five_seeds_on_200_chips(self):
        results = named.run(only="race, noise-trained")
        assert len(results) == 5
        for result in results:
            assert result.reached, result
            assert result.chips[0.2].ratios.shape == (200,)


class TestJudge:
    def test_patterns_and_ratio_are_those_of_example_02(self):
        assert torch.equal(task.patterns(3), named.noise.patterns(3))
        rates = torch.tensor([[20.0, 4.0], [0.0, 12.0]])
        found = task.chips_of(rates.unsqueeze(0), EYE)
        assert float(found.ratios) == min(named.noise.ratios_of(rates)) == 5.0

    def test_silence_is_no_success(self):
        rates = torch.tensor([[[0.0, 0.0], [0.0, 40.0]], [[30.0, 0.0], [8.0, 8.0]]])
        found = task.chips_of(rates, EYE)
        assert found.ratios.tolist() == [1.0, 1.0]
        assert found.silent == 0.5
        assert found.accuracy.tolist() == [0.5, 0.5]  # a tie is an error, and so is silence

    def test_the_worst_class_counts_against_its_strongest_rival(self):
        rates = torch.tensor([[[60.0, 6.0, 3.0], [0.0, 60.0, 0.0], [10.0, 20.0, 60.0]]])
        assert float(task.chips_of(rates, torch.arange(3)).ratios) == 3.0

    def test_chips_do_not_depend_on_how_many_run_together(self):
        net = task.network(0, "dynapse1", **task.biases("dynapse1"))
        task.inhibit(net, 8 * (1 - torch.eye(2)))
        emulator, X = task.emulated(net, "dynapse1"), task.patterns(0)
        together = task.judge(emulator, X, EYE, 0.2, 5, 7)
        parts = task.judge(emulator, X, EYE, 0.2, 5, 7, at_once=2)
        assert torch.equal(together.rates, parts.rates)
        assert together.rates.unique(dim=0).shape[0] > 1

    def test_being_first_costs_least(self):
        first, tie, last = torch.tensor([[[4.0, 0.0]], [[4.0, 4.0]], [[0.0, 4.0]]])
        costs = [float(task.race_loss(counts, torch.tensor([0]))) for counts in (first, tie, last)]
        assert costs == sorted(costs)
        assert costs[0] < 0.1 < costs[1] < costs[2]


class TestDisturbances:
    X = task.patterns(0, hard.CLASSES)

    def made(self, how, copies=3):
        return hard.disturb(self.X, copies, torch.Generator().manual_seed(0), how)

    def test_none_leaves_the_pattern_as_it_is(self):
        series, y = self.made(hard.NONE)
        assert torch.equal(series, self.X.repeat(3, 1, 1))
        assert y.tolist() == list(range(hard.CLASSES)) * 3

    def test_every_series_is_another_one(self):
        series, _ = self.made(hard.AS_TRAINED)
        assert not torch.equal(series[0], series[hard.CLASSES])

    @pytest.mark.parametrize(("lost", "added"), [(0.3, 0.0), (0.0, 10.0)])
    def test_events_are_lost_and_added_as_said(self, lost, added):
        series, _ = self.made(replace(hard.NONE, lost=lost, added=added), copies=4)
        before = float(self.X.mean())
        assert float(series.mean()) == pytest.approx(before * (1 - lost) + added * task.DT, rel=0.02)

    def test_jitter_moves_events_and_keeps_their_number(self):
        series, _ = self.made(replace(hard.NONE, jitter=3.0), copies=1)
        assert series.sum() == self.X.sum()
        assert not torch.equal(series, self.X)
        near = torch.nn.functional.max_pool1d(self.X.transpose(1, 2), 25, 1, 12).transpose(1, 2)
        assert bool((series <= near * series).all())  # nobody moved by more than four standard deviations

    def test_beginning(self):
        late, _ = self.made(replace(hard.NONE, late=50), copies=1)
        assert torch.equal(late, self.X[:, 50:])
        lead, _ = self.made(replace(hard.NONE, lead=100), copies=1)
        assert torch.equal(lead[:, 100:], self.X)
        assert float(lead[:, :100].mean()) == pytest.approx(task.RATE * task.DT, rel=0.1)


class TestSixPatterns:
    def test_votes_against_every_other_class_and_never_the_own(self):
        words = hard.voters(3, 5, 2, torch.Generator().manual_seed(0)).reshape(15, 3, 5).sum(-1)
        assert torch.equal(words, 2 * (1 - torch.eye(3)).repeat_interleave(5, 0))

    def test_a_small_population_learns_and_lies_on_two_cores(self):
        net = hard.population(0, task.TRAINING_CV, 40, each=8)
        emulator = task.emulated(net, hard.CHIP)
        assert len(emulator.config.cores) == 2
        X, y = hard.disturb(task.patterns(0, hard.CLASSES), 2, torch.Generator().manual_seed(1))
        chips = task.judge(emulator, X, y, 0.1, 10, task.TEST_SEED)
        assert float(chips.accuracy.mean()) > 0.4  # chance is a sixth

    @pytest.mark.slow
    def test_populations_survive_cv_02(self):
        emulator = task.emulated(hard.population(0, task.TRAINING_CV, 200), hard.CHIP)
        X, y = hard.disturb(task.patterns(0, hard.CLASSES), 2, torch.Generator().manual_seed(5000))
        chips = task.judge(emulator, X, y, 0.2, 100, task.TEST_SEED, at_once=10)
        assert float(chips.accuracy.mean()) > 0.95
        assert task.quantile(chips.ratios, 0.05) >= 3
