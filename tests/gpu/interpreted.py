"""What ``test_interpreter`` runs in a process of its own: the interpreter is chosen before Triton is imported."""

from __future__ import annotations

import engine_checks as checks
import pytest
import torch

from arcana.engine.fused_gpu import launch


@pytest.mark.parametrize("name", checks.CASES)
def test_spikes_states_and_gradients_are_those_of_the_reference(name):
    checks.check_double(checks.CASES[name], "cpu")


@pytest.mark.parametrize("options", [{}, {"solver": "heun"}, {"solver": "euler"}], ids=str)
def test_in_single_precision_the_spikes_are_those_of_the_reference(options):
    case = checks.Case((2, 12, 4, 40), external=True, start=True, options=options)
    assert checks.share_of_equal_spikes(case, "cpu") >= 0.999


@pytest.mark.parametrize("loops", [(), ("ampa", "gabab")], ids=["plain", "recurrent"])
def test_records(loops):
    checks.check_records("cpu", loops)


def test_segments_and_groups_of_rows_change_nothing(monkeypatch):
    case = checks.Case((2, 5, 3, 4), every=2, chips=2)
    whole = checks.evaluate(case, torch.float64, "cpu", fused=True)
    monkeypatch.setattr(launch, "EVENT_BYTES", 1)
    monkeypatch.setattr(launch, "HISTORY_BYTES", 1)
    parts = checks.evaluate(case, torch.float64, "cpu", fused=True)
    for one, other in zip(whole, parts, strict=True):
        for key, value in one.items():
            if value is not None:
                torch.testing.assert_close(other[key], value, rtol=1e-12, atol=0.0, msg=key)


def test_what_is_trained_changes_no_other_gradient():
    case = checks.Case((1, 6, 3, 4), receptors=("ampa", "gabab"))
    _, everything = checks.evaluate(case, torch.float64, "cpu", fused=True)
    net, given = checks.layer(case, torch.float64, "cpu"), checks.inputs(case, torch.float64, "cpu")
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(name == "log_Iw_ampa")
    with checks.engine(True, case.every):
        spikes, after = net(given["X"].detach())
    checks.loss_of(spikes, after).backward()
    assert [name for name, p in net.named_parameters() if p.grad is not None] == ["log_Iw_ampa"]
    torch.testing.assert_close(net.log_Iw_ampa.grad, everything["log_Iw_ampa"], rtol=1e-12, atol=0.0)
