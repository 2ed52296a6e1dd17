"""Presets become one another where the algebra says so: different code, the same numbers."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import softplus

from arcana.networks.brnn.cell import A_MOST, SLOWEST
from arcana.networks.brnn.network import BRNN

N_IN, N, N_OUT = 3, 6, 2
FAR = 40.0  # where a sigmoid is 0 or 1 in float64


def made(preset, **parts):
    return BRNN(preset, N_IN, N, N_OUT, **parts).double()


@pytest.fixture
def x():
    torch.manual_seed(5)
    return torch.randn(4, 9, N_IN, dtype=torch.float64)


def give(network, **values):
    """Parameters of the cell by name; the read-out of another network by ``like``."""
    with torch.no_grad():
        for name, value in values.items():
            if name == "like":
                network.readout.load_state_dict(value.readout.state_dict())
            else:
                own = getattr(network.cell, name)
                own.copy_(torch.as_tensor(value, dtype=own.dtype).expand_as(own))
    return network


def same(one, other, x):
    first, second = one.run(x), other.run(x)
    assert first.state.abs().max() > 1e-3
    for name in ("state", "z", "r", "logits"):
        assert torch.allclose(getattr(first, name), getattr(second, name), rtol=0, atol=1e-13), name


def test_without_K_and_P_z_the_time_constant_is_constant(x):
    for preset in ("cb_gru", "simple_gru"):
        b_z = torch.randn(N).double()
        gated = give(made(preset), K=0.0, P_z=0.0, b_z=b_z)
        z = torch.sigmoid(b_z) * (gated.dt if preset == "cb_gru" else 1.0)
        logit = torch.logit((z - SLOWEST) / (1 - SLOWEST))
        cell = gated.cell
        other = give(made(preset, gate="constant"), W=cell.W, P=cell.P, b=cell.b, b_z=logit, like=gated)
        same(gated, other, x)


def test_an_open_gate_leaves_the_vanilla_network(x):
    gru = give(made("simple_gru"), K=0.0, P_z=0.0, b_z=FAR)
    same(gru, give(made("vanilla"), W=gru.cell.W, P=gru.cell.P, b=gru.cell.b, like=gru), x)


def test_an_open_gate_of_the_multiscale_network_too(x):
    slow = give(made("multiscale"), b_z=FAR)
    same(slow, give(made("vanilla"), W=slow.cell.W, P=slow.cell.P, b=slow.cell.b, like=slow), x)


def test_positive_conductances_are_a_choice_of_free_ones(x):
    constrained = made("cb_rnn")
    cell = constrained.cell
    free = give(
        made("cb_gru"), W=cell.W, P=cell.P, b=cell.b, b_z=cell.b_z, K=torch.relu(cell.K), P_z=softplus(cell.P_z),
        like=constrained,
    )  # fmt: skip
    same(constrained, free, x)


def test_tied_conductances_are_a_choice_of_free_ones(x):
    tied = made("cb_rnn_tied")
    cell = tied.cell
    K, P_z = softplus(cell.e) * softplus(cell.W), softplus(cell.e_p) * softplus(cell.P)
    free = give(made("cb_gru"), W=cell.W, P=cell.P, b=cell.b, b_z=cell.b_z, K=K, P_z=P_z, like=tied)
    same(tied, free, x)


def test_reversal_potentials_are_signed_weights(x):
    dale = made("dale_cb")
    cell, half = dale.cell, N // 2
    both = softplus(cell.K) + softplus(cell.C)
    W = torch.cat([cell.e_e * both[:, :half], cell.e_i * both[:, half:]], 1)
    assert (cell.e_e > 0).all()
    assert (cell.e_i < 0).all()
    free = give(made("cb_gru"), W=W, P=cell.P, b=cell.b, b_z=cell.b_z, K=softplus(cell.K), P_z=cell.P_z, like=dale)
    with torch.no_grad():
        free.readout.weight[:, half:] = 0  # the read-out of dale_cb does not see the inhibitory half
    same(dale, free, x)


@pytest.mark.parametrize("preset", ["cb_gru", "cb_rnn", "cb_rnn_tied", "dale_cb"])
def test_synapses_that_release_nothing_are_no_current(preset, x):
    plastic, plain = give(made(f"{preset}_stp"), c_U=-FAR), made(preset)
    own = dict(plain.cell.named_parameters())
    give(plain, **{name: p for name, p in plastic.cell.named_parameters() if name in own}, like=plastic)
    W = plain.cell.weights().W
    silent = plain.cell.weights()._replace(W=torch.zeros_like(W))
    plain.cell.weights = lambda: silent  # K goes on: only the currents are behind the synapses
    same(plastic, plain, x)


def test_one_factor_for_all_units(x):
    one = give(made("constant_a"), a=0.3)
    cell = one.cell
    each = give(made("constant_a_unit"), W=cell.W, P=cell.P, b=cell.b, b_z=cell.b_z, a=0.3, like=one)
    same(one, each, x)


def test_a_constant_factor_is_a_choice_of_the_gate(x):
    one = give(made("constant_a"), a=0.3)
    cell = one.cell
    A = A_MOST * torch.sigmoid(one.cell.a)
    gate = give(
        made("simple_gru", scale="dt"), W=cell.W, P=cell.P, b=cell.b, b_z=cell.b_z, K=A * cell.W.abs(),
        P_z=cell.P.abs(), like=one,
    )  # fmt: skip
    same(one, gate, x)


def test_signs_without_weights_of_their_own(x):
    """constant_a_ei is constant_a whose W has the signs already."""
    signed = made("constant_a_ei")
    free = give(made("constant_a"), W=signed.cell.drive(), P=signed.cell.P, b=signed.cell.b, like=signed)
    give(free, a=signed.cell.a, b_z=signed.cell.b_z)
    same(signed, free, x)


def test_torchs_gru_without_its_reset_gate_is_the_simple_one(x):
    full = made("full_gru")
    gru = full.cell.gru
    with torch.no_grad():
        for p in (gru.weight_ih_l0, gru.weight_hh_l0, gru.bias_hh_l0):
            p[:N] = 0
        gru.bias_ih_l0[:N] = FAR
        reset, update, new = (slice(k * N, (k + 1) * N) for k in range(3))
        assert torch.sigmoid(gru.bias_ih_l0[reset]).eq(1).all()
    simple = give(
        made("simple_gru", rate="tanh"), W=gru.weight_hh_l0[new], P=gru.weight_ih_l0[new],
        b=gru.bias_ih_l0[new] + gru.bias_hh_l0[new], K=-gru.weight_hh_l0[update], P_z=-gru.weight_ih_l0[update],
        b_z=-(gru.bias_ih_l0[update] + gru.bias_hh_l0[update]), like=full,
    )  # fmt: skip
    same(full, simple, x)
