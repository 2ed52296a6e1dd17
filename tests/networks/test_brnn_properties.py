"""What holds for every network of the bRNN family."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from arcana.errors import BadInput
from arcana.networks.brnn import BRNN, BRNNState
from arcana.networks.brnn.parts import PRESETS

N_IN, N, N_OUT = 3, 6, 2
DALE = [name for name, parts in PRESETS.items() if parts.dale]
PLASTIC = [name for name, parts in PRESETS.items() if parts.plastic]
seeds = st.integers(0, 2**31)
sizes = st.floats(0.01, 30)


def made(preset, seed, size=1.0, **parts):
    """A network with parameters of any size."""
    torch.manual_seed(seed)
    network = BRNN(preset, N_IN, N, N_OUT, **parts).double()
    with torch.no_grad():
        for p in network.parameters():
            p.mul_(size)
    return network


def series(seed, steps=12, batch=3, size=1.0):
    g = torch.Generator().manual_seed(seed)
    return size * torch.randn(batch, steps, N_IN, generator=g, dtype=torch.float64)


@given(st.sampled_from(DALE), seeds, st.floats(1e-4, 10), st.sampled_from(["Adam", "SGD"]))
def test_dales_law_holds_after_any_step(preset, seed, rate, optimizer):
    network, x = made(preset, seed), series(seed)
    steps = getattr(torch.optim, optimizer)(network.parameters(), lr=rate)
    for _ in range(3):
        steps.zero_grad()
        network(x)[0].square().sum().backward()
        steps.step()
    W = network.cell.weights().W
    if not torch.isfinite(W).all():
        return  # a step of 10 may be too much for exp: nothing has a sign then
    half = N // 2
    assert (W[:, :half] >= 0).all()
    assert (W[:, half:] <= 0).all()


@given(st.sampled_from(sorted(PRESETS)), seeds, sizes, sizes)
def test_z_is_a_share(preset, seed, size, loud):
    network = made(preset, seed, size)
    z = network.run(series(seed, size=loud)).z
    most = network.dt if network.parts.scale == "dt" and network.parts.gate not in ("none", "constant") else 1.0
    assert (z >= 0).all()
    assert (z <= most).all()


@given(st.sampled_from(PLASTIC), st.sampled_from(["sigmoid", "relu", "softplus"]), seeds, sizes, sizes)
def test_u_and_x_are_shares(preset, rate, seed, size, loud):
    """Also where rates are far above 1: a synapse has no more to give than is left."""
    trace = made(preset, seed, size, rate=rate).run(series(seed, steps=30, size=loud))
    for share in (trace.u, trace.x):
        assert (share >= 0).all()
        assert (share <= 1).all()


@given(st.sampled_from(sorted(set(PRESETS) - {"full_gru"})), seeds, sizes)
def test_the_state_is_bounded_for_bounded_input(preset, seed, size):
    """A rate stays between 0 and 1; |v| below its largest drive over the smallest leak that the gate can have."""
    network = made(preset, seed, size, rate="sigmoid")
    x = series(seed, steps=60).clamp(-1, 1)
    trace, w = network.run(x), network.cell.weights()
    if network.parts.state == "rate":
        assert (trace.state >= 0).all()
        assert (trace.state <= 1).all()
        return
    drive = w.W.abs().sum(1) + w.P.abs().sum(1) + w.b.abs()  # rates, u and x are at most 1, and so is |x|
    shut = -w.K.clamp(max=0).sum(1).neg() - w.P_z.abs().sum(1) + w.b_z if w.K is not None else None
    leak = network.dt * torch.sigmoid(shut) if shut is not None else w.z
    steps = 1 / leak.clamp(min=1e-300)
    bound = network.dt * drive * torch.minimum(steps, torch.full_like(steps, 60.0))
    assert (trace.state.abs() <= bound * (1 + 1e-9) + 1e-12).all()


@given(st.sampled_from(sorted(PRESETS)), seeds, st.integers(1, 11))
def test_a_sequence_in_two_pieces(preset, seed, cut):
    network, x = made(preset, seed), series(seed)
    whole, first = network.run(x), network.run(x[:, :cut])
    second = network.run(x[:, cut:], first.last)
    assert torch.allclose(whole.state, torch.cat([first.state, second.state], 1), rtol=0, atol=1e-14)
    assert torch.allclose(whole.logits, second.logits, rtol=0, atol=1e-13)
    assert not torch.allclose(network.run(x[:, cut:]).state, second.state, rtol=0, atol=1e-9)


def permuted(network, order):
    """The same network with its units in another order."""
    other = BRNN(network.preset, N_IN, N, N_OUT).double()
    values = {name: p.detach().clone() for name, p in network.state_dict().items()}
    for name, p in values.items():
        if name == "readout.weight":
            values[name] = p[:, order]
        elif name.startswith("cell.") and p.ndim >= 1 and p.shape[0] == N:
            values[name] = p[order][:, order] if p.shape == (N, N) else p[order]
    other.load_state_dict(values)
    return other


@given(st.sampled_from(sorted(set(PRESETS) - {"full_gru"})), seeds, st.randoms(use_true_random=False))
def test_units_have_no_order(preset, seed, random):
    network, x, half = made(preset, seed), series(seed), N // 2
    first, second = list(range(half)), list(range(half, N))
    random.shuffle(first)
    random.shuffle(second)  # Dale's halves stay what they are
    order = first + second
    one, other = network.run(x), permuted(network, order).run(x)
    assert torch.allclose(one.state[..., order], other.state, rtol=0, atol=1e-12)
    assert torch.allclose(one.logits, other.logits, rtol=0, atol=1e-12)


@given(st.sampled_from(sorted(PRESETS)), seeds)
def test_rows_do_not_know_each_other(preset, seed):
    network, x = made(preset, seed), series(seed)
    alone = torch.cat([network.run(row[None]).state for row in x])
    assert torch.allclose(network.run(x).state, alone, rtol=0, atol=1e-14)


class TestRefusals:
    def test_all_of_it_is_said(self):
        with pytest.raises(BadInput) as caught:
            BRNN("dale_cb", 0, 7, True, dt=2)
        text = str(caught.value)
        for said in ("n_in", "n_hidden", "an even number", "n_out", "dt"):
            assert said in text

    @pytest.mark.parametrize(
        ("preset", "parts", "said"),
        [
            ("dale_bc", {}, "did you mean 'dale_cb'?"),
            ("cb_rnn", {"drvie": "free"}, "did you mean 'drive'?"),
            ("cb_rnn", {"drive": "revrsal"}, "did you mean 'reversal'?"),
            ("cb_gru", {"drive": "reversal"}, "conductances are >= 0"),
            ("multiscale", {"drive": "reversal"}, "with gate free"),
            ("constant_a", {"gate": "signs"}, "with drive signed"),
            ("cb_gru", {"gate": "none"}, "without leak"),
            ("cb_gru_stp", {"rate": "tanh"}, "they need rates >= 0"),
            ("full_gru", {"plastic": True}, "it is torch's own"),
            ("cb_gru", {"plastic": "yes"}, "True or False"),
        ],
    )
    def test_parts_that_do_not_go_together(self, preset, parts, said):
        with pytest.raises(BadInput, match=said.replace("?", r"\?")):
            BRNN(preset, N_IN, N, N_OUT, **parts)

    def test_inputs(self):
        network, x = made("cb_rnn_stp", 0), series(0)
        for given_, said in (
            (x[0], "shape"), (x[..., :2], "shape"), (x[:0], "at least one series"), (x[:, :0], "one step"),
            ("x", "str"), (torch.full_like(x, torch.nan), "108 values"),
        ):  # fmt: skip
            with pytest.raises(BadInput, match=said):
                network(given_)
        with pytest.raises(BadInput) as caught:
            network(x, BRNNState(None, torch.zeros(3, N + 1).double()))
        for name in ("state.v", "state.r", "state.u", "state.x"):
            assert name in str(caught.value)

    def test_states(self):
        network, x = made("cb_rnn_stp", 0), series(0)
        good = network.start(3)
        for state, said in (
            (1, "state is 'int', allowed: a BRNNState"),
            ((None,) * 4, "state is 'tuple'"),
            (good._replace(v=good.v * torch.nan), r"state.v is \[nan, nan\].*finite"),
            (good._replace(u=good.u + 5), "state.u is .*from 0 to 1"),
            (good._replace(x=good.x - 2), r"state.x is \[-1.0, -1.0\].*from 0 to 1"),
            (good._replace(v="v"), "state.v is 'str'"),
        ):
            with pytest.raises(BadInput, match=said):
                network(x, state)
        same = network(x, BRNNState(*(part.detach().float().numpy() for part in good)))
        assert torch.allclose(same[0], network(x, good)[0], rtol=0, atol=1e-6)
        with pytest.raises(BadInput, match=r"state is \(3, 7\)"):
            network.read(torch.zeros(3, 7))
        for batch in (0, -1, True, 2.0, "2"):
            with pytest.raises(BadInput, match="batch is"):
                network.start(batch)

    def test_numbers_of_numpy_are_numbers(self):
        network = BRNN("cb_rnn", np.int64(N_IN), np.int32(N), np.int64(N_OUT), dt=np.float32(0.5))
        assert (network.n_in, network.n_hidden, network.dt) == (N_IN, N, 0.5)
        x = series(0).float()
        assert torch.equal(network(x.numpy()[::-1])[0], network(x.flip(0))[0])

    @pytest.mark.parametrize("preset", [None, [], {}, "cb"])
    def test_presets_that_are_none(self, preset):
        with pytest.raises(BadInput, match="preset is"):
            BRNN(preset, N_IN, N, N_OUT)

    def test_weights_larger_than_the_memory(self):
        with pytest.raises(BadInput, match=r"n_in, n_hidden, n_out.*fit the memory"):
            BRNN("cb_rnn", 8, 1_000_000, 5)


def test_reversal_potentials_come_back_from_0():
    """What a step of an optimiser pushed across 0 is silent, but not dead: a gradient can bring it back."""
    network, x = made("dale_cb", 0), series(0)
    with torch.no_grad():
        network.cell.e_e.fill_(-0.1)
        network.cell.e_i.fill_(0.1)
    assert not network.cell.weights().W.any()
    for sign in (1, -1):
        network.zero_grad()
        W = network.cell.weights().W
        (sign * W).sum().backward()
        # Less of the loss is where W falls (e_i may come back), or where it rises (e_e may)
        assert bool(network.cell.e_e.grad != 0) == (sign < 0)
        assert bool(network.cell.e_i.grad != 0) == (sign > 0)
    assert network(x)[0].isfinite().all()


def test_a_network_says_what_it_is():
    text = repr(BRNN("dale_cb_stp", 3, 6, 2, dt=0.6))
    for said in ("'dale_cb_stp', 3 -> 6 -> 2, dt=0.6", "plastic=True", "drive='reversal'"):
        assert said in text


class TestGraph:
    @pytest.mark.parametrize("preset", sorted(set(PRESETS) - {"full_gru"}))
    def test_the_network_can_be_run_from_it(self, preset):
        """One step by the graph's populations and projections alone."""
        network = made(preset, 3)
        graph, x = network.graph(), series(3, steps=1)
        trace = network.run(x)
        sent = {p.name: x[:, 0].numpy() for p in graph.populations if p.place == "input"}
        start, at = network.start(len(x)), 0
        state, r = (start.v if start.v is not None else start.r), start.r
        for p in graph.populations:
            if p.place == "hidden":
                sent[p.name], at = r[:, at : at + p.size].numpy(), at + p.size
        z_all, drive_all = [], []
        for p in (q for q in graph.populations if q.place == "hidden"):
            drive, gate = p.parameters["b"].copy(), p.parameters.get("b_z", 0.0)
            for q in (q for q in graph.projections if q.target == p.name):
                rates = sent[q.source]
                if q.plastic:
                    of = graph.population(q.source).parameters
                    left = of["z_x"] + (1 - of["z_x"]) - of["U"] * rates
                    u = of["U"] * of["z_u"] + (1 - of["z_u"]) * of["U"] + of["U"] * (1 - of["U"]) * rates
                    rates = rates * left * u.clip(of["U"], 1)
                if q.effect == "current":
                    drive = drive + rates @ q.weight.T
                else:
                    gate = gate + rates @ q.weight.T
            scale = network.dt if network.parts.scale == "dt" else 1.0
            gated = "b_z" in p.parameters
            z_all.append(
                torch.as_tensor(
                    p.parameters["z"] if not gated else scale / (1 + torch.exp(-torch.as_tensor(gate)))
                ).expand(len(x), -1)
            )
            drive_all.append(torch.as_tensor(drive))
        z, drive = torch.cat(z_all, -1), torch.cat(drive_all, -1)
        voltage = network.parts.state == "voltage"
        after = (1 - z) * state + (network.dt * drive if voltage else z * torch.sigmoid(drive))
        assert torch.allclose(after, trace.state[:, 0], rtol=0, atol=1e-13)

    def test_signs_and_plastic_synapses_are_marked(self):
        graph = made("dale_cb_stp", 0).graph()
        assert [(p.name, p.sign, p.place, p.size) for p in graph.populations] == [
            ("input", "mixed", "input", 3), ("E", "excitatory", "hidden", 3), ("I", "inhibitory", "hidden", 3),
            ("readout", "mixed", "output", 2),
        ]  # fmt: skip
        plastic = {(q.source, q.target) for q in graph.projections if q.plastic}
        assert plastic == {("E", "E"), ("E", "I"), ("I", "E"), ("I", "I")}
        assert {q.effect for q in graph.projections if q.plastic} == {"current"}
        assert [q.source for q in graph.projections if q.target == "readout"] == ["E"]

    def test_torchs_gru_has_none(self):
        with pytest.raises(BadInput, match="no form as populations and synapses"):
            made("full_gru", 0).graph()
