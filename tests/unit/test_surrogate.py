"""The surrogates, and where on their slope a neuron stands."""

from __future__ import annotations

import math
import pickle

import pytest
import torch

from arcana.circuits import equations as eq
from arcana.circuits.dpi import DPIState, coefficients, to_neuron
from arcana.hardware.registry import load_profile
from arcana.model import DPILayer
from arcana.surrogate import STE, FastSigmoid, Step, Surrogate, Triangular, fast_sigmoid, ste, step, triangular

ALL = {FastSigmoid: fast_sigmoid, Triangular: triangular, Step: step, STE: ste}
U = torch.tensor([-2.0, -1.0, -0.25, -1e-12, 0.0, 1e-12, 0.5, 3.0], dtype=torch.float64)
EXPECTED = {
    FastSigmoid: [(1 + 32 * abs(u)) ** -2 for u in U.tolist()],
    Triangular: [max(0.0, 1 - abs(u)) for u in U.tolist()],
    Step: [0.0] * len(U),
    STE: [1.0] * len(U),
}


@pytest.mark.parametrize("kind", ALL)
class TestEach:
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_forward_is_the_step_with_one_at_zero(self, kind, dtype):
        spikes = ALL[kind](U.to(dtype))
        assert spikes.dtype == dtype
        assert spikes.tolist() == [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]

    def test_backward_is_the_pseudo_derivative(self, kind):
        u = U.clone().requires_grad_()
        (3.0 * ALL[kind](u)).sum().backward()
        torch.testing.assert_close(u.grad, 3.0 * torch.tensor(EXPECTED[kind], dtype=torch.float64))
        torch.testing.assert_close(kind.pseudo_derivative(U), torch.tensor(EXPECTED[kind], dtype=torch.float64))

    def test_it_works_under_vmap_and_grad(self, kind):
        slopes = torch.func.vmap(torch.func.grad(lambda u: ALL[kind](u)))(U)
        torch.testing.assert_close(slopes, torch.tensor(EXPECTED[kind], dtype=torch.float64))

    def test_it_can_be_pickled(self, kind):
        assert torch.equal(pickle.loads(pickle.dumps(ALL[kind]))(U), ALL[kind](U))

    def test_a_layer_takes_it(self, kind):
        net = DPILayer(2, 1, train_Idc=True, Idc=600e-12, surrogate_fn=ALL[kind])
        spikes, _ = net(torch.zeros(1, 80, 2))
        assert spikes.sum() > 0
        spikes.sum().backward()
        assert torch.isfinite(net.log_Idc.grad)
        assert (net.log_Idc.grad == 0) == (kind is Step)


def test_the_base_class_has_no_slope():
    with pytest.raises(TypeError, match="FastSigmoid, Triangular, Step, STE"):
        Surrogate.pseudo_derivative(U)


def argument_of(profile: str, Imem: float | None) -> float:
    """The u that the neuron's own step passes to its surrogate, with the membrane at Imem [A] (None: at rest)."""
    technology = load_profile(profile).technology()
    net = DPILayer(1, 1, profile=profile, Idc=technology.I0 if profile == "ideal" else 1e-12).double()
    c = coefficients(net.biases(), technology, 1e-9, substeps=1)
    state = DPIState.rest((1,), technology, torch.zeros(1, dtype=torch.float64))
    if Imem is not None:
        state = state._replace(Imem=torch.tensor([Imem], dtype=torch.float64))
    seen = []

    def spy(u):
        seen.append(u.item())
        return step(u)

    eq.step(to_neuron(state, technology), None, c, spy)
    return seen[0]


@pytest.mark.parametrize("profile", ["ideal", "dynapse1", "dynapse2"])
class TestWhereANeuronStands:
    def test_rest_is_minus_one_and_threshold_is_zero(self, profile):
        Ith = DPILayer(1, 1, profile=profile).Ith.item()
        assert argument_of(profile, None) == pytest.approx(-1.0, abs=1e-5)
        assert argument_of(profile, Ith) == pytest.approx(0.0, abs=1e-5)

    def test_it_is_linear_in_the_voltage(self, profile):
        technology = load_profile(profile).technology()
        Ith = DPILayer(1, 1, profile=profile).Ith.item()
        half = math.sqrt(Ith * technology.I0)  # half of the voltage
        assert argument_of(profile, half) == pytest.approx(-0.5, abs=1e-5)

    def test_the_slope_at_rest_is_below_a_thousandth_of_its_peak(self, profile):
        at_rest, peak = torch.tensor([argument_of(profile, None), 0.0], dtype=torch.float64)
        slopes = FastSigmoid.pseudo_derivative(torch.stack([at_rest, peak]))
        assert 0 < slopes[0] <= 1e-3 * slopes[1]  # and above 0: a silent neuron still learns to fire

    def test_a_silent_neuron_learns_to_fire(self, profile):
        net = DPILayer(1, 1, profile=profile, solver="heun", Idc=10e-12, train_Idc=True, refractory=1e-3)
        X = torch.zeros(1, 100, 1)
        assert net(X)[0].sum() == 0
        optimizer = torch.optim.Adam([net.log_Idc], lr=0.5)
        for _ in range(30):
            spikes, _ = net(X)
            if spikes.sum() >= 3:
                break
            optimizer.zero_grad()
            (0.05 - spikes.mean()).pow(2).backward()
            optimizer.step()
        assert spikes.sum() >= 3
