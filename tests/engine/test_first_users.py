"""What the first user of the engine stumbled over."""

from __future__ import annotations

import pytest
import torch

import arcana
from arcana.errors import BadInput
from arcana.surrogate import Surrogate

HEIGHT = 0.1


class Adjustable(Surrogate):
    """A slope that reads a number from outside."""

    @staticmethod
    def pseudo_derivative(u):
        return u * 0 + HEIGHT


class Power(Surrogate):
    """A slope with the power operator."""

    @staticmethod
    def pseudo_derivative(u):
        return (1 + u.abs()) ** -2


def events() -> torch.Tensor:
    return (torch.rand(2, 60, 4, generator=torch.Generator().manual_seed(0)) < 0.1).float()


def layer(surrogate: type[Surrogate] = Power) -> arcana.DPILayer:
    return arcana.DPILayer(4, 8, Idc=300e-12, train_Idc=True, surrogate_fn=surrogate.apply)


def gradient(net: arcana.DPILayer, engine: str, **options: int) -> float:
    with arcana.use_engine(engine, **options):
        net.zero_grad()
        net(events())[0].sum().backward()
    return float(net.log_Idc.grad)


def test_a_slope_that_changes_between_runs_is_read_anew(monkeypatch):
    net, found = layer(Adjustable), []
    for height in (0.1, 0.2, 0.4):
        monkeypatch.setitem(globals(), "HEIGHT", height)
        found.append(gradient(net, "fused"))
        assert found[-1] == pytest.approx(gradient(net, "reference"), rel=1e-4)
    assert found[0] < found[1] < found[2]


def test_the_power_operator_can_be_compiled():
    assert gradient(layer(), "fused") == pytest.approx(gradient(layer(), "reference"), rel=1e-4)


def test_one_checkpoint_for_the_whole_run():
    assert gradient(layer(), "fused", checkpoint_every=10**12) == pytest.approx(
        gradient(layer(), "fused"), rel=1e-6
    )


def test_the_spikes_may_be_changed_in_place():
    once, twice = layer(), layer()
    with arcana.use_engine("fused"):
        spikes, _ = twice(events())
        spikes.mul_(2).sum().backward()
        once(events())[0].sum().backward()
    assert float(twice.log_Idc.grad) == pytest.approx(2 * float(once.log_Idc.grad), rel=1e-6)


@pytest.mark.parametrize("engine", ["fused", "reference"])
def test_an_event_count_that_overflows_is_warned_of(engine):
    X = events()
    X[1, 5, 3] = 1e38
    with arcana.use_engine(engine), pytest.warns(arcana.errors.ArcanaWarning, match="reaches inf"):
        layer()(X)


def test_sparse_tensors_are_refused():
    with pytest.raises(BadInput, match="sparse_coo"):
        layer()(events().to_sparse())
