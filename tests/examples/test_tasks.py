"""The two tasks of docs/training.md, at small size here and in full with -m slow."""

from __future__ import annotations

import pytest
import torch
from loaded import example


class TestFrozenNoise:
    task = example("02_frozen_noise")

    def check(self, result):
        assert result.reached, result
        assert min(result.ratios) > 5
        assert 0 < min(result.synapses) <= max(result.synapses) <= 64

    def test_one_seed(self):
        result = self.task.train(0, updates=40)
        self.check(result)
        assert self.task.ratios_of(self.task.network(0)(self.task.patterns(0))[0].mean(1) / self.task.DT)[0] < 5

    def test_main_returns_what_it_did(self):
        (result,) = self.task.main(seeds=1, updates=1, quick=True, show=False)
        assert result.updates == 1
        assert not result.reached
        assert len(result.losses) == 2

    def test_a_silent_neuron_counts_as_one_spike(self):
        assert self.task.ratios_of(torch.tensor([[20.0, 0.0], [0.0, 0.0]])) == (10.0, 1.0)

    @pytest.mark.slow
    def test_five_of_five_seeds(self):
        for result in self.task.main(seeds=5, show=False):
            self.check(result)


class TestWholeNumberWeights:
    task = example("03_whole_number_weights")

    def check(self, result):
        assert self.task.passed(result), result
        assert result.whole >= 0.99
        assert result.chip >= 0.99
        assert result.fractions - result.chip <= 0.02
        assert 20 <= min(result.synapses) <= max(result.synapses) <= 64  # not collapsed to nothing

    def test_one_seed(self):
        (result,) = self.task.main(seeds=1, quick=True, show=False)
        self.check(result)

    def test_an_untrained_network_is_no_better_than_chance(self):
        generator = torch.Generator().manual_seed(0)
        images = self.task.TOP_RATE * torch.rand(2, self.task.PIXELS, generator=generator)
        assert self.task.accuracy(self.task.network(generator), images, 20, generator) < 0.7

    @pytest.mark.slow
    def test_five_of_five_seeds(self):
        for result in self.task.main(seeds=5, show=False):
            self.check(result)


class TestEngines:
    task = example("04_engines")

    def test_both_engines_train_the_same_network(self):
        from arcana.demo.settings import Settings

        small = Settings(speed=50, hidden=12, per_class=2, updates=3, window=40)
        fused, reference = self.task.main(show=False, settings=small)
        assert (fused.engine, reference.engine) == ("fused", "reference")
        assert len(fused.losses) == len(reference.losses) == 3
        assert fused.losses == pytest.approx(reference.losses, rel=1e-3)
        assert fused.test == pytest.approx(reference.test, abs=0.05)
        assert all(value > 0 for run in (fused, reference) for value in (run.training_seconds, run.testing_seconds))


class TestOntoTheChip:
    task = example("06_onto_the_chip")

    @pytest.mark.parametrize("chip", ["dynapse1", "dynapse2"])
    def test_the_tables_are_the_network_and_codes_keep_its_rates(self, chip):
        codes, exact = self.task.main(chip, show=False)
        assert exact.agreement.same
        assert exact.agreement.spikes == codes.agreement.spikes > 1000
        assert not codes.agreement.same
        assert codes.agreement.rate_error < 0.1
        for result in (codes, exact):
            report = result.mapping.report()
            assert sum(core.neurons for core in report.cores) == 320
            assert len(report.cores) >= 2
            assert max(core.most_words for core in report.cores) <= 64
            assert result.bytes == len(result.mapping.configuration().to_json().encode())
