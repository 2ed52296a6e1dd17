"""A chip that gets warmer: Ut = k T / q, and I0 where its drift is known."""

from __future__ import annotations

import math

import pytest
import torch

import arcana
from arcana.circuits.relations import tau_of
from arcana.hardware.registry import load_profile
from arcana.nn.temperature import ZERO_CELSIUS, set_temperature, technology_at
from arcana.units import BOLTZMANN, ELEMENTARY_CHARGE


def drifting(drift):
    chip = load_profile("dynapse1")
    known = chip.temperature.leak_current_drift.model_copy(update={"value": drift, "status": "assumed"})
    return chip.model_copy(
        update={"temperature": chip.temperature.model_copy(update={"leak_current_drift": known})}
    )


@pytest.mark.parametrize("celsius", [-20.0, 27.0, 60.0])
def test_thermal_voltage(celsius):
    technology = technology_at(load_profile("dynapse1"), celsius)
    assert technology.Ut == pytest.approx(BOLTZMANN * (celsius + 273.15) / ELEMENTARY_CHARGE, rel=1e-12)
    assert technology.I0 == load_profile("dynapse1").technology().I0


def test_leak_current_drifts_where_the_profile_says_so():
    chip = drifting(0.05)
    nominal = chip.technology()
    expected = nominal.I0 * math.exp(0.05 * (60 + ZERO_CELSIUS - nominal.temperature))
    found, same = technology_at(chip, 60.0), nominal.at_temperature(nominal.temperature, 0.05)
    assert pytest.approx([expected, nominal.I0], rel=1e-12) == [found.I0, same.I0]


def layer(chip):
    torch.manual_seed(0)
    net = arcana.DPILayer(3, 5, profile=chip, Itau_mem=2e-12, Igain_mem=8e-11, Idc=1e-10, Iw_ampa=2e-12)
    for name in ("W_nmda", "W_gabaa", "W_gabab"):
        getattr(net, name).data.zero_()
    net.W_ampa.data = torch.randint(0, 4, net.W_ampa.shape).float()
    return net


@pytest.mark.parametrize("drift", [0.0, 0.03])
def test_currents_stay_and_time_constants_follow(drift):
    chip = drifting(drift) if drift else load_profile("dynapse1")
    net = layer(chip)
    currents = {name: net.nominal(name).clone() for name in net.bias_names()}
    tau = tau_of(net.Itau_mem, net.technology.C_mem, net.technology)
    with set_temperature(net, 60.0):
        assert all(torch.equal(net.nominal(name), value) for name, value in currents.items())
        warm = tau_of(net.Itau_mem, net.technology.C_mem, net.technology)
    assert (warm / tau).item() == pytest.approx(
        (60 + ZERO_CELSIUS) / load_profile("dynapse1").technology().temperature, rel=1e-6
    )


def test_a_warm_network_fires_otherwise_and_is_put_back():
    net = layer("dynapse1")
    X = (torch.rand(2, 600, 3) < 0.1).float()
    cold = net(X)[0]
    with set_temperature(net, 60.0):
        warm = net(X)[0]
    assert not torch.equal(cold, warm)
    assert torch.equal(net(X)[0], cold)
    with set_temperature(net, None):
        assert torch.equal(net(X)[0], cold)


def test_warmth_is_the_same_as_a_profile_with_that_voltage():
    chip = load_profile("dynapse1")
    voltage = chip.electrical.thermal_voltage.model_copy(update={"value": technology_at(chip, 60.0).Ut})
    warm = chip.model_copy(update={"electrical": chip.electrical.model_copy(update={"thermal_voltage": voltage})})
    X = (torch.rand(2, 600, 3) < 0.1).float()
    net = layer(chip)
    with set_temperature(net, 60.0):
        found = net(X)[0]
    other = layer(warm)
    assert found.sum() > 0
    assert torch.equal(found, other(X)[0])
