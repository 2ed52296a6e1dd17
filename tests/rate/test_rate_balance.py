"""The balanced state: what the theory says of rates and K, and what the published network does."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from arcana.networks.rate import RateNetwork
from arcana.networks.rate.analysis import balance, rate_statistics

FILE = "two_populations.yml"
QUIET = {"M0": 1.0, "GAIN": 1.0, "nmda": False, "integration": "exact", "held_until_stimulus": False,
         "duration_s": 2.0, "warm_up_s": 1.0, "window_s": 0.5, "record": "all"}  # fmt: skip


def means(**overrides):
    network = RateNetwork.from_config(FILE, **{**QUIET, **overrides})
    rates, first = network()[0].mean(0), network.config.sizes[0]
    return float(rates[:first].mean()), float(rates[first:].mean()), network, rates


@pytest.mark.parametrize(
    ("n", "shares"), [pytest.param(4000, [0.5, 0.5]), pytest.param(10_000, [0.8, 0.2], marks=pytest.mark.slow)]
)
def test_rates_approach_the_balanced_limit_as_one_over_sqrt_k(n, shares):
    """r_E -> 1 and r_I -> 2 = -(M0 / GAIN) J^-1 J0, with (r_E - 1) sqrt(K) the same for all K."""
    K = (50, 100, 200, 400)
    rows = [means(neurons=n, fractions=shares, K=k)[:2] for k in K]
    scaled = [(r_e - 1) * np.sqrt(k) for k, (r_e, _) in zip(K, rows, strict=True)]
    assert np.ptp(scaled) < 0.4 * np.mean(scaled)  # within 20 % on either side
    ratios = [r_i / r_e for r_e, r_i in rows]
    assert ratios == sorted(ratios)
    assert ratios[-1] < 2


def test_few_inhibitory_neurons_are_not_independent_inputs():
    """With N_I = 800 an in-degree of 400 is half of them: the variance of input is smaller by 1 - K / N_I."""
    K = (50, 100, 200, 400)
    scaled = np.array([(means(neurons=4000, K=k)[0] - 1) * np.sqrt(k / (1 - k / 800)) for k in K])
    assert np.ptp(scaled) < 0.4 * scaled.mean()


def test_rates_are_proportional_to_the_drive():
    drives = (0.5, 1.0, 2.0, 3.0, 4.0)
    rates = [means(neurons=2000, K=100, M0=m)[:2] for m in drives]
    for population in zip(*rates, strict=True):
        assert np.corrcoef(drives, population)[0, 1] >= 0.9995


def test_excitation_and_inhibition_cancel_better_with_more_inputs():
    ratios = []
    for K in (25, 400):
        *_, network, rates = means(neurons=4000, fractions=[0.5, 0.5], K=K)
        ratios.append([b.ratio for b in balance(network, rates)])
    assert ratios[1][0] < 0.5 * ratios[0][0]  # of E; that of I is small from the start
    assert max(ratios[1]) < 0.05


@pytest.mark.slow
def test_the_published_network_at_its_full_size():
    """10,000 neurons, 4,440 steps: 27 s of processor time."""
    torch.manual_seed(0)
    network = RateNetwork.from_config(FILE)
    rates = network()
    assert rates.shape == (1, 101, 8000)
    assert float(rates[0, :9].mean()) == pytest.approx(0.12, abs=0.02)
    late = rate_statistics(rates[:, 21:])
    assert late.mean == pytest.approx(2.70, abs=0.10)
    assert late.sd == pytest.approx(3.5, abs=0.25)
    assert late.silent == pytest.approx(0.52, abs=0.04)


def test_the_published_network_at_a_fifth_of_its_size():
    network = RateNetwork.from_config(
        FILE, neurons=2000, K=100, duration_s=3.0, stimulus_on_s=[1.0], stimulus_off_s=[2.0]
    )
    rates = network()
    before, after = float(rates[0, :9].mean()), float(rates[0, 15:].mean())
    assert rates.shape == (1, 31, 1600)
    assert before < 0.6
    assert after > 4 * before
