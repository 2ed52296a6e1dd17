"""Gradients of the fused route against central differences of the fused route, in float64.

The layers and the points are those of ``test_gradients``, where the written equations are held to the same limit.
Each difference here is two runs of the kernels themselves, not a run under vmap.
"""

from __future__ import annotations

import pytest
import test_gradients as written
import torch

import arcana
from arcana.circuits.dpi import DPIState

POINTS = ((1.0, 8.0), (-1.0, -8.0), (2.0, -1.0), (-2.0, 1.0))  # fourth order: (f1 - f-1) 8 - (f2 - f-2)


def differences(
    net: torch.nn.Module, leaves: dict[str, torch.Tensor], spikes: int, eps: float
) -> dict[str, torch.Tensor]:
    """Effect of each element of each leaf: on a logarithm by itself, on everything else relative to its value."""
    tensors = {name: p for name, p in net.named_parameters() if p.requires_grad} | leaves
    found, start = {}, None
    with torch.no_grad():
        for name, tensor in tensors.items():
            scale = 1.0 if name.startswith("log_") else tensor.detach().clone().flatten()
            effect, before = torch.zeros(tensor.numel(), dtype=torch.float64), tensor.detach().clone()
            for i in range(tensor.numel()):
                for point, weight in POINTS:
                    own = scale if isinstance(scale, float) else scale[i]
                    tensor.view(-1)[i] += eps * point * own
                    value, train = written.membrane(net, leaves)
                    start = train if start is None else start
                    assert torch.equal(train, start)  # no spike comes or goes, or moves to another step
                    effect[i] += weight * value / (12 * eps)
                    tensor.copy_(before)
            found[name] = effect.view(before.shape)
    assert start is not None
    assert start.sum() == spikes
    return found


def check(net: torch.nn.Module, scale: float, eps: float, floor: float) -> dict[str, torch.Tensor]:
    with arcana.use_engine("fused", checkpoint_every=5):
        leaves = written.leaves_of(scale=scale)
        spikes = int(written.membrane(net, leaves)[1].sum())
        exact = written.gradients(net, leaves)
        numeric = differences(net, leaves, spikes, eps)
    written.assert_same(exact, {name: numeric[name] for name in exact}, rtol=1e-5, floor=floor)
    return exact


@pytest.mark.parametrize("feedback", ["own", "strong"])
@pytest.mark.parametrize("solver", ["rk4", "heun", "euler"])
def test_away_from_spikes(solver: str, feedback: str) -> None:
    """Every bias, count, recurrent count, field of the state and input current."""
    exact = check(written.layer(solver, **written.FEEDBACK[feedback]), scale=1.0, eps=2e-4, floor=1e-9)
    silent = set(exact) - written.effective(exact)
    assert silent == written.BY_SPIKES - ({"log_refractory"} if solver == "euler" else set())


@pytest.mark.parametrize("solver", ["rk4", "heun"])
def test_through_spikes(solver: str) -> None:
    """The time of a spike, the reset, the refractory period, and what a spike sends on."""
    values = {"Ipfb_th": 60 * written.PA, "Ipfb_norm": 5e10, **written.SPIKING}
    exact = check(written.layer(solver, **values), scale=8.6, eps=1e-5, floor=1e-8)
    assert written.effective(exact) == set(exact)
    assert {"log_Itau_mem", "W_gabaa", "R_nmda", "external", *DPIState._fields} <= set(exact)


@pytest.mark.parametrize("solver", ["rk4", "heun", "euler"])
def test_of_the_input_events(solver: str) -> None:
    """X is differentiable too: counts that are not whole, from a layer before."""
    net = written.layer(solver)
    generator = torch.Generator().manual_seed(4)
    X = torch.rand(1, written.STEPS, written.N_IN, generator=generator, dtype=torch.float64).requires_grad_()
    state, external = written.start(), written.external()

    def membrane(given: torch.Tensor) -> torch.Tensor:
        spikes, after = net(given, state, external)
        assert spikes.sum() == 0
        return (torch.log(after.Imem / written.PA) * written.WEIGHT_OF_NEURON).sum()

    with arcana.use_engine("fused"):
        (exact,) = torch.autograd.grad(membrane(X), X)
        numeric = torch.zeros_like(X)
        with torch.no_grad():
            for index in torch.cartesian_prod(*map(torch.arange, X.shape)).tolist():
                moved = torch.zeros_like(X)
                moved[tuple(index)] = 1e-3
                values = [weight * membrane(X + point * moved) for point, weight in POINTS]
                numeric[tuple(index)] = sum(values) / 12e-3
    assert exact.abs().min() > 0
    torch.testing.assert_close(exact, numeric, rtol=1e-5, atol=1e-9 * float(exact.abs().max()))
