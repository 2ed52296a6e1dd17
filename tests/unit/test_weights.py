"""Synapse counts: rounding, the fan-in, and what gradients see of them."""

from __future__ import annotations

import pytest
import torch

from arcana.model import DPILayer, Round
from arcana.quantize.ste import straight_round, straight_through
from arcana.quantize.weights import largest_remainder, synapse_counts


def drawn(rows: int, columns: int, scale: float, seed: int = 0, dtype=torch.float64) -> torch.Tensor:
    return scale * torch.rand(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=dtype)


class TestRound:
    def test_halves_go_to_even(self):
        x = torch.tensor([-1.5, -0.5, 0.0, 0.5, 1.5, 2.5, 2.4999])
        assert Round.apply(x).tolist() == [-2.0, 0.0, 0.0, 0.0, 2.0, 2.0, 2.0]

    def test_the_gradient_is_the_identity(self):
        x = drawn(2, 3, 5.0).requires_grad_()
        gradient = drawn(2, 3, 1.0, seed=1)
        straight_round(x).backward(gradient)
        assert torch.equal(x.grad, gradient)

    def test_it_works_under_vmap_and_grad(self):
        x = drawn(4, 3, 5.0)
        slopes = torch.func.vmap(torch.func.grad(lambda row: (Round.apply(row) ** 2).sum()))(x)
        assert torch.equal(slopes, 2 * x.round())

    def test_straight_through_takes_the_value_of_one_and_the_gradient_of_the_other(self):
        x, y = drawn(2, 2, 1.0).requires_grad_(), drawn(2, 2, 9.0, seed=1).requires_grad_()
        out = straight_through(x, y)
        assert torch.equal(out, y)
        out.sum().backward()
        assert torch.equal(x.grad, torch.ones_like(x))
        assert y.grad is None


class TestCounts:
    @pytest.mark.parametrize("scale", [0.01, 0.4, 1.0, 3.0, 40.0])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_whole_not_negative_and_within_the_fan_in(self, scale, dtype):
        wanted = drawn(50, 120, scale, dtype=dtype) - 0.1 * scale
        given = synapse_counts(wanted, 64)
        assert torch.equal(given, given.round())
        assert given.min() >= 0
        assert given.sum(-1).max() <= 64
        assert given.dtype == dtype

    def test_rounding_one_by_one_where_it_fits(self):
        wanted = drawn(20, 10, 3.0)
        assert torch.equal(synapse_counts(wanted, 64), wanted.round())

    def test_the_whole_fan_in_is_used_where_more_is_asked_for(self):
        assert (synapse_counts(drawn(20, 120, 3.0), 64).sum(-1) == 64).all()

    def test_many_small_weights_do_not_round_to_nothing(self):
        """7,168 weights near 1 scaled to a fan-in of 40 are 0.006 each: rounded one by one none is left."""
        wanted = 0.5 + drawn(3, 7168, 1.0)
        given = synapse_counts(wanted, 40)
        assert (given.sum(-1) == 40).all()
        for row, counts in zip(wanted, given, strict=True):
            assert row[counts > 0].min() >= row[counts == 0].max()  # the largest ones are kept

    def test_the_shares_differ_from_the_counts_by_less_than_one(self):
        wanted = drawn(30, 100, 5.0)
        shares = wanted * 64 / wanted.sum(-1, keepdim=True)
        assert (synapse_counts(wanted, 64) - shares).abs().max() < 1

    def test_fractions_keep_their_proportions(self):
        wanted = drawn(5, 100, 5.0)
        given = synapse_counts(wanted, 64, whole=False)
        torch.testing.assert_close(given.sum(-1), torch.full((5,), 64.0, dtype=torch.float64))
        torch.testing.assert_close(given / given[:, :1], wanted / wanted[:, :1])
        small = drawn(5, 10, 1.0)
        assert torch.equal(synapse_counts(small, 64, whole=False), small)

    @pytest.mark.parametrize("fan_in", [None, 8, 1000])
    def test_the_gradient_passes_to_every_weight_that_is_not_negative(self, fan_in):
        wanted = torch.tensor([[-0.3, 0.0, 0.2, 2.5, 9.1]], requires_grad=True)
        gradient = torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0]])
        synapse_counts(wanted, fan_in).backward(gradient)
        assert wanted.grad.tolist() == [[0.0, 2.0, 3.0, 4.0, 5.0]]

    def test_under_vmap_it_is_the_loop(self):
        stack = torch.stack([drawn(4, 30, 8.0, seed=k) for k in range(5)])
        mapped = torch.func.vmap(lambda w: synapse_counts(w, 64))(stack)
        assert torch.equal(mapped, torch.stack([synapse_counts(w, 64) for w in stack]))

    def test_largest_remainder_by_hand(self):
        shares = torch.tensor([[1.6, 2.3, 0.1, 0.0], [0.4, 0.4, 0.2, 3.0]])
        assert largest_remainder(shares).tolist() == [[2.0, 2.0, 0.0, 0.0], [1.0, 0.0, 0.0, 3.0]]


class TestLayer:
    def test_the_fan_in_is_over_all_receptors_and_the_recurrence(self):
        net = DPILayer(60, 8, profile="dynapse1", recurrent=True)
        with torch.no_grad():
            for name, p in net.named_parameters():
                if name[:2] in ("W_", "R_"):
                    p.fill_(0.9)
        used = sum(counts.sum(-1) for counts in net.counts().values())
        assert net.fan_in == 64
        assert (used == 64).all()

    def test_forward_uses_the_counts(self):
        net = DPILayer(3, 2, fan_in=4, Iw_ampa=20e-12)
        with torch.no_grad():
            net.W_ampa.copy_(torch.tensor([[2.4, 0.4, 9.0], [0.0, 1.2, 0.6]]))
            net.W_gabab.zero_()
        exact = DPILayer(3, 2, Iw_ampa=20e-12)
        with torch.no_grad():
            exact.W_ampa.copy_(net.counts()["W_ampa"])
            exact.W_gabab.zero_()
        X = torch.ones(1, 5, 3)
        assert net.counts()["W_ampa"].tolist() == [[1.0, 0.0, 3.0], [0.0, 1.0, 1.0]]
        assert torch.equal(net(X)[1].Iampa, exact(X)[1].Iampa)
