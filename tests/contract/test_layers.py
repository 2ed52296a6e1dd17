"""What every layer must do, whatever it is made of. A new layer gets all of it by a line in ``layers.LAYERS``."""

from __future__ import annotations

import copy
import io
import pickle

import pytest
import torch
from layers import BATCH, LAYERS, N_IN, N_OUT, STEPS, Case, events
from torch.func import functional_call, stack_module_state, vmap

from arcana.circuits.dpi import DPIState
from arcana.mismatch import MismatchModel
from arcana.nn.chips import apply_mismatch, on_chips, remove_mismatch
from arcana.nn.parameter import BiasParameter
from arcana.nn.sequential import dpi_layers

DTYPES = (torch.float32, torch.float64)


@pytest.fixture(params=LAYERS, scope="class")
def case(request) -> Case:
    return LAYERS[request.param]


@pytest.fixture
def net(case):
    return case()


def states(state) -> list[DPIState]:
    """The state of each population."""
    return [state] if isinstance(state, DPIState) else list(state)


def last(net) -> torch.nn.Module:
    return list(dpi_layers(net).values())[-1]


def trained(net) -> list[tuple[str, torch.nn.Parameter]]:
    return [(name, p) for name, p in net.named_parameters() if p.requires_grad]


def close(a, b, rtol: float = 2e-5) -> None:
    for one, other in zip(states(a), states(b), strict=True):
        for name, x, y in zip(DPIState._fields, one, other, strict=True):
            # the timer is a difference of times near 1e-3 s, the currents are positive
            torch.testing.assert_close(x, y, rtol=rtol, atol=2e-9 if name == "refractory" else 0.0, msg=name)


