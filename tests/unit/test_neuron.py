"""The cell and the layer: one is the other, what they refuse, and rates that can be checked by hand."""

from __future__ import annotations

import pytest
import torch

from arcana.circuits.dpi import DPIState
from arcana.engine.stiffness import StiffDriveWarning
from arcana.errors import BadInput
from arcana.hardware.registry import load_profile
from arcana.model import DPILayer, DPINeuron

FAST = {"Itau_mem": 10e-12, "Igain_mem": 40e-12, "Ith": 200e-12, "Ipfb_th": 80e-12, "Ipfb_norm": 5e10}


def test_the_cell_step_by_step_is_the_layer():
    biases = {**FAST, "Idc": 150e-12, "Iw_ampa": 10e-12, "Iw_gabab": 2e-12, "refractory": 2e-3}
    cell, layer = DPINeuron(3, 2, **biases), DPILayer(3, 2, **biases)
    X = (torch.rand(2, 40, 3, generator=torch.Generator().manual_seed(0)) < 0.1).float()
    expected, end = layer(X)
    state, spikes = None, []
    for x in X.unbind(1):
        out, state = cell(x, state)
        spikes.append(out)
    assert expected.sum() > 0
    assert torch.equal(torch.stack(spikes, 1), expected)
    torch.testing.assert_close(state.Imem, end.Imem, rtol=1e-5, atol=0)


def test_the_static_conversions_are_inverse_for_floats_and_tensors():
    assert DPINeuron.V2I(DPINeuron.I2V(3e-12)) == pytest.approx(3e-12, rel=1e-12)
    currents = torch.tensor([1e-13, 2e-9], dtype=torch.float64)
    torch.testing.assert_close(DPINeuron.V2I(DPINeuron.I2V(currents)), currents)
    technology = load_profile("ideal").technology()
    assert DPINeuron.I2V(technology.I0) == 0
    with pytest.raises(BadInput, match="current"):
        DPINeuron.I2V(0.0)


@pytest.mark.parametrize("refractory", [2e-3, 5.3e-3])
def test_the_refractory_period_adds_to_every_interval(refractory):
    """Interval = time to threshold + refractory period, to a hundredth of a step."""
    times = {}
    for period in (1e-4, refractory):
        net = DPILayer(1, 1, Idc=300e-12, refractory=period, **FAST)
        record = net.run(torch.zeros(1, 200, 1), record=("spike_times",)).records["spike_times"]
        times[period] = record[torch.isfinite(record)].diff().mean().item()
    assert times[refractory] - times[1e-4] == pytest.approx(refractory - 1e-4, abs=1e-5)


def test_a_synapse_jumps_by_its_count_times_its_efficacy():
    net = DPILayer(2, 1, Iw_ampa=7e-12).double()
    with torch.no_grad():
        net.W_ampa.copy_(torch.tensor([[3.0, 2.0]]))
        net.W_gabab.zero_()
    X = torch.tensor([[[1.0, 2.0]]], dtype=torch.float64)
    tau = 2e-12 * net.technology.Ut / (net.technology.kappa * 20e-12)
    expected = (net.technology.I0 + 7 * 4 * 7e-12) * torch.exp(torch.tensor(-1e-3 / tau, dtype=torch.float64))
    torch.testing.assert_close(net(X)[1].Iampa.squeeze(), expected, rtol=1e-5, atol=0)


class TestRefused:
    net = DPILayer(3, 2)

    @pytest.mark.parametrize(
        "X", [torch.zeros(4, 3), torch.zeros(3), torch.zeros(1, 5, 2), torch.zeros(0, 5, 3), torch.zeros(1, 0, 3)]
    )
    def test_shapes(self, X):
        with pytest.raises(BadInput, match=r"X(\.|) is"):
            (DPINeuron(2, 2) if X.ndim == 2 else self.net)(X)

    @pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1.0])
    def test_events_that_cannot_be(self, bad):
        X = torch.zeros(2, 5, 3)
        X[1, 3, 2] = bad
        with pytest.raises(BadInput, match=r"X\[1, 3, 2\]"):
            self.net(X)

    def test_dtypes_and_things(self):
        with pytest.raises(BadInput, match="dtype"):
            self.net(torch.zeros(1, 5, 3, dtype=torch.float64))
        with pytest.raises(BadInput, match="dtype"):
            self.net(torch.zeros(1, 5, 3, dtype=torch.int64))
        with pytest.raises(BadInput, match="list"):
            self.net([[0.0]])

    def test_states(self):
        X = torch.zeros(1, 5, 3)
        _, state = self.net(X)
        with pytest.raises(BadInput, match="state"):
            self.net(X, tuple(state))
        with pytest.raises(BadInput, match=r"state\.Imem"):
            self.net(X, state._replace(Imem=-state.Imem))
        with pytest.raises(BadInput, match=r"state\.Iahp.*shape"):
            self.net(X, state._replace(Iahp=state.Iahp[:, :1]))
        with pytest.raises(BadInput, match="7 problems"):
            self.net(torch.zeros(2, 5, 3), DPIState(*state))


class TestStiffDrive:
    def test_a_drive_that_the_substeps_do_not_follow_is_reported(self):
        with pytest.warns(StiffDriveWarning, match=r"reaches 4 nA.*up to 1\.702 nA.*substeps=5"):
            DPILayer(1, 1, Idc=4e-9)(torch.zeros(1, 2, 1))

    def test_the_substeps_that_it_asks_for_cure_it(self):
        spikes, _ = DPILayer(1, 1, Idc=4e-9, substeps=5)(torch.zeros(1, 50, 1))  # a warning is an error here
        assert spikes.sum() > 0
