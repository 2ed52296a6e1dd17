"""After any number of optimiser steps a bias is one that the chip can make, and a count is not negative."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch.func import functional_call

from arcana.circuits.names import BIASES, RECEPTORS
from arcana.hardware.registry import load_profile
from arcana.model import DPILayer, UpdateParams
from arcana.quantize.codes import bias_limits

CHIP = load_profile("dynapse1")
ON_CHIP = tuple(name for name in BIASES if CHIP.chip_bias_for(name) is not None)
START = {"refractory": 1e-3, "Iw_ahp": 2e-12, "pulse": 10e-6}


def everything() -> DPILayer:
    flags = {f"train_{name}": True for name in (*ON_CHIP, *RECEPTORS) if name != "pulse_ahp"}
    net = DPILayer(2, 1, profile=CHIP, solver="heun", substeps=1, recurrent=True, **START, **flags)
    with torch.no_grad():
        net.R_gabab.fill_(0.5)
    return net


def trained(net) -> dict[str, torch.nn.Parameter]:
    return {name: p for name, p in net.named_parameters() if p.requires_grad}


def in_range(name: str, value: torch.Tensor) -> bool:
    low, high = bias_limits(CHIP, name)
    return bool((value >= low * (1 - 1e-4)).all() and (value <= high * (1 + 1e-4)).all())


@pytest.mark.filterwarnings("ignore::arcana.engine.stiffness.StiffDriveWarning")
@pytest.mark.parametrize("kept", [True, False], ids=["with UpdateParams", "without"])
@pytest.mark.parametrize("direction", [1.0, -1.0], ids=["up", "down"])
def test_adam_never_leaves_the_range_of_the_bias_generator(direction, kept):
    """1,000 steps at lr 1e-2 of a loss that pushes every bias on and on: 10 e-folds, the lower limit is 5 away."""
    net = everything()
    optimizer = torch.optim.Adam(trained(net).values(), lr=1e-2)
    if kept:
        optimizer.register_step_post_hook(UpdateParams)
    X = torch.ones(1, 1, 2)
    biases = [name.removeprefix("log_") for name in trained(net) if name.startswith("log_")]
    assert len(biases) >= 18
    for k in range(1000):
        optimizer.zero_grad()
        values = torch.stack([net.nominal(name).log() for name in biases])
        loss = -direction * values.sum()
        if k % 50 == 0:  # the circuit's own gradient now and then: it must stay finite with such biases
            _, rest = net(X)
            loss = loss - direction * 1e-3 * torch.stack([x.log().sum() for x in rest[:6]]).sum()
        loss.backward()
        optimizer.step()
        if k % 10 == 0 or k > 990:
            for name in biases:
                assert in_range(name, net.nominal(name)), name
    assert all(torch.isfinite(p).all() for p in trained(net).values())
    raw = {name: net.get_parameter(f"log_{name}") for name in biases}
    inside = {name: p.low - 1e-6 <= p.item() <= p.high + 1e-6 for name, p in raw.items()}
    if kept:
        assert all(inside.values())
    if direction < 0:  # 10 e-folds of Adam against 5: something did reach the limit
        assert sum(math.isclose(net.nominal(n).item(), bias_limits(CHIP, n)[0], rel_tol=1e-3) for n in biases) >= 5
        assert kept or not all(inside.values())


def test_it_works_as_a_hook_and_as_a_call():
    for use in ("hook", "call"):
        net = everything()
        optimizer = torch.optim.SGD(trained(net).values(), lr=1.0)
        if use == "hook":
            optimizer.register_step_post_hook(UpdateParams)
        for p in trained(net).values():
            p.grad = 1e3 * torch.ones_like(p)
        optimizer.step()
        if use == "call":
            UpdateParams(optimizer)
        for name, p in trained(net).items():
            if name.startswith("log_"):
                assert p.item() == pytest.approx(p.low)
            else:
                assert (p == 0).all()


def test_what_was_legal_stays_bit_for_bit():
    net = everything()
    before = copy.deepcopy(net.state_dict())
    UpdateParams(torch.optim.Adam(net.parameters()))
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


def test_foreign_parameters_are_left_alone():
    readout = torch.nn.Linear(2, 2)
    with torch.no_grad():
        readout.weight.fill_(-3.0)
    UpdateParams(torch.optim.Adam(readout.parameters()))
    assert (readout.weight == -3).all()


def test_a_state_after_thousands_of_steps_can_be_run_on_the_chip():
    """The effective value is limited also where other tensors stand in for the parameters."""
    net = everything()
    low, high = bias_limits(CHIP, "Itau_mem")
    for raw, expected in ((-50.0, low), (50.0, high)):
        with torch.no_grad():
            net.log_Itau_mem.fill_(raw)
        assert net.Itau_mem.item() == pytest.approx(expected, rel=1e-4)
        X = torch.zeros(1, 1, 2)
        _, own = net(X)
        plain = {"log_Itau_mem": torch.tensor(raw)}
        _, called = functional_call(net, plain, (X,))
        assert torch.equal(own.Imem, called.Imem)
        net.log_Itau_mem.requires_grad_(False)  # frozen after training: still what the chip has
        assert torch.equal(net(X)[1].Imem, own.Imem)
        net.log_Itau_mem.requires_grad_(True)
