"""Biases: shapes, ranges, groups, setting and reading them, and what is refused."""

from __future__ import annotations

import math

import pytest
import torch

from arcana.circuits.names import BIASES, OPTIONAL_BIASES
from arcana.errors import BadInput
from arcana.hardware.registry import load_profile
from arcana.model import DPILayer, DPINeuron
from arcana.nn.parameter import BiasParameter


def test_defaults_are_those_of_the_documented_interface():
    net = DPINeuron(2, 3)
    expected = {"Itau_mem": 5e-12, "Igain_mem": 20e-12, "Ith": 2e-9, "Idc": 1e-12, "Ipfb_th": 500e-12}
    expected |= {
        "Ipfb_norm": 1.47e9,
        "refractory": 0.0,
        "Itau_ampa": 20e-12,
        "Iw_gabab": 80e-12,
        "Inmda_thr": 0.5e-12,
    }
    for name, value in expected.items():
        assert getattr(net, name).item() == pytest.approx(value, rel=1e-5)
    assert net.fan_in is None
    assert {r: getattr(net, f"W_{r}").unique().item() for r in ("ampa", "gabab", "nmda", "gabaa")} == {
        "ampa": 1.0, "gabab": 1.0, "nmda": 0.0, "gabaa": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize("name", BIASES)
def test_every_bias_can_be_given_read_and_trained(name):
    value = 1.5e-3 if BIASES[name].unit == "s" else 2e9 if BIASES[name].unit == "1/A" else 7e-12
    net = DPILayer(1, 3, **{name: value, f"train_{name}": True})
    assert getattr(net, name).item() == pytest.approx(value, rel=1e-5)
    raw = net.get_parameter(f"log_{name}")
    assert isinstance(raw, BiasParameter)
    assert raw.requires_grad
    unit = net.technology.I0 if BIASES[name].unit == "A" else 1.0
    assert raw.item() == pytest.approx(math.log(value / unit), rel=1e-6)
    assert not any(p.requires_grad for other, p in net.named_parameters() if other != f"log_{name}")


def test_one_value_per_neuron_or_per_group():
    net = DPILayer(1, 3, Idc=[1e-12, 2e-12, 3e-12])
    torch.testing.assert_close(net.Idc, torch.tensor([1e-12, 2e-12, 3e-12]), rtol=1e-5, atol=0)
    grouped = DPILayer(1, 3, bias_groups=[1, 0, 1], Idc=[1e-12, 2e-12], train_Idc=True)
    torch.testing.assert_close(grouped.biases().Idc, torch.tensor([2e-12, 1e-12, 2e-12]), rtol=1e-5, atol=0)
    grouped.biases().Idc.log().sum().backward()
    assert grouped.log_Idc.grad.tolist() == [1.0, 2.0]


def test_set_bias_changes_what_the_neuron_does_and_keeps_the_parameter():
    net = DPILayer(1, 1, train_Idc=True)
    parameter = net.log_Idc
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    net.set_bias("Idc", 600e-12)
    assert net.log_Idc is parameter  # the optimizer goes on with it
    spikes, _ = net(torch.zeros(1, 100, 1))
    assert spikes.sum() > 0
    parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    assert net.Idc.item() == pytest.approx(600e-12 / math.e, rel=1e-4)


def test_assigning_a_bias_sets_it():
    """Else the name would become a plain attribute that hides the bias and changes nothing."""
    net = DPILayer(1, 2)
    net.Itau_mem = 8e-12
    assert net.log_Itau_mem.item() == pytest.approx(math.log(8e-12 / net.technology.I0), rel=1e-6)
    net.Idc = [1e-12, 5e-12]
    assert net.log_Idc.shape == (2,)
    with pytest.raises(BadInput, match="Itau_mem"):
        net.Itau_mem = -1.0
    with pytest.raises(BadInput, match="pulse"):
        net.pulse = 1e-3  # it was not set when the layer was made


def test_adaptation_that_is_loaded_is_switched_on():
    adapted = DPILayer(1, 1, Idc=600e-12, Iw_ahp=50e-12)
    X = torch.zeros(1, 150, 1)
    expected, state = adapted(X)
    plain = DPILayer(1, 1, Idc=600e-12)
    assert not torch.equal(plain(X)[1].Iahp, state.Iahp)
    plain.load_state_dict(adapted.state_dict())
    spikes, again = plain(X)
    assert torch.equal(spikes, expected)
    assert torch.equal(again.Iahp, state.Iahp)


class TestRefused:
    @pytest.mark.parametrize("name", [n for n in BIASES if not BIASES[n].zero_allowed])
    @pytest.mark.parametrize("value", [0.0, -1e-12, float("nan"), float("inf"), "much"])
    def test_what_is_no_bias(self, name, value):
        with pytest.raises(BadInput, match=name):
            DPILayer(1, 1, **{name: value})

    @pytest.mark.parametrize("name", [n for n in BIASES if BIASES[n].zero_allowed])
    def test_zero_switches_a_part_off_but_cannot_be_trained(self, name):
        assert getattr(DPILayer(1, 1, **{name: 0.0}), name).item() == 0
        with pytest.raises(BadInput, match=f"{name} is 0.0"):
            DPILayer(1, 1, **{name: 0.0, f"train_{name}": True})

    def test_all_problems_at_once_with_the_nearest_names(self):
        with pytest.raises(BadInput) as caught:
            DPILayer(1, 2, Itau_men=1e-12, train_Idcc=True, Idc=-1.0, Ith=[1e-9] * 3, bias_groups=None)
        text = str(caught.value)
        assert "did you mean 'Itau_mem'" in text
        assert "did you mean 'train_Idc'" in text
        assert len(caught.value.problems) == 4

    @pytest.mark.parametrize("groups", [[0, 2], [0], [0.0, 1.0], [-1, 0], [1, 1]])
    def test_groups_with_gaps(self, groups):
        with pytest.raises(BadInput, match="bias_groups"):
            DPILayer(1, 2, bias_groups=groups)

    def test_what_the_bias_generator_cannot_make(self):
        with pytest.raises(BadInput, match=r"Itau_mem is 1e-15 A, allowed: 5\.88.*dynapse1"):
            DPILayer(1, 1, profile="dynapse1", Itau_mem=1e-15)
        net = DPILayer(1, 1, profile="dynapse1")
        with pytest.raises(BadInput, match=r"Itau_mem is 0\.001 A, allowed: 5\.88.* to 2\.4e-05 on dynapse1"):
            net.set_bias("Itau_mem", 1e-3)
        assert net.Itau_mem.item() == pytest.approx(5e-12, rel=1e-5)

    def test_an_optional_bias_without_a_start_value(self):
        for name in OPTIONAL_BIASES:
            with pytest.raises(BadInput, match=name):
                DPILayer(1, 1, **{f"train_{name}": True})

    @pytest.mark.parametrize(
        ("arguments", "field"),
        [
            ({"n_in": 0}, "n_in"), ({"n_out": 1.5}, "n_out"), ({"dt": 0.0}, "dt"), ({"dt": float("nan")}, "dt"),
            ({"solver": "rk5"}, "solver"), ({"fan_in": 0}, "fan_in"), ({"dt": True}, "dt"),
        ],
    )  # fmt: skip
    def test_sizes_steps_and_solvers(self, arguments, field):
        with pytest.raises(BadInput, match=field):
            DPILayer(**{"n_in": 1, "n_out": 1, **arguments})


def test_I0_and_limits_come_from_the_profile():
    for name in ("ideal", "dynapse1", "dynapse2"):
        net = DPILayer(1, 1, profile=name)
        assert net.technology == load_profile(name).technology()
        finite = [p for p in net.parameters() if isinstance(p, BiasParameter) and math.isfinite(p.high)]
        assert bool(finite) == (name != "ideal")
