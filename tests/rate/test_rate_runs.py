"""An independent solution, gradients, Dale's law, plain data."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from arcana.errors import BadInput
from arcana.networks.rate import RateNetwork
from arcana.networks.rate.connectivity import ProbabilityWarning

FILE = "two_populations.yml"
SMALL = {"N_NEURON": 200, "K": 20, "DURATION": 0.3, "T_STEADY": 0.1, "T_WINDOW": 0.05}


def network(**options):
    return RateNetwork.from_config(FILE, **{**SMALL, **options})


def test_a_rate_follows_its_equation():
    """One unit that inhibits itself, against SciPy: tau r' = -r + phi(I), tau_s I' = -I + J r."""
    fields = {"neurons": 1, "in_degree": 1, "strength": [[-0.8]], "strength_in": [3.0], "dt_s": 1e-5, "tau_s": 0.02,
              "tau_syn_s": 0.005, "duration_s": 0.05, "window_s": 1e-5}  # fmt: skip
    net = RateNetwork.from_config(fields, torch.tensor([[-0.8]]))
    rates = net.run(torch.full((5000, 1), 3.0), rates=torch.zeros(1, 1), recurrent=torch.zeros(1, 1, 1))[0, :, 0]

    def slopes(_, y):
        return [(-y[0] + max(3 + y[1], 0)) / 0.02, (-y[1] - 0.8 * y[0]) / 0.005]

    found = solve_ivp(slopes, (0, 0.05), [0, 0], t_eval=[0.01, 0.02, 0.05], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(rates[[999, 1999, 4999]], found.y[0], rtol=2e-3)


@pytest.mark.parametrize("train", ["recurrent", "low_rank", "feed_forward"])
def test_gradients_are_those_of_finite_differences(train):
    fields = {"neurons": 6, "fractions": [0.5, 0.5], "in_degree": 2, "strength": [[1.0, -1.0], [1.0, -0.8]],
              "strength_in": [2.0, 1.0], "dt_s": 1e-3, "tau_s": 0.01, "duration_s": 0.012, "window_s": 0.006,
              "nmda": True, "plastic": [(0, 0)], "transfer": "sigmoid", "record": "all"}  # fmt: skip
    net = RateNetwork.from_config(fields, train=train, dtype=torch.float64)
    state, names = net.initial(2), [n for n, p in net.named_parameters() if p.requires_grad]
    values = [dict(net.named_parameters())[name].detach().clone() for name in names]
    values = [v.clamp(min=0.05) if train == "recurrent" else v for v in values]

    def call(*given):
        return torch.func.functional_call(net, dict(zip(names, given, strict=True)), (None, state))

    assert names
    assert torch.autograd.gradcheck(call, [v.requires_grad_() for v in values])


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_dales_law_holds_after_any_step(optimizer):
    net = network(train=("recurrent", "low_rank", "feed_forward"), transfer="sigmoid")
    steps = optimizer([p for p in net.parameters() if p.requires_grad], lr=0.5)
    for _ in range(3):
        steps.zero_grad()
        loss = (net().mean() - 2).square()
        loss.backward()
        steps.step()
    for block, sign in zip(net.weights(), (1, -1), strict=True):
        assert bool((sign * block.weights >= 0).all())
    assert net.graph().population("I").sign == "inhibitory"
    assert bool((net.trained.gains() >= 0).all())


def test_training_lowers_a_loss():
    net = network(train="recurrent", held_until_stimulus=False)
    state, adam = net.initial(), torch.optim.Adam(net.parameters(), lr=0.01)
    losses = []
    for _ in range(12):
        adam.zero_grad()
        loss = (net(initial=state).mean() - 4.0).square()
        loss.backward()
        adam.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.2 * losses[0]


@pytest.mark.parametrize("connectivity", ["sparse", "all2all"])
def test_the_network_as_plain_data(connectivity):
    net = network(CON_TYPE=connectivity, IF_STP=1)
    graph = net.graph()
    assert [(p.name, p.size, p.sign) for p in graph.populations] == [
        ("input", 1, "mixed"), ("E", 160, "excitatory"), ("I", 40, "inhibitory"),
    ]  # fmt: skip
    W = np.concatenate([block.dense() for block in net.blocks]).T
    for p in graph.projections:
        if p.source == "input":
            np.testing.assert_allclose(p.weight, net.config.scale_in * {"E": 2.0, "I": 1.0}[p.target])
            continue
        rows, columns = ({"E": slice(160), "I": slice(160, 200)}[name] for name in (p.target, p.source))
        weight = p.weight.toarray() if hasattr(p.weight, "toarray") else p.weight
        np.testing.assert_allclose(weight, W[rows, columns], rtol=1e-6)
        assert p.plastic == (p.source == p.target == "E")
    np.testing.assert_allclose(graph.population("I").parameters["tau_s"], 0.02)


def test_arrays_are_taken_as_well():
    net = network()
    state, ff = net.initial(2), np.full((5, 200), 3.0)
    wanted = net.run(torch.from_numpy(ff), rates=state.rates, recurrent=state.currents)
    assert torch.equal(net.run(ff, rates=state.rates.numpy(), recurrent=state.currents.numpy()), wanted)
    W = np.concatenate([block.dense() for block in net.blocks])
    given = [RateNetwork.from_config(FILE, weights, **SMALL) for weights in (W, torch.from_numpy(W))]
    steps = np.ones((net.config.steps, 200))
    assert torch.equal(*(one(steps) for one in given))


@pytest.mark.parametrize(
    ("batch", "seed", "said"), [(0, None, "batch is 0"), (1, -1, "seed is -1"), (1.5, 1, "batch")]
)
def test_first_states_that_cannot_be(batch, seed, said):
    with pytest.raises(BadInput, match=said):
        network().initial(batch, seed)


def test_no_stimulus_at_all():
    assert network(T_STIM_ON=[], T_STIM_OFF=[])().shape == (1, 7, 160)


def test_probabilities_that_are_none_are_said():
    with pytest.warns(ProbabilityWarning, match="connections to population 0 from population 0"):
        network(PROBA_TYPE=["lr", "None", "None", "None"], KAPPA=[5.0, 0, 0, 0])
