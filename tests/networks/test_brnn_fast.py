"""The compiled loop of the bRNN family beside its torch loop."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch.nn import functional

from arcana.engine.dispatch import use_engine
from arcana.networks.brnn import fast_loop
from arcana.networks.brnn.loop import Loop, LoopSpec
from arcana.networks.brnn.network import BRNN

STEPS, BATCH = 6, 11  # more than a tile of rows, and a part of one
KINDS = [
    kind
    for kind in product((True, False), ("sigmoid", "relu", "softplus", "tanh"), (True, False), (True, False))
    if not (kind[1] == "tanh" and kind[3])  # plastic synapses need rates >= 0
]
RATES = {
    "sigmoid": torch.sigmoid, "relu": torch.relu, "softplus": functional.softplus, "tanh": torch.tanh
}  # fmt: skip


def inputs(n, gated, plastic, positive=False, dtype=torch.float64, batch=BATCH):
    """Arguments of the loop after its spec."""
    g = torch.Generator().manual_seed(3)

    def drawn(*shape, low=-1.0, high=1.0):
        return (low + (high - low) * torch.rand(*shape, generator=g, dtype=torch.float64)).to(dtype)

    A, W = drawn(STEPS, batch, n, low=-3, high=3), drawn(n, n)
    G, K, z = (drawn(STEPS, batch, n), drawn(n, n), None) if gated else (None, None, drawn(n, low=0))
    first = drawn(batch, n, low=0 if positive else -1)
    u, x, z_x, z_u, U = (drawn(*shape, low=0.1, high=0.6) for shape in ((batch, n), (batch, n), (n,), (n,), (n,)))
    return A, W, G, K, z, first, *((u, x, z_x, z_u, U) if plastic else (None,) * 5)


def outputs_and_gradients(spec, given, engine, watched=True):
    leaves = [None if t is None else t.clone().requires_grad_() for t in given]
    with use_engine(engine):
        found = Loop.apply(spec, *leaves)
        seen = [t for t in (found if watched else found[:1]) if t is not None]
        weight = torch.linspace(-1, 2, seen[0].numel(), dtype=seen[0].dtype).view_as(seen[0])
        sum((weight * t).sum() for t in seen).backward()
    return [t.detach() for t in found if t is not None], [t.grad for t in leaves if t is not None]


@pytest.mark.parametrize("voltage", [True, False])
def test_synapses_that_have_nothing_left(voltage):
    """Rates far above 1: x stays at 0 in places, and nothing flows back through them."""
    spec = LoopSpec(voltage, "relu", 0.3, 0.6 if voltage else 1.0)
    A, *rest = inputs(10, True, True, positive=True)
    given = (A + 4, *rest)
    ours, ours_back = outputs_and_gradients(spec, given, "auto")
    theirs, theirs_back = outputs_and_gradients(spec, given, "reference")
    assert bool((ours[3] == 0).any())
    assert bool((ours[3] > 0.01).any())
    for a, b in zip(ours + ours_back, theirs + theirs_back, strict=True):
        assert (a - b).abs().max() <= 1e-12 * b.abs().max()
    A, *rest = inputs(3, True, True, positive=True, batch=2)
    *most, U = (A + 4, *rest)  # U is a bound of u as well, and bounds are not differentiated
    leaves = [None if t is None else t.requires_grad_() for t in most]
    with use_engine("reference"):
        assert torch.autograd.gradcheck(
            lambda *t: tuple(s for s in Loop.apply(spec, *t, U) if s is not None), leaves
        )


@pytest.mark.parametrize(("voltage", "rate", "gated", "plastic"), KINDS)
def test_it_does_what_the_torch_loop_does(voltage, rate, gated, plastic):
    spec = LoopSpec(voltage, rate, 0.3, 0.6 if voltage else 1.0)
    given = inputs(10, gated, plastic, positive=not voltage)
    ours, ours_back = outputs_and_gradients(spec, given, "auto")
    theirs, theirs_back = outputs_and_gradients(spec, given, "reference")
    for a, b in zip(ours + ours_back, theirs + theirs_back, strict=True):
        assert (a - b).abs().max() <= 1e-12 * b.abs().max()


@pytest.mark.parametrize("plastic", [True, False])
@pytest.mark.parametrize("n", [3, 16, 33])
def test_single_precision(n, plastic):
    spec = LoopSpec(True, "sigmoid", 0.1, 0.1)
    given = inputs(n, True, plastic, dtype=torch.float32)
    ours, ours_back = outputs_and_gradients(spec, given, "auto", watched=False)
    theirs, theirs_back = outputs_and_gradients(spec, given, "reference", watched=False)
    for a, b in zip(ours + ours_back, theirs + theirs_back, strict=True):
        assert (a - b).abs().max() <= 1e-5 * b.abs().max()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_row_is_the_same_in_any_company_and_on_any_threads(dtype):
    spec, given = LoopSpec(True, "sigmoid", 0.1, 0.1), inputs(16, True, True, dtype=dtype, batch=67)
    with_batch = {0: 1, 2: 1, 5: 0, 6: 0, 7: 0}  # argument: axis of its batch
    before = torch.get_num_threads()

    def run(rows, threads):
        part = [t.index_select(with_batch[i], rows) if i in with_batch else t for i, t in enumerate(given)]
        leaves = [t if t is None else t.requires_grad_() for t in part]
        torch.set_num_threads(threads)
        try:
            found = Loop.apply(spec, *leaves)
            (found[0].sum() + found[-1].square().sum()).backward()
        finally:
            torch.set_num_threads(before)
        series = [*found[:-1], found[-1][None], leaves[0].grad, leaves[2].grad]
        return [t.detach() for t in series] + [leaves[i].grad[None] for i in (5, 6, 7)]

    given = [t if t is None else t.detach().clone() for t in given]
    whole = run(torch.arange(67), 1)
    for rows, threads in ((torch.arange(67), 2), (torch.tensor([66]), 1), (torch.arange(9, 30), 1)):
        for a, b in zip(run(rows, threads), whole, strict=True):
            assert torch.equal(a, b[:, rows])


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("dtype", "most"), [(torch.float32, 2.0), (torch.float64, 4.5)])
def test_rate_functions_are_good_to_rounding(rate, dtype, most):
    """With z = 1 and W = 0 a rate is phi of the drive: errors in units of the last place."""
    x = torch.cat([torch.linspace(-80, 80, 20_001), torch.linspace(-1, 1, 2_001), torch.logspace(-30, 0, 100)])
    A = x.to(dtype).view(1, -1, 1)
    zero = torch.zeros(A.shape[1], 1, dtype=dtype)
    one = torch.ones(1, dtype=dtype)
    R, *_ = Loop.apply(LoopSpec(False, rate, 1.0, 1.0), A, zero[:1], None, None, one, zero, *(None,) * 5)
    wanted = RATES[rate](A.double())
    ulp = wanted.abs() * torch.finfo(dtype).eps
    assert ((R.double() - wanted).abs() <= most * ulp + torch.finfo(dtype).tiny).all()


@pytest.mark.parametrize("rate", RATES)
def test_no_number_is_too_large_and_what_is_none_shows(rate):
    A = torch.tensor([-1e30, -200.0, 0.0, 200.0, 1e30, float("nan")]).view(1, -1, 1)
    zero, one = torch.zeros(6, 1), torch.ones(1)
    R, *_ = Loop.apply(LoopSpec(False, rate, 1.0, 1.0), A, zero[:1], None, None, one, zero, *(None,) * 5)
    assert torch.allclose(R, RATES[rate](A), equal_nan=True)


def test_kernels_run_where_they_can_and_only_there():
    assert fast_loop.possible(iter((torch.zeros(2), None)))
    assert not fast_loop.possible(iter((torch.zeros(2), torch.zeros(2, dtype=torch.float64))))
    assert not fast_loop.possible(iter((torch.zeros(2, dtype=torch.float16),)))
    assert not fast_loop.possible(iter((torch.zeros(0, 2),)))
    assert not fast_loop.possible(iter((torch.zeros(2, device="meta"),)))
    with use_engine("reference"):
        assert not fast_loop.possible(iter((torch.zeros(2),)))


def test_no_second_derivatives():
    network = BRNN("cb_gru", 2, 4, 2)
    loss = network(torch.rand(3, 5, 2))[0].square().sum()
    (g,) = torch.autograd.grad(loss, network.cell.W, create_graph=True)
    with pytest.raises(RuntimeError, match="differentiat"):
        g.sum().backward()
