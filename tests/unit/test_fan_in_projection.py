"""The fan-in as a constraint of training: the projection, the family of count matrices, and ``UpdateParams``."""

from __future__ import annotations

import copy
import gc
import io
import pickle

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from arcana.circuits.names import RECEPTORS
from arcana.errors import BadInput
from arcana.model import DPILayer, UpdateParams
from arcana.nn.parameter import BiasParameter, CountFamily, CountParameter
from arcana.quantize.weights import project_fan_in


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def layer(fan_in: int | None = 8, **options) -> DPILayer:
    flags = {"train_ampa": True, "train_gabab": True} | options
    net = DPILayer(6, 3, fan_in=fan_in, recurrent=True, **flags)
    with torch.no_grad():
        for name in ("W_nmda", "W_gabaa", "W_gabab", "W_ampa"):
            getattr(net, name).zero_()
    return net


def rows(net: DPILayer) -> torch.Tensor:
    return torch.cat([p.detach() for n, p in net.named_parameters() if n[:2] in ("W_", "R_")], -1)


def overfill(net: DPILayer, seed: int = 0) -> None:
    with torch.no_grad():
        for k, p in enumerate(net.parameters()):
            if isinstance(p, CountParameter) and p.requires_grad:
                p.copy_(3 * drawn(*p.shape, seed=seed + k))


def step(net: DPILayer, lr: float = 0.5, seed: int = 0) -> None:
    """One Adam step along random gradients, with the hook."""
    trained = [p for p in net.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=lr)
    optimizer.register_step_post_hook(UpdateParams)
    for k, p in enumerate(trained):
        p.grad = drawn(*p.shape, seed=seed + k).to(p)
    optimizer.step()


class TestProjection:
    @pytest.mark.parametrize("seed", range(12))
    def test_it_is_the_nearest_legal_point(self, seed):
        wanted, budget = 2 * drawn(7, seed=seed), 0.5 + seed / 4
        found = project_fan_in(wanted[None], torch.tensor([budget], dtype=torch.float64))[0].numpy()
        target = wanted.numpy()
        solved = minimize(
            lambda w: ((w - target) ** 2).sum(), np.full(7, budget / 7), jac=lambda w: 2 * (w - target),
            bounds=[(0, None)] * 7, method="SLSQP", options={"ftol": 1e-12, "maxiter": 500},
            constraints={"type": "ineq", "fun": lambda w: budget - w.sum(), "jac": lambda w: -np.ones(7)},
        )  # fmt: skip
        assert solved.success
        assert found.min() >= 0
        assert found.sum() <= budget * (1 + 1e-12)
        np.testing.assert_allclose(found, solved.x, atol=1e-5)
        assert ((found - target) ** 2).sum() <= solved.fun + 1e-9

    def test_legal_rows_stay_bit_for_bit_and_twice_is_once(self):
        wanted = drawn(40, 9, seed=1).abs()
        budget = torch.linspace(1, 12, 40, dtype=torch.float64)
        once = project_fan_in(wanted, budget)
        legal = wanted.sum(-1) <= budget
        assert 0 < legal.sum() < 40
        assert torch.equal(once[legal], wanted[legal])
        torch.testing.assert_close(project_fan_in(once, budget), once, rtol=1e-12, atol=1e-12)

    def test_equal_weights_share_and_no_budget_leaves_nothing(self):
        wanted = torch.tensor([[3.0, 3.0, -1.0], [3.0, 2.0, 1.0]])
        assert project_fan_in(wanted, torch.tensor([4.0, 0.0])).tolist() == [[2.0, 2.0, 0.0], [0.0, 0.0, 0.0]]


