"""Layers whose weights are sums of switched currents: what forward uses, what gradients see, what is kept."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from torch.func import functional_call, stack_module_state, vmap

from arcana.circuits.names import RECEPTORS
from arcana.errors import BadInput
from arcana.hardware import load_profile
from arcana.model import DPILayer, DPINeuron, UpdateParams
from arcana.nn.switched import MOVED
from arcana.quantize.codes import on_chip
from arcana.quantize.switched import choose_switches, switch_levels

CHIP = load_profile("dynapse2")
PA = 1e-12


def layer(seed: int = 0, n_in: int = 20, n_out: int = 3, **options) -> DPILayer:
    options = {"profile": CHIP, "Iw_ampa": 11 * PA, "Iw_gabab": 5 * PA, "weight_switches": 4} | options
    net = DPILayer(n_in, n_out, train_ampa=True, train_gabab=True, **options)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name in ("W_ampa", "W_gabab"):
            weights = getattr(net, name)
            weights.copy_(2 * torch.rand(weights.shape, generator=generator))
    return net


def wanted(net: DPILayer) -> dict[str, torch.Tensor]:
    """Chip current that each weight asks for [A], by the code that exports biases."""
    biases = {name: net.nominal(name).item() for name in net.bias_names()}
    unit = on_chip(biases, net.profile)
    return {name: net.get_parameter(name).detach() * unit[f"Iw_{name[2:]}"] for name in net.counts()}


def events() -> torch.Tensor:
    return (torch.rand(2, 30, 20, generator=torch.Generator().manual_seed(1)) < 0.04).float()


def move(net: DPILayer, factor: float) -> None:
    with torch.no_grad():
        net.W_ampa.mul_(factor)
        net.W_gabab.mul_(factor)


class TestForward:
    @pytest.mark.parametrize("profile", ["dynapse2", "ideal"])
    def test_every_weight_is_the_nearest_sum_of_the_currents(self, profile):
        net = layer(profile=profile)
        currents, masks, counts, asked = net.switch_currents(), net.switch_masks(), net.counts(), wanted(net)
        bits = torch.tensor([[m >> i & 1 for i in range(4)] for m in range(16)], dtype=torch.float32)
        sums = bits @ currents
        assert currents.shape == (4,)
        assert (currents > 0).all()
        for name, mask in masks.items():
            made = torch.where(asked[name] > 0, sums[mask], torch.zeros(()))
            iw = asked[name] / net.get_parameter(name).detach()
            torch.testing.assert_close(counts[name] * iw.nan_to_num(), made, rtol=1e-5, atol=0)
            nearest = (asked[name][..., None] - sums).abs().min(-1).values
            torch.testing.assert_close(
                (made - asked[name]).abs(), nearest, rtol=1e-3, atol=1e-6 * float(sums.max())
            )
        assert not torch.equal(counts["W_ampa"], counts["W_ampa"].round())

    def test_the_currents_are_those_of_choose_switches_and_levels_of_the_chip(self):
        net = layer()
        levels = switch_levels(CHIP)
        weights = torch.cat([w.flatten() for w in wanted(net).values()]).double().numpy()
        fit = choose_switches(weights[weights > 0], levels=levels)
        np.testing.assert_allclose(net.switch_currents().numpy(), fit.currents, rtol=1e-6)
        nearest = abs(levels[:, None] / net.switch_currents().double().numpy() - 1).min(0)
        assert (nearest < 1e-6).all()

    def test_forward_uses_the_counts(self):
        net, plain = layer(), layer(weight_switches=None)
        plain.whole_weights = False
        with torch.no_grad():
            for name, counts in net.counts().items():
                plain.get_parameter(name).copy_(counts)
        X = events()
        assert net(X)[1].Iampa.max() > 10 * PA
        torch.testing.assert_close(net(X)[1].Imem, plain(X)[1].Imem)

    def test_a_pulse_that_is_written_out_asks_for_the_same_currents(self):
        plain = layer()
        chip = on_chip({name: plain.nominal(name).item() for name in plain.bias_names()}, CHIP)
        pulsed = layer(pulse=chip["pulse"], **{f"Iw_{r}": chip[f"Iw_{r}"] for r in ("ampa", "gabab")})
        torch.testing.assert_close(pulsed.switch_currents(), plain.switch_currents(), rtol=1e-5, atol=0)

    def test_the_fan_in_counts_words_and_keeps_the_largest(self):
        net = layer(fan_in=7)
        masks = torch.cat(list(net.switch_masks().values()), -1)
        asked = torch.cat(list(wanted(net).values()), -1)
        assert ((masks > 0).sum(-1) == 7).all()
        for row, mask in zip(asked, masks, strict=True):
            assert row[mask > 0].min() >= row[mask == 0].max()
        net.whole_weights = False
        counts = net.counts()
        together = torch.cat([counts[name] for name in counts], -1)
        weights = torch.cat([net.get_parameter(name) for name in counts], -1)
        assert torch.equal(together, torch.where(masks > 0, weights, torch.zeros(())))

    def test_a_weight_current_for_each_neuron_or_group(self):
        iw = [10 * PA, 20 * PA, 40 * PA]
        net = layer(Iw_ampa=iw)
        with torch.no_grad():
            net.W_ampa.copy_(1.5 * 40 * PA / torch.tensor(iw)[:, None].expand(3, 20))  # the same current for all
            net.W_gabab.zero_()
        counts = net.counts()["W_ampa"]
        torch.testing.assert_close(counts, net.W_ampa.detach(), rtol=0.02, atol=0)
        assert len(set(net.switch_masks()["W_ampa"].flatten().tolist())) == 1
        grouped = layer(Iw_ampa=iw[:2], bias_groups=[1, 0, 1])
        unit = grouped._word_currents()[:, 0]
        torch.testing.assert_close(unit / unit[1], torch.tensor([2.0, 1.0, 2.0]))

    def test_the_cell_has_them_too(self):
        cell = DPINeuron(4, 2, profile=CHIP, weight_switches=3, train_ampa=True)
        assert cell.switch_currents().shape == (3,)
        assert cell(torch.ones(1, 4))[0].shape == (1, 2)


class TestGradient:
    @pytest.mark.parametrize("fan_in", [None, 5])
    def test_it_passes_to_every_weight_that_is_not_negative(self, fan_in):
        net = layer(fan_in=fan_in, profile="ideal")
        with torch.no_grad():
            net.W_ampa[0, :3] = torch.tensor([-0.5, 0.0, 1e-3])
        slope = torch.arange(60.0).reshape(3, 20)
        (net.counts()["W_ampa"] * slope).sum().backward()
        expected = slope.clone()
        expected[0, 0] = 0.0
        assert torch.equal(net.W_ampa.grad, expected)

    def test_training_with_it_follows_a_target(self):
        """Each neuron is to receive a given current in all: only the sums can add up to it."""
        net = layer(n_in=12)
        target = torch.tensor([6.0, 10.0, 14.0])
        optimizer = torch.optim.Adam([net.W_ampa], lr=0.02)
        optimizer.register_step_post_hook(UpdateParams)
        for _ in range(150):
            optimizer.zero_grad()
            (net.counts()["W_ampa"].sum(-1) - target).pow(2).sum().backward()
            optimizer.step()
        torch.testing.assert_close(net.counts()["W_ampa"].sum(-1), target, rtol=0.02, atol=0)


class TestState:
    def test_in_training_they_follow_weights_that_moved(self):
        net = layer()
        first = net.switch_currents()
        move(net, 1 + 0.5 * MOVED)
        assert torch.equal(net.switch_currents(), first)
        move(net, 1.5)
        torch.testing.assert_close(net.switch_currents(), 1.5 * (1 + 0.5 * MOVED) * first, rtol=0.1, atol=0)
        assert not torch.equal(net.switch_currents(), first)

    def test_small_steps_add_up(self):
        net = layer()
        first = net.switch_currents()
        for _ in range(10):
            move(net, 1 + 0.3 * MOVED)
            net.counts()
        assert not torch.equal(net.switch_currents(), first)

    def test_in_evaluation_they_stay(self):
        net = layer()
        first = net.switch_currents()
        net.eval()
        move(net, 3.0)
        assert torch.equal(net.switch_currents(), first)
        fresh = layer().eval()  # never trained: there must be some
        assert torch.equal(fresh.switch_currents(), first)

    def test_weights_of_another_kind_start_anew(self):
        """From four currents that are far off the quick fit would end worse than the plain grid."""
        net = layer()
        net.counts()
        with torch.no_grad():
            net.W_ampa.copy_(torch.from_numpy(np.random.default_rng(0).lognormal(size=(3, 20))))
        weights = torch.cat([w.flatten() for w in wanted(net).values()]).double().numpy()
        best = choose_switches(weights[weights > 0], levels=switch_levels(CHIP))
        made = torch.cat([(net.counts()[n] * wanted(net)[n] / net.get_parameter(n)).nan_to_num().flatten()
                          for n in net.counts()]).detach().double().numpy()  # fmt: skip
        assert np.linalg.norm(made - weights) / np.linalg.norm(weights) < 1.2 * best.rms

    @pytest.mark.parametrize("training", [True, False])
    def test_what_is_saved_is_what_runs(self, training):
        net, fresh = layer(seed=1), layer(seed=2)
        net.counts()
        fresh.counts()
        move(net, 1.4)  # no call since
        kept = net.state_dict()
        fresh.load_state_dict(kept)
        fresh.train(training)
        assert torch.equal(kept["switches.currents"], net.switch_currents())
        assert torch.equal(fresh.switch_currents(), net.switch_currents())
        assert all(torch.equal(a, b) for a, b in zip(fresh.counts().values(), net.counts().values(), strict=True))
        move(fresh, 1.5)
        assert torch.equal(fresh.switch_currents(), net.switch_currents()) != training

    def test_copies_go_their_own_way(self):
        net = layer()
        first = net.switch_currents()
        twin = copy.deepcopy(net)
        move(twin, 2.0)
        assert not torch.equal(twin.switch_currents(), first)
        assert torch.equal(net.switch_currents(), first)

    def test_under_vmap_they_are_those_of_each_network(self):
        nets = [layer(seed=k) for k in range(3)]
        currents = torch.stack([net.switch_currents() for net in nets])
        stacked = stack_module_state(nets)
        assert torch.equal(stacked[1]["switches.currents"], currents)
        X = events()
        mapped = vmap(lambda p, b: functional_call(nets[0], (p, b), (X,))[1].Imem)(*stacked)
        looped = torch.stack([net(X)[1].Imem for net in nets])
        torch.testing.assert_close(mapped, looped, rtol=1e-3, atol=0)  # two engines
        assert (looped[0] - looped[1]).abs().max() > 0.1 * looped[0].max()

    def test_under_vmap_without_a_fit_it_says_so(self):
        nets = [layer(seed=k) for k in range(2)]
        X = torch.zeros(1, 2, 20)
        with pytest.raises(BadInput, match="once before vmap"):
            vmap(lambda p, b: functional_call(nets[0], (p, b), (X,))[0])(*stack_module_state(nets))

    def test_functional_call_brings_its_own(self):
        net, other = layer(seed=0), layer(seed=1)
        net.counts()
        before = net.switches.currents.clone()
        X = events()
        called = functional_call(net, dict(other.state_dict()), (X,))
        assert torch.equal(called[1].Imem, other(X)[1].Imem)
        assert torch.equal(net.switches.currents, before)


class TestOption:
    def test_without_it_nothing_changes(self):
        net = layer(weight_switches=None)
        assert net.weight_switches is None
        assert not [name for name in net.state_dict() if "switches" in name]
        assert torch.equal(net.counts()["W_ampa"], net.counts()["W_ampa"].round())
        for ask in (net.switch_currents, net.switch_masks):
            with pytest.raises(BadInput, match="weight_switches"):
                ask()

    @pytest.mark.parametrize(
        ("profile", "switches", "allowed"),
        [("dynapse1", 4, "None"), ("dynapse2", 5, "1 to 4"), ("dynapse2", 0, "1 to 4"), ("ideal", 7, "1 to 6"),
         ("dynapse2", True, "1 to 4"), ("dynapse2", "four", "1 to 4")],
    )  # fmt: skip
    def test_what_the_words_of_a_chip_do_not_have_is_refused(self, profile, switches, allowed):
        with pytest.raises(BadInput, match=f"weight_switches.*{allowed}"):
            DPILayer(2, 2, profile=profile, weight_switches=switches)

    def test_it_is_refused_together_with_the_rest(self):
        with pytest.raises(BadInput) as caught:
            DPILayer(2, 2, profile="dynapse1", weight_switches=4, Itau_men=1.0)
        assert {p.field for p in caught.value.problems} >= {"weight_switches", "bias"}

    def test_receptors_share_the_currents(self):
        net = layer(train_nmda=True, Iw_nmda=7 * PA)
        with torch.no_grad():
            net.W_nmda.copy_(net.W_ampa)
        assert {name for name, mask in net.switch_masks().items() if mask.any()} == {"W_ampa", "W_gabab", "W_nmda"}
        assert math.isfinite(float(net.switch_currents().sum()))
        assert len(RECEPTORS) == 4
