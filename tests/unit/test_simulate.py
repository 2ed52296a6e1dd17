"""Runs with records."""

from __future__ import annotations

import pytest
import torch

from arcana.circuits.dpi import DPIState
from arcana.engine.drive import RECORDABLE
from arcana.errors import BadInput
from arcana.model import DPILayer, Sequential, simulate
from arcana.nn.readout import population_rates

FAST = {"Itau_mem": 10e-12, "Igain_mem": 40e-12, "Ith": 200e-12, "Ipfb_th": 80e-12, "Ipfb_norm": 5e10}
X = (torch.rand(2, 30, 3, generator=torch.Generator().manual_seed(0)) < 0.2).float()


def layer(n_in: int = 3, n_out: int = 2, **biases) -> DPILayer:
    return DPILayer(n_in, n_out, **{**FAST, "Idc": 150e-12, "Iw_ampa": 10e-12, "Iw_gabab": 2e-12, **biases})


def test_every_record_has_the_shape_of_the_output_and_the_last_is_the_state():
    net = layer()
    trace = simulate(net, X, RECORDABLE)
    assert set(trace.records[0]) == set(RECORDABLE)
    assert all(value.shape == (2, 30, 2) for value in trace.records[0].values())
    assert torch.equal(trace["spikes"], trace.output)
    for name, value in trace.state._asdict().items():
        assert torch.equal(trace[name][:, -1], value)
    assert torch.equal(net(X)[0], trace.output)
    assert not trace.output.requires_grad


def test_spike_times_lie_in_their_steps():
    trace = simulate(layer(), X, ("spikes", "spike_times"))
    times, fired = trace["spike_times"], trace.output > 0
    assert fired.sum() > 3
    assert torch.isnan(times[~fired]).all()
    step = torch.arange(30, dtype=torch.float64)[None, :, None].expand(2, 30, 2)[fired]
    assert ((times[fired] >= step * 1e-3 - 1e-12) & (times[fired] <= (step + 1) * 1e-3 + 1e-9)).all()
    assert len((times[fired] / 1e-3 % 1).unique()) > 3  # interpolated, not on the grid


def test_rates_count_spikes_per_second():
    trace = simulate(layer(), X)
    torch.testing.assert_close(trace.rates(), trace.output.sum(1) / 30e-3)
    torch.testing.assert_close(population_rates(trace.output, 2, 1e-3), trace.rates())
    torch.testing.assert_close(population_rates(trace.output, 1, 1e-3), trace.rates().mean(-1, keepdim=True))
    with pytest.raises(BadInput, match="groups"):
        population_rates(trace.output, 3, 1e-3)


def test_a_run_goes_on_where_it_ended():
    for net in (layer(), Sequential(layer(), layer(2, 4))):
        whole = simulate(net, X, ("spikes", "Imem"))
        first = simulate(net, X[:, :11], ("spikes", "Imem"))
        second = simulate(net, X[:, 11:], ("spikes", "Imem"), state=first.state)
        assert torch.equal(torch.cat([first.output, second.output], 1), whole.output)
        torch.testing.assert_close(torch.cat([first["Imem"], second["Imem"]], 1), whole["Imem"], rtol=1e-4, atol=0)


def test_a_network_has_a_record_for_each_module():
    net = Sequential(layer(), layer(2, 4))
    trace = simulate(net, X, "Imem")
    assert [r["Imem"].shape for r in trace.records] == [(2, 30, 2), (2, 30, 4)]
    assert trace.dt == 1e-3


class TestRefused:
    def test_unknown_records_with_the_nearest_names(self):
        with pytest.raises(BadInput) as caught:
            simulate(layer(), X, ("Imen", "spike"))
        assert "did you mean 'Imem'" in str(caught.value)
        assert len(caught.value.problems) == 2
        with pytest.raises(BadInput, match="Imem"):
            simulate(layer(), X)["Imem"]

    def test_states_of_something_else(self):
        net, chain = layer(), Sequential(layer(), layer(2, 4))
        one, two = simulate(net, X).state, simulate(chain, X).state
        assert isinstance(one, DPIState)
        with pytest.raises(BadInput, match="state"):
            simulate(net, X, state=two)
        with pytest.raises(BadInput, match="state"):
            simulate(chain, X, state=one)
        with pytest.raises(BadInput, match="2 modules"):
            simulate(chain, X, state=two[:1])

    def test_things_that_are_no_network(self):
        with pytest.raises(BadInput, match="Linear"):
            simulate(torch.nn.Linear(3, 2), X)
