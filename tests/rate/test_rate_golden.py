"""Rates of the original programs, step by step, from their connections, first states and inputs."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from golden import NAMES, golden

from arcana.networks.rate import RateNetwork
from arcana.networks.rate.blocks import Dense, Listed
from arcana.networks.rate.inputs import Programmed

FILE = "two_populations.yml"


def difference(name, dtype=None, **options):
    given = golden(name, dtype or torch.float32)
    network = RateNetwork.from_config(FILE, given.weights, dtype=dtype, **given.config, **options)
    rates = network.run(given.ff, rates=given.rates0, recurrent=given.rec0, every_step=True)
    assert rates.shape == (1, *given.rates.shape)
    return (rates[0] - given.rates).abs().amax(-1) / given.rates.abs().max(), network


@pytest.mark.parametrize("name", NAMES[:3])
@pytest.mark.parametrize("options", [{"dtype": torch.float64}, {}])
def test_sparse_and_instantaneous_runs(name, options):
    """The file's own numbers are float32; with its weights the network takes float64 by itself."""
    apart, network = difference(name, **options)
    assert float(apart.max()) <= 1e-4
    assert isinstance(network.blocks[0], Listed)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_ring_amplifies_rounding_in_its_transient(dtype):
    apart, network = difference("all2all_ring", dtype)
    assert float(apart.max()) <= 2e-2
    assert float(apart[150:].max()) <= 1e-3
    assert isinstance(network.blocks[0], Dense)


def test_the_exact_step_is_another_one():
    apart, _ = difference("sparse_plain", torch.float64, integration="exact")
    assert float(apart.max()) > 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_our_own_input_is_theirs(name):
    given = golden(name)
    network = RateNetwork.from_config(FILE, given.weights, dtype=torch.float64, **given.config)
    own = network.config.scale_in * Programmed(network.config, 1, torch.float64).whole()[0]
    torch.testing.assert_close(own, given.ff, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_our_own_weights_have_their_size(name):
    given = golden(name)
    network = RateNetwork.from_config(FILE, dtype=torch.float64, **given.config)
    config, own = network.config, np.concatenate([block.dense() for block in network.blocks])
    if name == "all2all_ring":
        np.testing.assert_allclose(own, given.weights, rtol=1e-5, atol=1e-8)
        return
    edges = np.cumsum([0, *config.sizes])
    for pre, post in np.ndindex(2, 2):
        part = own[edges[pre] : edges[pre + 1], edges[post] : edges[post + 1]]
        np.testing.assert_allclose(part[part != 0], given.scaled[post, pre], rtol=1e-6)
        assert (part != 0).mean() == pytest.approx(40 / config.sizes[pre], rel=0.03)


def test_the_mean_over_a_window_is_that_of_the_steps():
    given = golden("sparse_nmda")
    network = RateNetwork.from_config(FILE, given.weights, dtype=torch.float64, **given.config)
    state = network.initial()
    samples = network(initial=state)
    steps = network.run(Programmed(network.config, 1, torch.float64).whole(), scaled=False, rates=state.rates,
                        recurrent=state.currents)  # fmt: skip
    config = network.config
    wanted = steps[0, config.before :, :240].unfold(0, config.stride, config.stride).mean(-1)
    assert samples.shape == (1, config.samples, 240) == (1, 17, 240)
    torch.testing.assert_close(samples[0], wanted)
