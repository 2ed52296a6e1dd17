"""What is refused of a rate network: input, states and sizes that cannot be; and numbers in all their forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from arcana.errors import BadInput
from arcana.networks.rate import RateNetwork
from arcana.networks.rate.analysis import balance, population_curves
from arcana.networks.rate.pictures import curves_picture, ring_picture

FILE = "two_populations.yml"
SMALL = {"neurons": 60, "K": 8, "duration_s": 0.1, "warm_up_s": 0.05, "window_s": 0.025,
         "stimulus_on_s": [0.02], "stimulus_off_s": [0.06]}  # fmt: skip


def made(**overrides):
    return RateNetwork.from_config(FILE, dtype=torch.float64, **{**SMALL, **overrides})


def test_a_network_larger_than_the_memory_is_refused():
    with pytest.raises(BadInput, match=r"memory is .* GB, allowed: at most"):
        made(neurons=10_000_000, connectivity="all_to_all")


@pytest.mark.parametrize(
    ("ff", "said"),
    [
        (lambda step: torch.full((60,), math.inf), r"ff_inputs\(0\)"),
        (lambda step: None, r"ff_inputs\(0\) is 'NoneType'"),
        (lambda step: torch.ones(2, 60), r"input of step 0 is \(2, 60\).*\(3, 60\)"),
        (lambda step: torch.ones(3 if step < 9 else 2, 60), r"input of step 9 is \(2, 60\).*\(3, 60\)"),
        (torch.ones(2, 70, 60), r"input of step 0 is \(2, 60\).*\(3, 60\)"),
    ],
)
def test_inputs_that_do_not_go_with_the_batch(ff, said):
    network = made(batch=3)
    with pytest.raises(BadInput, match=said):
        network(ff, network.initial())


@pytest.mark.parametrize(
    ("ff", "said"),
    [
        (torch.zeros(70, 59), r"\(70, 59\)"),
        (torch.zeros(69, 60), r"\(70, 60\)"),
        (torch.full((70, 60), math.nan), r"ff_inputs\[0, 0\] is nan.*4,200 of 4,200"),
        ("input", "a function of the step"),
        (lambda step: torch.zeros(59), r"ff_inputs\(0\) is \(59,\)"),
    ],
)
def test_inputs_that_cannot_be(ff, said):
    with pytest.raises(BadInput, match=said):
        made()(ff)


def test_states_that_cannot_be():
    network = made()
    good = network.initial()
    for state, said in (
        (good._replace(rates=torch.zeros(1, 59)), r"initial.rates is \(1, 59\)"),
        (good._replace(currents=good.currents[:1]), r"initial.currents is \(1, 1, 60\)"),
        (good._replace(rates=torch.full((1, 60), math.nan)), r"initial.rates\[0, 0\] is nan"),
        (good.rates, "initial is 'Tensor', allowed: a RateState"),
    ):
        with pytest.raises(BadInput, match=said):
            network(initial=state)
    with pytest.raises(BadInput, match=r"recurrent is \(1, 3, 60\)"):
        network.run(torch.zeros(5, 60), recurrent=torch.zeros(1, 3, 60))
    with pytest.raises(BadInput, match=r"rates is \(3,\)"):
        network.run(torch.zeros(5, 60), rates=torch.zeros(3))


@pytest.mark.parametrize(
    "strengths", [torch.ones(2), torch.ones(4, 3), torch.tensor(2.0), np.zeros((0, 2)), [[1.0], [2.0]]]
)
def test_strengths_that_cannot_be(strengths):
    with pytest.raises(BadInput, match=r"strength_in.*\(batch, 2\)"):
        made().program(strengths)


REFUSED = {
    "numbers that are none": (lambda net: net.program([[1.0, math.nan]]), r"strength_in\[0, 1\] is nan"),
    "ragged lists": (lambda net: net.program([[1.0], [2.0, 1.0]]), "strength_in is 'list'"),
    "no run": (lambda net: net.program(batch=0), "batch is 0"),
    "another device": (lambda net: net(torch.ones(70, 60, device="meta")), "torch.float32 on meta"),
    "complex numbers": (lambda net: net(torch.ones(70, 60, dtype=torch.complex64)), "torch.complex64 on cpu"),
    "a first input": (lambda net: net.initial(2, first=torch.ones(3, 60)), r"\(3, 60\).*\(2, 60\)"),
    "a first input of nothing": (lambda net: net.initial(first=[math.inf] * 60), r"first\[0\] is inf"),
    "what is trained": (lambda net: made(train=None), "train is None"),
    "the whole of too much": (lambda net: long().program().whole(), "memory is 9600.*step by step"),
    "steps of too much": (lambda net: long().run(lambda step: torch.ones(60)), "memory is 19200.*every_step=False"),
    "curves of one run": (lambda net: population_curves(net, torch.ones(3, 60)), r"rates is \(3, 60\)"),
    "a picture of one run": (lambda net: curves_picture(net, torch.ones(3, 60)), r"rates is \(3, 60\)"),
    "a run that is not there": (lambda net: ring_picture(net, torch.ones(1, 3, 60), run=1), r"\(1, 3, 60\), 1"),
    "balance with other input": (lambda net: balance(net, torch.ones(60), torch.ones(3)), r"ff is \(3,\)"),
    "balance without input": (lambda net: balance(net, torch.ones(60), [math.nan] * 60), r"ff\[0\] is nan"),
}  # fmt: skip


def long():
    return made(duration_s=2.5e7, window_s=2.5e7, warm_up_s=0.0)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    call, said = REFUSED[name]
    with pytest.raises(BadInput, match=said):
        call(made())


def test_numbers_in_all_their_forms():
    """Lists, arrays of any order and byte order, whole numbers, sparse tensors: the same network and input."""
    net = made(nmda=False)
    W = np.concatenate([block.dense() for block in net.blocks])
    state, wanted = net.initial(2), None
    ff = np.arange(300.0).reshape(5, 60)
    for weights in (W, np.asfortranarray(W), W.astype(">f8"), W.tolist(), torch.from_numpy(W).to_sparse()):
        for given in (
            ff,
            ff.astype(int),
            ff.tolist(),
            torch.from_numpy(ff).to_sparse(),
            torch.from_numpy(ff).long(),
        ):
            same = RateNetwork.from_config(FILE, weights, **{**SMALL, "nmda": False})
            found = same.run(given, rates=state.rates.tolist(), recurrent=state.currents.numpy())
            wanted = found if wanted is None else wanted
            assert torch.equal(found, wanted)
    single = RateNetwork.from_config(FILE, dtype=torch.float32, **{**SMALL, "nmda": False})
    torch.testing.assert_close(single(initial=state).double(), net(initial=state), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("train", [(), "feed_forward"])
def test_weights_that_are_not_in_a_state_have_to_be_there(train):
    state, same, other = (made(train=train, seed=seed) for seed in (1, 1, 2))
    same.load_state_dict(state.state_dict())
    with pytest.raises(BadInput, match="network with other weights"):
        other.load_state_dict(state.state_dict())


def test_trained_weights_are_in_the_state():
    state, other = (made(train=("recurrent", "low_rank"), seed=seed) for seed in (1, 2))
    other.load_state_dict(state.state_dict())
    first = state.initial()
    assert torch.equal(other(initial=first), state(initial=first))
