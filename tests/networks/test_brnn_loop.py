"""The loop over time of the bRNN family: its gradients, its presets, and what it refuses."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from arcana.errors import BadInput
from arcana.networks.brnn import BRNN, BRNNState
from arcana.networks.brnn.loop import Loop, LoopSpec
from arcana.networks.brnn.parts import PRESETS

STEPS, BATCH, N = 4, 2, 3
# Trainable parameters with 24 units, windows of 8 and 10 classes, as the original scripts count them
COUNTED = {
    "simple_gru": 1834, "cb_gru": 1834, "cb_rnn": 1834, "cb_gru_stp": 1906, "cb_rnn_stp": 1906, "cb_rnn_tied": 1068,
    "cb_rnn_tied_stp": 1140, "dale_cb": 1836, "dale_cb_stp": 1908,
}  # fmt: skip
KINDS = [
    kind
    for kind in product((True, False), ("sigmoid", "relu", "softplus", "tanh"), (True, False), (True, False))
    if not (kind[1] == "tanh" and kind[3])  # plastic synapses need rates >= 0
]


def drawn(generator, *shape, positive=False):
    draw = torch.rand if positive else torch.randn
    return draw(*shape, generator=generator, dtype=torch.float64).requires_grad_()


@pytest.mark.parametrize(("voltage", "rate", "gated", "plastic"), KINDS)
def test_gradients_are_those_of_finite_differences(voltage, rate, gated, plastic):
    g = torch.Generator().manual_seed(1)
    spec = LoopSpec(voltage, rate, 0.3, 0.6 if voltage else 1.0)
    A, W = drawn(g, STEPS, BATCH, N), drawn(g, N, N)
    G, K = (drawn(g, STEPS, BATCH, N), drawn(g, N, N)) if gated else (None, None)
    z = None if gated else drawn(g, N, positive=True)
    first = drawn(g, BATCH, N, positive=not voltage)
    synapses = (None,) * 5
    if plastic:
        U = (0.5 * torch.rand(N, generator=g, dtype=torch.float64) + 0.1).requires_grad_()
        u = (U.detach() + 0.2 * torch.rand(BATCH, N, generator=g, dtype=torch.float64)).requires_grad_()
        slow = [(0.1 * torch.rand(N, generator=g, dtype=torch.float64)).requires_grad_() for _ in range(2)]
        synapses = (u, drawn(g, BATCH, N, positive=True), *slow, U)

    def series(*given):
        return tuple(out for out in Loop.apply(spec, *given) if out is not None)

    assert torch.autograd.gradcheck(series, (A, W, G, K, z, first, *synapses), atol=1e-6)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_parameter_of_a_preset_is_trained(preset):
    torch.manual_seed(0)
    network = BRNN(preset, 8, 24, 10)
    logits, _ = network(torch.randn(3, 7, 8))
    logits.square().sum().backward()
    assert not [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    if preset in COUNTED:
        assert sum(p.numel() for p in network.parameters()) == COUNTED[preset]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_sequence_in_two_pieces_is_the_same(preset):
    torch.manual_seed(0)
    network, x = BRNN(preset, 3, 6, 2).double(), torch.randn(2, 9, 3, dtype=torch.float64)
    whole = network.run(x)
    first = network.run(x[:, :4])
    second = network.run(x[:, 4:], first.last)
    assert torch.allclose(torch.cat([first.state, second.state], 1), whole.state, rtol=0, atol=1e-12)
    assert torch.allclose(second.logits, whole.logits, rtol=0, atol=1e-12)


@pytest.mark.parametrize("preset", [name for name, parts in PRESETS.items() if parts.dale])
def test_dales_law_holds_after_any_step(preset):
    torch.manual_seed(0)
    network = BRNN(preset, 3, 8, 2)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.5)
    for _ in range(5):
        optimizer.zero_grad()
        network(torch.randn(4, 5, 3))[0].square().sum().backward()
        optimizer.step()
        W = network.cell.drive()
        assert (W[:, :4] >= 0).all()
        assert (W[:, 4:] <= 0).all()


@pytest.mark.parametrize("preset", PRESETS)
def test_gates_and_synapses_stay_in_their_ranges(preset):
    torch.manual_seed(0)
    network = BRNN(preset, 3, 8, 2)
    with torch.no_grad():
        for p in network.parameters():
            p.mul_(8)
    trace = network.run(5 * torch.randn(4, 40, 3))
    most = network.dt if network.parts.scale == "dt" and network.parts.gate not in ("none", "constant") else 1.0
    assert (trace.z >= 0).all()
    assert (trace.z <= most).all()
    if network.parts.plastic:
        assert (trace.u >= 0).all()
        assert (trace.u <= 1).all()
        assert (trace.x >= 0).all()
        assert (trace.x <= 1).all()


def test_a_gate_without_conductances_is_a_constant():
    """K = P_z = 0 in simple_gru is multiscale where both have the same z."""
    torch.manual_seed(0)
    gate, constant = BRNN("simple_gru", 3, 5, 2).double(), BRNN("multiscale", 3, 5, 2).double()
    with torch.no_grad():
        for name in ("W", "P", "b"):
            getattr(constant.cell, name).copy_(getattr(gate.cell, name))
        gate.cell.K.zero_()
        gate.cell.P_z.zero_()
        z = torch.sigmoid(gate.cell.b_z)
        constant.cell.b_z.copy_(torch.logit((z - 0.005) / 0.995))
    x = torch.randn(2, 6, 3, dtype=torch.float64)
    assert torch.allclose(gate.run(x).state, constant.run(x).state, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: BRNN("cb_rrn", 2, 4, 2), "did you mean 'cb_rnn'"),
        (lambda: BRNN("cb_rnn", 2, 4, 2, colour=1), "part is 'colour'"),
        (lambda: BRNN("dale_cb", 2, 5, 2), "n_hidden is 5, allowed: an even number"),
        (lambda: BRNN("dale_cb", 2, 4, 2, gate="constant"), "drive is 'reversal', allowed: with gate free"),
        (lambda: BRNN("cb_gru", 0, 4, 2, dt=float("nan")), "2 problems"),
        (lambda: BRNN("cb_gru_stp", 2, 4, 2, rate="tanh"), "they need rates >= 0"),
        (lambda: BRNN("cb_gru", 2, 4, 2, gate="none"), "without leak it only sums up"),
        (lambda: BRNN("cb_gru", 2, 4, 2).run(torch.zeros(1, 3, 3)), r"x is \(1, 3, 3\)"),
        (lambda: BRNN("cb_gru", 2, 4, 2).run(torch.full((1, 3, 2), float("nan"))), "6 values"),
        (lambda: BRNN("cb_gru", 2, 4, 2).run(torch.zeros(1, 3, 2), BRNNState(None, torch.zeros(1, 4))), "state.v"),
    ],
)
def test_bad_input(make, said):
    with pytest.raises(BadInput, match=said):
        make()