class TestEveryLayer:
    def test_shapes_and_binary_spikes(self, net):
        spikes, state = net(events())
        assert spikes.shape == (BATCH, STEPS, N_OUT)
        assert set(spikes.unique().tolist()) == {0.0, 1.0}  # it fires, so the checks below say something
        assert all(x.shape == (BATCH, N_OUT) for x in states(state)[-1])

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_dtype_is_kept(self, case, dtype):
        net = case(dtype=dtype)
        spikes, state = net(events(dtype=dtype))
        assert spikes.dtype == dtype
        assert all(x.dtype == dtype for s in states(state) for x in s)
        spikes.sum().backward()
        assert all(p.grad.dtype == dtype for _, p in trained(net))

    def test_series_of_a_batch_do_not_see_each_other(self, net):
        X = events()
        together, state = net(X)
        for k in range(BATCH):
            alone, own = net(X[k : k + 1])
            assert torch.equal(alone[0], together[k])
            close(own, tuple(DPIState(*(x[k : k + 1] for x in s)) for s in states(state)))

    @pytest.mark.parametrize("cut", [1, STEPS // 2, STEPS - 1])
    def test_two_parts_with_the_state_handed_over_are_the_whole(self, net, cut):
        X = events()
        whole, state = net(X)
        first, middle = net(X[:, :cut])
        second, end = net(X[:, cut:], middle)
        assert torch.equal(torch.cat([first, second], 1), whole)
        close(end, state)

    def test_neurons_can_be_permuted(self, net):
        order = torch.tensor([2, 0, 3, 1])
        X = events()
        straight, _ = net(X)
        other = copy.deepcopy(net)
        layer = last(other)
        with torch.no_grad():
            for name, weights in layer.named_parameters():
                if name.startswith("W_"):
                    weights.copy_(weights[order])
                if name.startswith("R_"):
                    weights.copy_(weights[order][:, order])
        assert torch.equal(other(X)[0], straight[..., order])

    def test_the_state_is_not_kept_in_the_module(self, net):
        before = {key: value.clone() for key, value in net.state_dict().items()}
        first, _ = net(events())
        second, _ = net(events())
        assert torch.equal(first, second)
        after = net.state_dict()
        assert before.keys() == after.keys()
        assert all(torch.equal(after[key], value) for key, value in before.items())
        assert not [key for key in after if key.rsplit(".", 1)[-1] in DPIState._fields]

    @pytest.mark.parametrize("mismatch", [False, True])
    @pytest.mark.parametrize(
        "duplicate", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))], ids=["deepcopy", "pickle"]
    )
    def test_copies_are_whole_and_independent(self, net, duplicate, mismatch):
        if mismatch:
            apply_mismatch(net, MismatchModel(0.1).sample(seed=3))
        twin = duplicate(net)
        X = events()
        assert torch.equal(twin(X)[0], net(X)[0])
        for (_, one), (_, other) in zip(net.named_parameters(), twin.named_parameters(), strict=True):
            assert type(one) is type(other)
            assert one.data_ptr() != other.data_ptr()
            if isinstance(one, BiasParameter):
                assert (one.low, one.high) == (other.low, other.high)
        before = {key: value.clone() for key, value in net.state_dict().items()}
        with torch.no_grad():
            for p in twin.parameters():
                p.add_(1.0)
        assert all(torch.equal(net.state_dict()[key], value) for key, value in before.items())

    def test_gradients_are_finite_and_reach_every_trained_parameter(self, net):
        spikes, _ = net(events())
        spikes.mean(1).pow(2).sum().backward()
        for name, p in trained(net):
            assert torch.isfinite(p.grad).all(), name
            assert p.grad.abs().max() > 0, name
        assert all(p.grad is None for p in net.parameters() if not p.requires_grad)

    @pytest.mark.filterwarnings("ignore::arcana.engine.stiffness.StiffDriveWarning")
    def test_gradients_are_finite_in_silence_and_in_saturation(self, net):
        for X in (torch.zeros(1, STEPS, N_IN), torch.ones(1, STEPS, N_IN)):
            net.zero_grad()
            spikes, _ = net(X)
            spikes.sum().backward()
            assert all(torch.isfinite(p.grad).all() for _, p in trained(net))

    def test_vmap_over_stacked_parameters_is_the_loop(self, case):
        nets = [case(seed=k) for k in range(3)]
        for k, one in enumerate(nets):
            apply_mismatch(one, MismatchModel(0.1).sample(seed=k))
        parameters, buffers = stack_module_state(nets)
        X = events()

        def run(p, b):
            return functional_call(nets[0], (p, b), (X,))[0]

        mapped = vmap(run)(parameters, buffers)
        looped = torch.stack([one(X)[0] for one in nets])
        assert torch.equal(mapped, looped)
        assert len({tuple(row.flatten().tolist()) for row in looped}) == 3

    def test_vmap_over_parameters_has_the_gradient_of_the_loop(self, case):
        nets = [case(seed=k) for k in range(2)]
        parameters, buffers = stack_module_state(nets)
        X = events()

        def loss(p, b):
            return functional_call(nets[0], (p, b), (X,))[0].mean(1).pow(2).sum()

        mapped = vmap(torch.func.grad(loss))(parameters, buffers)
        for k, one in enumerate(nets):
            one(X)[0].mean(1).pow(2).sum().backward()
            for name, p in trained(one):
                scale = p.grad.abs().max()
                torch.testing.assert_close(mapped[name][k], p.grad, rtol=1e-3, atol=1e-4 * float(scale), msg=name)

    def test_functional_call_is_the_call(self, case):
        net, other = case(seed=0), case(seed=1)
        X = events()
        called, _ = functional_call(net, dict(other.state_dict()), (X,))
        assert torch.equal(called, other(X)[0])
        assert not torch.equal(called, net(X)[0])

    def test_silence_in_is_rest(self, net):
        for layer in dpi_layers(net).values():
            if not layer.log_Idc.requires_grad:
                layer.set_bias("Idc", 0.0)
            else:
                layer.set_bias("Idc", layer.technology.I0)  # a trained bias cannot be 0
        spikes, state = net(torch.zeros(BATCH, STEPS, N_IN))
        assert spikes.sum() == 0
        for layer, s in zip(dpi_layers(net).values(), states(state), strict=True):
            floor = layer.technology.I0
            assert all(torch.all(x == torch.tensor(floor)) for x in s[1:6])
            assert torch.all(s.refractory <= 0)
            assert torch.all(s.Imem >= floor * (1 - 1e-6))
            assert torch.all(s.Imem < 2 * floor)  # nothing but I0 and the foot of the feedback comes in

    def test_it_comes_back_to_rest_after_a_burst(self, net):
        for layer in dpi_layers(net).values():
            layer.set_bias("Idc", layer.technology.I0)
        _, state = net(events())
        with torch.no_grad():
            spikes, state = net(torch.zeros(BATCH, 120, N_IN), state)
            assert spikes[:, 60:].sum() == 0
            _, rest = net(torch.zeros(BATCH, 120, N_IN))
        for s, r in zip(states(state), states(rest), strict=True):
            torch.testing.assert_close(s.Imem, r.Imem, rtol=1e-2, atol=0.0)

    def test_the_same_seed_is_the_same_network(self, case):
        X = events()
        one, other, third = case(seed=4), case(seed=4), case(seed=5)
        start, _ = one(X)
        assert torch.equal(other(X)[0], start)
        assert not torch.equal(third(X)[0], start)
        chips = MismatchModel(0.1)
        for net, seed in ((one, 7), (other, 7)):
            apply_mismatch(net, chips.sample(n_chips=2, seed=seed))
        assert torch.equal(one(X)[0], other(X)[0])
        assert not torch.equal(one(X)[0][0], start)

    def test_a_leading_axis_of_chips_is_the_loop_over_chips(self, net):
        chips = MismatchModel(0.1).sample(n_chips=3, seed=1)
        X = events()
        with on_chips(net, chips):
            together, state = net(X)
        assert together.shape == (3, BATCH, STEPS, N_OUT)
        assert all(x.shape == (3, BATCH, N_OUT) for x in states(state)[-1])
        factors = {
            number: {name: torch.from_numpy(chips.log_factors(str(number), name, layer.n_out))
                     for name in layer.bias_names()}
            for number, layer in enumerate(dpi_layers(net).values())
        }  # fmt: skip
        for k in range(3):
            for number, layer in enumerate(dpi_layers(net).values()):
                layer.set_mismatch({name: rows[k] for name, rows in factors[number].items()})
            alone, own = net(X)
            assert torch.equal(alone, together[k])
            chip = [DPIState(*(x[k] for x in s)) for s in states(state)]
            close(tuple(chip), tuple(states(own)))
        remove_mismatch(net)
        assert not torch.equal(net(X)[0], together[0])

    def test_chips_and_parts_of_a_sequence_together(self, net):
        X = events()
        with on_chips(net, MismatchModel(0.1).sample(n_chips=2, seed=1)):
            whole, _ = net(X)
            first, state = net(X[:, :7])
            second, _ = net(X[:, 7:], state)
        assert torch.equal(torch.cat([first, second], -2), whole)

    def test_two_backward_passes(self, net):
        X = events()
        loss = net(X)[0].mean(1).pow(2).sum()
        loss.backward(retain_graph=True)
        once = {name: p.grad.clone() for name, p in trained(net)}
        loss.backward()
        for name, p in trained(net):
            torch.testing.assert_close(p.grad, 2 * once[name], rtol=1e-6, atol=0.0)
        net.zero_grad()
        net(X)[0].mean(1).pow(2).sum().backward()
        for name, p in trained(net):
            assert torch.equal(p.grad, once[name])

    def test_no_grad_and_eval_mode_change_nothing(self, net):
        X = events()
        with_graph, _ = net.train()(X)
        with torch.no_grad():
            without, state = net(X)
        assert with_graph.requires_grad
        assert not without.requires_grad
        assert not any(x.requires_grad for s in states(state) for x in s)
        assert torch.equal(with_graph, without)
        assert torch.equal(net.eval()(X)[0], without)

    @pytest.mark.parametrize("mismatch", [False, True])
    def test_state_dict_round_trip_is_bit_identical(self, case, mismatch):
        net, fresh = case(seed=1), case(seed=2)
        with torch.no_grad():
            for _, p in trained(net):
                p.add_(0.05 if isinstance(p, BiasParameter) else 0.5)
        if mismatch:
            apply_mismatch(net, MismatchModel(0.1).sample(seed=3))
        file = io.BytesIO()
        torch.save(net.state_dict(), file)
        file.seek(0)
        fresh.load_state_dict(torch.load(file, weights_only=True))
        X = events()
        spikes, state = net(X)
        again, same = fresh(X)
        assert torch.equal(again, spikes)
        for s, t in zip(states(state), states(same), strict=True):
            assert all(torch.equal(x, y) for x, y in zip(s, t, strict=True))

    def test_trained_biases_are_saved(self, case):
        net, fresh = case(), case()
        optimizer = torch.optim.Adam([p for _, p in trained(net)], lr=0.05)
        net(events())[0].mean(1).pow(2).sum().backward()
        optimizer.step()
        fresh.load_state_dict(net.state_dict())
        for layer, start, loaded in zip(
            dpi_layers(net).values(), dpi_layers(case()).values(), dpi_layers(fresh).values(), strict=True
        ):
            biases = [name for name in layer.bias_names() if getattr(layer, f"log_{name}").requires_grad]
            assert biases
            for name in biases:
                assert not torch.equal(layer.nominal(name), start.nominal(name))
                assert torch.equal(layer.nominal(name), loaded.nominal(name))

    def test_trained_weights_stay_counts(self, net):
        X = events()
        net(X)
        for layer in dpi_layers(net).values():
            for counts in layer.counts().values():
                assert torch.equal(counts, counts.round())
                assert counts.min() >= 0
