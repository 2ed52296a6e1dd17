"""Threads, checkpoints, pieces of a sequence, odd layouts of the input, and autograd's own rules."""

from __future__ import annotations

import copy

import pytest
import torch
from busy_layer import assert_close, assert_equal, busy, events, loss_of, result

import arcana
from arcana.mismatch import MismatchModel
from arcana.nn.chips import apply_mismatch

DTYPES = (torch.float32, torch.float64)


@pytest.fixture(autouse=True)
def fused() -> None:
    """Nothing in this file may fall back (the fixture of conftest puts the setting back)."""
    arcana.use_engine("fused")


# (batch, steps, n_in, n_out), options of the layer, virtual chips: several pieces of work in each
SHAPES = {
    "one series of many neurons": ((1, 20, 6, 300), {}, 1),
    "many series of few neurons": ((37, 12, 5, 3), {}, 1),
    "lanes that are not full": ((4, 15, 6, 70), {}, 1),
    "recurrent": ((5, 18, 4, 40), {"recurrent": True}, 1),
    "recurrent, one series": ((1, 18, 4, 90), {"recurrent": True}, 1),
    "chips": ((2, 14, 6, 33), {}, 4),
    "chips, recurrent": ((3, 14, 6, 21), {"recurrent": True}, 3),
    "one neuron": ((3, 30, 6, 1), {}, 1),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_and_repetition_change_no_bit(shape: str, dtype: torch.dtype) -> None:
    (batch, steps, n_in, n_out), options, chips = SHAPES[shape]
    net = busy(n_in, n_out, dtype, **options)
    if chips > 1:
        apply_mismatch(net, MismatchModel(0.1).sample(n_chips=chips, seed=2))
    X = events(batch, steps, n_in, dtype).requires_grad_()
    torch.set_num_threads(1)
    first = result(net, X)
    assert first["spikes"].any()
    assert all(first[name].abs().max() > 0 for name in first if name.startswith("grad ") and "R_" not in name)
    for threads in (1, 2, 3, 2):
        torch.set_num_threads(threads)
        assert_equal(result(net, X), first)


def test_threads_change_no_bit_where_adjoints_of_events_go_in_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """The input's adjoint is made in segments of the sequence: small ones here, one that covers all elsewhere."""
    from arcana.engine.fused_cpu import launch

    net, X = busy(7, 65, torch.float64), events(3, 50, 7, torch.float64).requires_grad_()
    arcana.use_engine("fused", checkpoint_every=4)
    whole = result(net, X)
    monkeypatch.setattr(launch, "SEGMENT_BYTES", 1 << 14)
    small = result(net, X)
    assert_equal(small, whole)
    torch.set_num_threads(2)
    assert_equal(result(net, X), small)


@pytest.mark.parametrize("options", [{}, {"recurrent": True}, {"solver": "heun"}, {"solver": "euler"}])
@pytest.mark.parametrize("steps", [1, 6, 7, 8, 33])
def test_the_distance_of_checkpoints_changes_nothing(steps: int, options: dict[str, object]) -> None:
    net, X = busy(dtype=torch.float64, **options), events(steps=steps, dtype=torch.float64).requires_grad_()
    found = {}
    for every in (1, 7, 32, 1000):
        with arcana.use_engine("fused", checkpoint_every=every):
            found[every] = result(net, X)
    for every in (1, 7, 1000):
        assert_close(found[every], found[32], rtol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cut", [1, 11, 23])
def test_two_parts_with_the_state_handed_over_are_the_whole(cut: int, dtype: torch.dtype) -> None:
    """Spikes, state, and the gradients that flow back through the state."""
    net, X = busy(dtype=dtype, recurrent=True), events(dtype=dtype)
    _, begin = net(X[:, :1])  # from rest fewer currents would move than in a run that is given a state
    begin = type(begin)(*(value.detach() for value in begin))
    whole = result(net, X, begin)
    net.zero_grad()
    first, middle = net(X[:, :cut], begin)
    second, after = net(X[:, cut:], middle)
    spikes = torch.cat([first, second], 1)
    loss_of(spikes, after).backward()
    parts = {"spikes": spikes, **after._asdict()}
    parts |= {f"grad {name}": p.grad for name, p in net.named_parameters() if p.requires_grad}
    # the state goes through amperes and back between the parts: ln(exp x) has a rounding of its own
    assert_close({k: v.detach() for k, v in parts.items()}, whole, rtol=1e-10 if dtype == torch.float64 else 1e-4)


class TestLayoutOfTheInput:
    def test_not_contiguous(self) -> None:
        net, X = busy(), events(batch=4)
        expected = result(net, X)
        assert_equal(result(net, X.transpose(0, 1).contiguous().transpose(0, 1)), expected)
        wide = torch.zeros(4, 24, 12)
        wide[..., ::2] = X
        assert_equal(result(net, wide[..., ::2]), expected)

    def test_expanded_has_the_gradient_of_the_sum(self) -> None:
        net, row = busy(dtype=torch.float64), events(batch=1, dtype=torch.float64).requires_grad_()
        repeated = row.detach().repeat(3, 1, 1).requires_grad_()
        expected = result(net, repeated)
        net.zero_grad()
        spikes, after = net(row.expand(3, -1, -1))
        loss_of(spikes, after).backward()
        assert torch.equal(spikes, expected["spikes"])
        assert torch.equal(net.log_Itau_mem.grad, expected["grad log_Itau_mem"])
        torch.testing.assert_close(row.grad, repeated.grad.sum(0, keepdim=True), rtol=1e-12, atol=0.0)

    def test_a_gradient_that_is_not_contiguous(self) -> None:
        """What comes back may be an expanded number (the gradient of a sum) or a transposed view."""
        net, X = busy(dtype=torch.float64), events(dtype=torch.float64)
        found = []
        for loss in (
            lambda s: s.sum(),
            lambda s: (s * torch.ones_like(s)).sum(),
            lambda s: s.mT.contiguous().sum(),
        ):
            net.zero_grad()
            loss(net(X)[0]).backward()
            found.append(net.W_ampa.grad.clone())
        assert torch.equal(found[0], found[1])
        assert torch.equal(found[0], found[2])

    def test_external_current_that_is_broadcast(self) -> None:
        net, X = busy(), events()
        one = torch.full((1, 1, 1), 30e-12).requires_grad_()
        whole = torch.full((3, 24, 11), 30e-12).requires_grad_()
        expected, found = result(net, X, external=whole), result(net, X, external=one.expand(3, 24, 11))
        assert_equal(found, expected)
        torch.testing.assert_close(one.grad.squeeze(), whole.grad.sum(), rtol=1e-5, atol=0.0)


class TestAutograd:
    @pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
    def test_without_gradients_the_same_spikes(self, mode: type) -> None:
        net, X = busy(), events()
        spikes, state = net(X)
        with mode():
            bare, after = net(X)
        assert torch.equal(bare, spikes)
        assert not bare.requires_grad
        assert all(torch.equal(a, b) for a, b in zip(after, state, strict=True))

    def test_the_input_of_an_inference_run_is_left_alone(self) -> None:
        net, X = busy(), events()
        _, state = net(X)
        kept = X.clone(), [value.clone() for value in state]
        net(X, state)
        assert torch.equal(X, kept[0])
        assert all(torch.equal(a, b) for a, b in zip(state, kept[1], strict=True))

    def test_backward_twice_is_refused_as_torch_refuses_it(self) -> None:
        loss = busy()(events())[0].sum()
        loss.backward()
        with pytest.raises(RuntimeError, match="backward through the graph a second time"):
            loss.backward()

    def test_backward_twice_with_the_graph_retained(self) -> None:
        net, X = busy(), events()
        loss = net(X)[0].sum()
        loss.backward(retain_graph=True)
        once = net.W_ampa.grad.clone()
        loss.backward()
        assert torch.equal(net.W_ampa.grad, 2 * once)

    def test_a_second_derivative_is_refused(self) -> None:
        """And not computed without the part that goes through the kernels."""
        net = busy()
        spikes, _ = net(events())
        with pytest.raises(RuntimeError, match=r"no second derivatives.*use_engine\(\"reference\"\)"):
            torch.autograd.grad(spikes.sum(), net.log_Itau_mem, create_graph=True)
        with arcana.use_engine("reference"):
            (slope,) = torch.autograd.grad(net(events())[1].Imem.sum(), net.log_Itau_mem, create_graph=True)
            slope.backward()

    def test_many_adjoints_at_once_are_refused(self) -> None:
        net = busy()
        out = net(events())[0].flatten(1).sum(1)
        with pytest.raises(RuntimeError, match="data pointer"):
            torch.autograd.grad(out, net.W_ampa, torch.eye(3), is_grads_batched=True)

    def test_an_input_that_was_changed_in_place_is_noticed(self) -> None:
        net, X = busy(), events()
        spikes, _ = net(X)
        X.zero_()
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            spikes.sum().backward()

    def test_only_the_state_or_only_the_input_needs_a_gradient(self) -> None:
        net, X = busy(trained=()), events().requires_grad_()
        spikes, state = net(X)
        spikes.sum().backward()
        assert X.grad.abs().max() > 0
        start = type(state)(*(value.detach().requires_grad_() for value in state))
        _, after = net(X.detach(), start)
        after.Imem.log().sum().backward()
        assert all(torch.isfinite(value.grad).all() for value in start)
        assert start.Imem.grad.abs().max() > 0

    def test_a_copy_is_independent(self) -> None:
        net, X = busy(), events()
        expected = result(net, X)
        twin = copy.deepcopy(net)
        assert_equal(result(twin, X), expected)
        with torch.no_grad():
            twin.W_ampa.zero_()
        assert not torch.equal(twin(X)[0], expected["spikes"])
        assert_equal(result(net, X), expected)