class TestUpdateParams:
    def test_rows_are_projected_together_over_receptors_and_recurrence(self):
        net = layer()
        overfill(net)
        before = rows(net)
        UpdateParams(torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=1.0))
        expected = project_fan_in(before.double(), torch.full((3,), 8.0, dtype=torch.float64)).float()
        trained = torch.cat([torch.full((p.shape[-1],), p.requires_grad) for p in net._family.members])
        assert [p.shape[-1] for p in net._family.members] == [6, 3] * 4
        names = [n for r in RECEPTORS for n in (f"W_{r}", f"R_{r}")]
        assert all(
            member is net.get_parameter(name) for member, name in zip(net._family.members, names, strict=True)
        )
        assert trained.sum() == 18
        torch.testing.assert_close(rows(net), expected)
        torch.testing.assert_close(rows(net).sum(-1), torch.full((3,), 8.0))

    def test_training_with_fractions_ends_legal(self):
        """Without the projection Adam runs far beyond the fan-in, and forward scales what it uses."""
        torch.manual_seed(0)
        X = (torch.rand(2, 20, 30) < 0.2).float()
        options = {"fan_in": 8, "train_ampa": True, "train_gabab": True, "Iw_ampa": 5e-12}
        nets = {kept: DPILayer(30, 4, **options) for kept in (True, False)}
        for kept, net in nets.items():
            net.whole_weights = False
            with torch.no_grad():
                net.W_gabab.zero_()
                net.W_ampa.fill_(0.1)
            optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=0.1)
            if kept:
                optimizer.register_step_post_hook(UpdateParams)
            for _ in range(20):
                _, state = net(X)
                optimizer.zero_grad()
                (-torch.log(state.Iampa).mean()).backward()
                optimizer.step()
                if kept:
                    assert rows(net).sum(-1).max() <= 8 * (1 + 1e-6)
                    assert rows(net).min() >= 0
        assert rows(nets[False]).clamp(min=0).sum(-1).min() > 1.5 * 8
        own = nets[True].counts()["W_ampa"]  # forward has nothing left to scale
        torch.testing.assert_close(own, nets[True].W_ampa, rtol=2e-6, atol=0)

    def test_what_is_frozen_uses_up_its_share_and_stays(self):
        net = layer(train_gabab=False)
        with torch.no_grad():
            net.W_gabab.fill_(1.0)
            net.W_gabab[1] = 0.0
            net.W_ampa.fill_(5.0)
        frozen = net.W_gabab.clone()
        UpdateParams(torch.optim.SGD([net.W_ampa, net.R_ampa], lr=1.0))
        assert torch.equal(net.W_gabab, frozen)
        trained = torch.cat([net.W_ampa, net.R_ampa], -1).detach().sum(-1)
        torch.testing.assert_close(trained, torch.tensor([2.0, 8.0, 2.0]))

    def test_frozen_ones_that_exceed_it_alone_are_refused(self):
        net, other = layer(train_gabab=False), layer(train_gabab=False)
        for one in (net, other):
            with torch.no_grad():
                one.W_gabab.fill_(1.0)
                one.W_gabab[2] = 2.0
        before = rows(net)
        optimizer = torch.optim.SGD(
            [p for one in (net, other) for p in one.parameters() if p.requires_grad], lr=1.0
        )
        with pytest.raises(
            BadInput, match=r"synapses of neuron 2 is 12\.0, allowed: at most 8 \(fan_in\)"
        ) as caught:
            UpdateParams(optimizer)
        assert len(caught.value.problems) == 2  # both layers
        assert torch.equal(rows(net), before)

    def test_without_a_fan_in_only_what_is_negative_goes(self):
        net = layer(fan_in=None)
        overfill(net)
        before = rows(net)
        UpdateParams(torch.optim.SGD(net.parameters(), lr=1.0))
        assert torch.equal(rows(net), before.clamp(min=0))

    def test_a_fan_in_that_is_set_later_holds(self):
        net = layer(fan_in=None)
        net.fan_in = 5
        overfill(net)
        step(net)
        assert rows(net).sum(-1).max() <= 5 * (1 + 1e-6)

    def test_words_of_a_chip_with_weight_switches_have_no_sum(self):
        net = layer(fan_in=4, weight_switches=4)
        overfill(net)
        before = rows(net)
        UpdateParams(torch.optim.SGD(net.parameters(), lr=1.0))
        assert torch.equal(rows(net), before.clamp(min=0))
        assert max(sum((m[k] > 0).sum() for m in net.switch_masks().values()) for k in range(3)) <= 4

    def test_two_layers_do_not_share(self):
        one, other = layer(), layer(fan_in=20)
        for net in (one, other):
            overfill(net)
        UpdateParams(torch.optim.SGD([*one.parameters(), *other.parameters()], lr=1.0))
        assert rows(one).sum(-1).max() == pytest.approx(8)
        assert 8 < rows(other).sum(-1).max() <= 20 * (1 + 1e-6)


class TestFamilies:
    @pytest.mark.parametrize(
        "duplicate", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))], ids=["deepcopy", "pickle"]
    )
    def test_copies_have_a_family_of_their_own(self, duplicate):
        net = layer()
        twin = duplicate(net)
        assert twin._family is not net._family
        assert twin.fan_in == 8
        assert [p.shape for p in twin._family.members] == [p.shape for p in net._family.members]
        assert not {id(p) for p in twin._family.members} & {id(p) for p in net._family.members}
        overfill(twin)
        before = rows(net)
        step(twin)
        assert rows(twin).sum(-1).max() <= 8 * (1 + 1e-6)
        assert torch.equal(rows(net), before)
        twin.fan_in = 3
        assert net.fan_in == 8

    @pytest.mark.parametrize("assign", [False, True])
    def test_after_loading_and_conversion_it_still_holds(self, assign):
        net, source = layer(), layer()
        overfill(source)
        file = io.BytesIO()
        torch.save(source.state_dict(), file)
        file.seek(0)
        net.load_state_dict(torch.load(file, weights_only=True), assign=assign)
        net.double()
        assert torch.equal(rows(net), rows(source).double())
        assert type(net.W_ampa) is CountParameter
        assert type(net.log_Idc) is BiasParameter
        assert net.log_Idc.high == source.log_Idc.high
        assert len(net._family.members) == 8
        step(net)
        assert rows(net).sum(-1).max() <= 8 * (1 + 1e-6)

    def test_a_parameter_alone_can_be_copied(self):
        net = layer()
        alone = copy.deepcopy(net.W_ampa)
        assert alone.family is not net._family
        assert alone.family.fan_in == 8
        assert alone.family.members == [alone]

    def test_nothing_is_kept_alive(self):
        family = CountFamily(4)
        member = CountParameter(torch.ones(1, 2), True, family)
        assert family.members == [member]
        del member
        gc.collect()
        assert family.members == []

    def test_a_parameter_in_the_place_of_another_takes_its_place_in_the_family(self):
        net = layer()
        old = net.W_ampa
        net.W_ampa = torch.nn.Parameter(torch.full((3, 6), 5.0))
        assert isinstance(net.W_ampa, CountParameter)
        assert all(p is not old for p in net._family.members)
        step(net)
        assert rows(net).sum(-1).max() <= 8 * (1 + 1e-6)
