"""Statistics of drawn connections, over seeds; and the products with them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from arcana.engine.dispatch import use_engine
from arcana.networks.rate import RateNetwork
from arcana.networks.rate.blocks import Dense, Listed, Places
from arcana.networks.rate.connectivity import angles, profile, vectors

FILE, SEEDS = "two_populations.yml", 20


def drawn(seed=0, **overrides):
    return RateNetwork.from_config(FILE, **{"N_NEURON": 1000, "K": 50, "seed": seed, **overrides})


def matrix(network, pre):
    """Presence of connections (post, pre) of the whole network from a population."""
    return network.blocks[pre].dense().T != 0


def test_in_degrees_have_the_mean_k():
    """z-test of all in-degrees of 20 networks against Binomial(N_b, K / N_b)."""
    for pre, n in enumerate((800, 200)):
        degrees = np.concatenate([matrix(drawn(seed), pre).sum(1) for seed in range(SEEDS)])
        sd = np.sqrt(n * (50 / n) * (1 - 50 / n))
        assert abs(degrees.mean() - 50) < 3.5 * sd / np.sqrt(len(degrees))
        assert degrees.std() == pytest.approx(sd, rel=0.03)


@pytest.mark.parametrize(
    ("kind", "kappa", "mode"),
    [("cos", 0.8, 0.8), ("cos_spec", 4.0, 4 / np.sqrt(50)), ("von_mises", 1.0, 0.8928)],
)
def test_the_first_fourier_mode_of_a_ring(kind, kappa, mode):
    """Of the probability of a connection over distance, over its mean: kappa; 2 I1 / I0 for von Mises."""
    found = []
    for seed in range(SEEDS):
        net = drawn(seed, N_POP=1, frac=[1.0], Jab=[1.0], PROBA_TYPE=[kind], KAPPA=[kappa], PHASE=90.0)
        there, theta = matrix(net, 0), angles(1000)
        apart = theta[:, None] - theta - np.pi / 2
        found.append(2 * (there * np.exp(-1j * apart)).sum() / there.sum())
    modes = np.array(found)
    error = np.sqrt(2 / 50_000)  # of one network: 50,000 connections
    assert abs(modes.real.mean() - mode) < 3.5 * error / np.sqrt(SEEDS)
    assert abs(modes.imag.mean()) < 3.5 * error / np.sqrt(SEEDS)


@pytest.mark.filterwarnings("ignore::arcana.networks.rate.connectivity.ProbabilityWarning")  # in its tails
def test_the_overlap_of_a_low_rank_part():
    """Connections gather along xi0 xi1' + xi2 xi3' by kappa / sqrt(K), as the probabilities say."""
    z = []
    for seed in range(SEEDS):
        net = drawn(seed, N_POP=1, frac=[1.0], Jab=[1.0], PROBA_TYPE=["lr"], KAPPA=[0.5], LR_COV=np.eye(4).tolist())
        xi, there = vectors(net.config, 0), matrix(net, 0).astype(float)
        pattern = np.outer(xi[0], xi[1]) + np.outer(xi[2], xi[3])
        chance = np.clip(profile(net.config, 0, 0, slice(0, 1000)) * 0.05, 0, 1)
        wanted, sd = (pattern * chance).sum(), np.sqrt((pattern**2 * chance * (1 - chance)).sum())
        z.append(((pattern * there).sum() - wanted) / sd)
        assert wanted > 10 * sd  # it is there
    assert abs(np.mean(z)) < 3.5 / np.sqrt(SEEDS)
    assert 0.5 < np.std(z) < 1.6


def test_vectors_have_their_mean_and_covariance():
    cov = [[1.0, 0.6, 0, 0], [0.6, 1.0, 0, 0], [0, 0, 0.5, 0], [0, 0, 0, 0.5]]
    net = drawn(N_NEURON=20_000, K=10, LR_MEAN=[0.5, 0, 0, -1.0], LR_COV=cov, PROBA_TYPE=["lr", *["None"] * 3])
    xi = vectors(net.config, 0)
    np.testing.assert_allclose(xi.mean(1), [0.5, 0, 0, -1.0], atol=0.04)
    np.testing.assert_allclose(np.cov(xi), cov, atol=0.05)


def test_seeds_and_pairs_are_their_own():
    one, same, other = (matrix(drawn(seed), 0) for seed in (3, 3, 4))
    assert (one == same).all()
    assert 0.02 < (one & other).mean() / one.mean() < 0.12  # by chance
    halves = matrix(drawn(frac=[0.5, 0.5]), 0)
    assert (halves[:500, :200] & halves[500:, :200]).mean() < 0.03  # 0.1 squared


@pytest.mark.parametrize(("scaling", "power"), [("n", 1.0), ("sqrt_n", 0.5)])
def test_all_to_all_with_noise(scaling, power):
    net = drawn(CON_TYPE="all2all", all_to_all_scaling=scaling, SIGMA=[0.5, 0, 0, 0], GAIN=1.0)
    weights = [block.dense().T for block in net.blocks]
    assert all(isinstance(block, Dense) for block in net.blocks)
    np.testing.assert_allclose(weights[1][:800], -1.5 / 200**power, rtol=1e-5)
    np.testing.assert_allclose(weights[0][800:], 1.0 / 800**power, rtol=1e-5)
    noisy = weights[0][:800]
    assert noisy.mean() == pytest.approx(1 / 800**power, abs=4 * 0.5 / np.sqrt(800) / 800)
    assert noisy.std() == pytest.approx(0.5 / np.sqrt(800), rel=0.01)


def test_stored_as_is_cheaper():
    kinds = {K: [type(block) for block in drawn(K=K).blocks] for K in (50, 150)}
    assert kinds == {50: [Listed, Listed], 150: [Listed, Dense]}  # 150 of 200 are most
    big = drawn(N_NEURON=100_000, K=5, frac=[0.9, 0.1])
    assert [block.places.numbers.itemsize for block in big.blocks] == [4, 2]


@settings(deadline=None)
@given(
    st.integers(1, 30), st.integers(1, 40), st.integers(1, 20), st.booleans(), st.integers(0, 99), st.integers(1, 2)
)
def test_listed_sums_are_products(n_pre, n_post, batch, double, seed, threads):
    rng, dtype = np.random.default_rng(seed), torch.float64 if double else torch.float32
    there = rng.random((n_post, n_pre)) < rng.random()
    starts = np.concatenate([[0], np.cumsum(there.sum(1))]).astype(np.int64)
    kind = rng.choice([np.uint16, np.uint32])
    block = Listed(Places(there.nonzero()[1].astype(kind), starts, n_pre), torch.rand(n_post, dtype=dtype))
    rates = torch.from_numpy(rng.random((batch, n_pre))).to(dtype)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = block(rates)
    finally:
        torch.set_num_threads(before)
    wanted = rates @ torch.from_numpy(block.dense())
    torch.testing.assert_close(found, wanted)
    with use_engine("reference"):
        torch.testing.assert_close(block(rates), wanted)
    for k in range(batch):  # in any company
        assert torch.equal(block(rates[k : k + 1])[0], found[k])
