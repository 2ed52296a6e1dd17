"""Runs of rate networks: steps against the equations, batches, inputs both ways, recording."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from arcana.engine.dispatch import use_engine
from arcana.errors import BadInput
from arcana.networks.rate import RateNetwork
from arcana.networks.rate.blocks import Dense, Listed
from arcana.networks.rate.transfer import TRANSFERS

FILE = "two_populations.yml"
SMALL = {"neurons": 60, "K": 8, "duration_s": 0.1, "warm_up_s": 0.05, "window_s": 0.025,
         "stimulus_on_s": [0.02], "stimulus_off_s": [0.06], "stimulus_strength": [0.3], "stimulus_tuning": [1.0],
         "stimulus_phase_deg": [90.0]}  # fmt: skip


def made(dtype=torch.float64, **overrides):
    return RateNetwork.from_config(FILE, dtype=dtype, **{**SMALL, **overrides})


def by_hand(network, ff, state):
    """Every step as the equations say, with loops over nothing: NumPy and whole matrices, (steps, N)."""
    c, W = network.config, np.concatenate([block.dense() for block in network.blocks]).astype(float)
    number = np.repeat(np.arange(len(c.sizes)), c.sizes)
    tau, tau_s, tau_n = (np.array(v)[number] for v in (c.tau_s, c.tau_syn_s, c.tau_nmda_s))
    k = [c.dt_s / t if c.integration == "explicit" else 1 - np.exp(-c.dt_s / t) for t in (tau, tau_s, tau_n)]
    r, fast = state.rates[0].numpy(), state.currents[0, 0].numpy()
    slow = state.currents[1, 0].numpy() if c.nmda else np.zeros_like(r)
    u, x, first, found = np.full_like(r, c.release), np.ones_like(r), number == 0, []
    for given in ff:
        v = u + c.release * (1 - u)
        sent = (v * x * r * first) if c.plastic else r * first
        from_e = np.where(first, sent @ W, (r * first) @ W)  # plastic: E to E alone
        h = from_e + (r * ~first) @ W
        x, u = (
            x + (1 - x) * c.dt_s / c.tau_recovery_s - c.dt_s * v * x * r,
            u - u * c.dt_s / c.tau_facilitation_s + c.dt_s * c.release * (1 - u) * r,
        )
        fast = fast * np.exp(-c.dt_s / tau_s) + h * k[1] if c.synaptic_dynamics else h
        if c.nmda:
            slow = slow * np.exp(-c.dt_s / tau_n) + c.nmda_share * from_e * k[2]
        target = np.maximum(c.scale_in * given + fast + slow, 0)
        r = r * np.exp(-c.dt_s / tau) + target * k[0] if c.rate_dynamics else target
        found.append(r)
    return np.array(found)


@pytest.mark.parametrize("integration", ["exact", "explicit"])
@pytest.mark.parametrize(
    "options",
    [{}, {"nmda": False}, {"synaptic_dynamics": False}, {"rate_dynamics": False}, {"IF_STP": 1},
     {"IF_STP": 1, "nmda": False, "USE": 0.3}, {"connectivity": "all_to_all"}],
)  # fmt: skip
def test_steps_are_the_equations(integration, options):
    network = made(integration=integration, gain=0.5, **options)
    state, ff = network.initial(), network.program().whole()
    found = network.run(ff, scaled=False, rates=state.rates, recurrent=state.currents)
    np.testing.assert_allclose(found[0], by_hand(network, ff[0].numpy(), state), rtol=1e-9, atol=1e-9)
    assert float(found.abs().max()) > 0.1


def test_plastic_synapses_of_other_pairs():
    """To I alone: E is as without, and I is not."""
    instant = {"synaptic_dynamics": False, "nmda": False, "rate_dynamics": False}
    with_, without = (made(plastic=pairs, **instant) for pairs in ([[1, 0]], []))
    after = [
        n.run(n.program().whole()[:, :1], scaled=False, rates=torch.full((1, 60), 2.0)) for n in (with_, without)
    ]
    assert torch.equal(after[0][..., :48], after[1][..., :48])
    assert not torch.allclose(after[0][..., 48:], after[1][..., 48:])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("variance", [0.0, 0.2])
def test_whole_and_live_inputs_give_identical_rates(dtype, variance):
    network = made(dtype, batch=3, input_variance=variance)
    configured, live = network(), network(network.program())
    whole = network(network.program().whole())
    function = network(lambda step: network.program()(step))
    assert configured.shape == (3, 5, 48)
    for other in (live, whole, function):
        assert torch.equal(configured, other)


def test_ten_strengths_of_input_both_ways():
    network = made(duration_s=0.5, held_until_stimulus=False)
    strengths = torch.outer(torch.linspace(1, 2, 10, dtype=torch.float64), torch.tensor([2.0, 1.0]).double())
    program = network.program(strengths)
    live, whole = network(program), network(program.whole())
    assert torch.equal(live, whole)
    means = live[:, -5:].mean((1, 2))
    assert live.shape == (10, 21, 48)
    assert bool((means.diff() > 0).all())
    torch.testing.assert_close(live[:1], network(network.program(strengths[:1]), network.initial(1)))
    one = made(duration_s=0.5, held_until_stimulus=False, strength_in=strengths[4].tolist())
    torch.testing.assert_close(one(initial=one.initial(10))[4], live[4])


def test_a_function_of_the_step_says_how_many_runs():
    network = made()
    strengths = torch.linspace(0.5, 1, 4, dtype=torch.float64)[:, None] * network.program()(0)
    rates = network(lambda step: strengths)
    assert rates.shape == (4, 5, 48)
    torch.testing.assert_close(
        rates[3:], network(lambda step: strengths[3], network.initial(4, first=strengths[3]))[3:]
    )


def test_input_is_scaled_by_m0_and_sqrt_k_alone():
    network = made(held_until_stimulus=False, stimulus_on_s=[], stimulus_off_s=[])
    given = network.program().whole()
    assert torch.equal(given.unique(), torch.tensor([1.0, 2.0]).double())
    scaled = network.run(given * 5 * math.sqrt(8), rates=torch.zeros(60), recurrent=torch.zeros(2, 1, 60))
    unscaled = network.run(given, scaled=False, rates=torch.zeros(60), recurrent=torch.zeros(2, 1, 60))
    torch.testing.assert_close(scaled, unscaled, rtol=1e-12, atol=1e-12)


def test_runs_of_a_batch_are_runs_alone():
    """To the last bit where weights are sparse: matrix products differ in theirs."""
    network = made(torch.float32, input_variance=0.1, K=4)
    many = network(initial=network.initial(5))
    for batch in (1, 2):
        assert torch.equal(network(initial=network.initial(batch)), many[:batch])
    assert not torch.equal(many[0], many[1])
    assert not torch.equal(network.initial(1, seed=3).rates, network.initial(1).rates)


def test_first_states_are_normal_currents_and_the_rates_that_they_make():
    network = made(neurons=4000, batch=2)
    state = network.initial()
    assert state.currents.shape == (2, 2, 4000)
    assert float(state.currents.mean()) == pytest.approx(0, abs=4 / math.sqrt(16_000))
    assert float(state.currents.std()) == pytest.approx(1, abs=0.03)
    first = network.config.scale_in * network.program()(0)
    assert torch.equal(state.rates, torch.relu(first + state.currents[0]))


def test_what_is_recorded():
    steps = made(window_s=0.0025, record="all")
    windows, first = made(record="all"), made()
    every = steps()
    assert every.shape == (1, 41, 60)
    assert windows().shape == (1, 5, 60)
    assert torch.equal(windows()[..., :48], first())
    torch.testing.assert_close(windows()[0, 0], every[0, :10].mean(0))


def test_the_last_step_alone():
    network, ff = made(), made().program().whole()
    state = network.initial()
    every = network.run(ff, scaled=False, recurrent=state.currents)
    last = network.run(ff, scaled=False, recurrent=state.currents, every_step=False)
    assert torch.equal(last, every[:, -1:])


def test_progress_counts_the_steps():
    told = []
    network = made()
    network(progress=lambda done, of: told.append((done, of)))
    assert told == [(k, network.config.steps) for k in range(network.config.steps + 1)]


@pytest.mark.parametrize("options", [{}, {"IF_STP": 1}])
def test_compiled_sums_and_eager_ones(options):
    network = made(**options)
    with use_engine("reference"):
        eager = network()
    torch.testing.assert_close(network(), eager, rtol=1e-10, atol=1e-12)


def test_transfer_functions():
    x, one = torch.tensor([-2.0, 0.5, 3.0]).double(), torch.tensor(1.5).double()
    gauss = [0.5 * 1.5 * (1 + math.erf(v / math.sqrt(2))) for v in (-2.0, 0.5, 3.0)]
    wanted = {
        "threshold_linear": [0, 0.5, 3], "shifted_linear": [0, 0, 1.5], "sigmoid": gauss,
        "erf": [0, math.erf(1 / 3), math.erf(2)], "logistic": [1 / (1 + math.exp(1.5 - v)) for v in (-2, 0.5, 3)],
        "brunel_2003": [0, 1 / 9, math.sqrt(5)],
    }  # fmt: skip
    assert set(wanted) == set(TRANSFERS)
    for name, values in wanted.items():
        torch.testing.assert_close(TRANSFERS[name](x, one), torch.tensor(values).double())


def test_rates_without_bounds_are_refused_with_the_step():
    network = made(strength=[[30.0, 0.0], [0.0, 0.0]], integration="exact", gain=1e12, rate_dynamics=False)
    with pytest.raises(BadInput, match=r"rates is 'infinite'.*until step \d+ of 70"):
        network()


def test_types_are_chosen_when_it_is_made():
    network = made(torch.float32)
    assert network.float() is network
    with pytest.raises(BadInput, match=r"float64.*allowed: torch.float32 on cpu.*dtype="):
        network.double()


def test_dense_where_that_is_cheaper_gives_the_same():
    network = made(K=3, nmda=False)
    dense = RateNetwork(
        network.config, [Dense(torch.from_numpy(b.dense())) for b in network.blocks], (), torch.float64
    )
    torch.testing.assert_close(dense(), network(), rtol=1e-10, atol=1e-12)


def test_gradients_go_through_sparse_weights():
    """Of input and first state, and of their gradients: weights are listed, and stay so where gains are trained."""
    network = made(K=2, neurons=40, nmda=False, train="feed_forward", transfer="sigmoid", duration_s=0.01,
                   warm_up_s=0, window_s=0.005, stimulus_on_s=[], stimulus_off_s=[], M0=0.1)  # fmt: skip
    assert all(isinstance(block, Listed) for block in network.weights())
    assert [name for name, p in network.named_parameters() if p.requires_grad] == ["trained.gain"]
    state = network.initial(2)

    def call(rates, ff):
        return network.run(ff, scaled=False, rates=rates, recurrent=state.currents)

    given = (state.rates.requires_grad_(), network.program().whole()[0].requires_grad_())
    assert torch.autograd.gradcheck(call, given)
    block = network.blocks[0]
    assert torch.autograd.gradgradcheck(block, torch.rand(2, 32, dtype=torch.float64, requires_grad=True))
    assert block.places.transposed.transposed.numbers.tolist() == block.places.numbers.tolist()


@pytest.mark.parametrize("batch", [1, 3, 17])
def test_wide_matrices_in_pieces_are_the_same(batch, monkeypatch):
    whole = made(neurons=200, batch=batch)
    monkeypatch.setattr("arcana.networks.rate.blocks.PIECE", 50)
    cut = made(neurons=200, batch=batch)
    assert [block.places.pieces for block in whole.blocks] == [1, 1]
    assert [block.places.pieces for block in cut.blocks] == [4, 1]
    for a, b in zip(whole.blocks, cut.blocks, strict=True):
        np.testing.assert_array_equal(a.dense(), b.dense())
        assert (a.sparse() != b.sparse()).nnz == 0
        np.testing.assert_array_equal(a.places.transposed.numbers, b.places.transposed.numbers)
    torch.testing.assert_close(cut(), whole(), rtol=1e-10, atol=1e-12)
