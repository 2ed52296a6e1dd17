"""Gradients of the written equations: autograd against central differences, all in float64.

The surrogate is ``step`` (slope 0): any other adds the part that no difference can see, that of a spike that could
have come. What is left must be exact, between spikes and through the time of each spike that does come.

Points are chosen where no clamp is exactly active (a current at the floor, a refractory timer of exactly 0,
an input current of exactly I0): no derivative exists there, and a central difference would average two sides.
"""

from __future__ import annotations

import pytest
import torch
from torch.func import functional_call, vmap

import arcana
from arcana.circuits.dpi import DPIState
from arcana.circuits.names import BIASES, RECEPTORS
from arcana.model import DPILayer, UpdateParams
from arcana.surrogate import step

N_IN, N_OUT, STEPS, DT = 3, 2, 12, 1e-3
PA = 1e-12

# A steep feedback that is far away is no feedback; Ipfb_norm = 0 leaves it half on, whatever Imem is
FEEDBACK = {
    "off": {"Ipfb_th": 1.0, "Ipfb_norm": 1e10},
    "norm 0": {"Ipfb_norm": 0.0},
    "own": {},
    "strong": {"Ipfb_th": 60 * PA, "Ipfb_norm": 5e10},
}
SLOW = {f"Itau_{r}": 6 * PA for r in RECEPTORS} | {f"Igain_{r}": 12 * PA for r in RECEPTORS}
QUIET = {
    **SLOW,
    "Idc": 40 * PA,
    "Inmda_thr": 30 * PA,
    "Ith": 1e-6,
    "Iw_ahp": 2 * PA,
    "pulse": 3e-3,
    "pulse_ahp": 2e-3,
}
WEIGHTS = {"ampa": 30 * PA, "nmda": 20 * PA, "gabaa": 2 * PA, "gabab": 8 * PA}


def layer(solver: str, dtype=torch.float64, **biases) -> DPILayer:
    """All receptors, shunt and adaptation at work, every bias above zero trained, counts not rounded."""
    values = {**QUIET, **{f"Iw_{r}": w for r, w in WEIGHTS.items()}, "refractory": 2e-3, **biases}
    flags = {f"train_{name}": True for name in (*BIASES, *RECEPTORS) if values.get(name) != 0}
    net = DPILayer(N_IN, N_OUT, DT, solver=solver, recurrent=True, surrogate_fn=step, **values, **flags).to(dtype)
    net.whole_weights = False
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, p in net.named_parameters():
            if name[:2] in ("W_", "R_"):
                p.copy_(0.3 + torch.rand(p.shape, generator=generator, dtype=torch.float64))
            elif p.requires_grad:  # float32 rounding of the start values would differ from a float32 twin otherwise
                p.copy_(p.float())
    return net


def start(dtype=torch.float64, refractory=(0.3e-3, -0.2e-3)) -> DPIState:
    """Currents well above the floor; a timer inside a sub-step, and time that is still to be integrated."""
    rows = {
        "Imem": (40, 90),
        "Iampa": (60, 30),
        "Inmda": (20, 40),
        "Igabaa": (3, 2),
        "Igabab": (8, 5),
        "Iahp": (1, 2),
    }
    currents = {name: torch.tensor([row], dtype=dtype) * PA for name, row in rows.items()}
    return DPIState(**currents, refractory=torch.tensor([refractory], dtype=dtype))


EVENTS = (torch.rand(1, STEPS, N_IN, generator=torch.Generator().manual_seed(5)) < 0.2).double()


def external(dtype=torch.float64) -> torch.Tensor:
    return torch.linspace(5, 15, STEPS, dtype=dtype)[None, :, None].expand(1, STEPS, N_OUT) * PA


WEIGHT_OF_NEURON = torch.tensor([1.0, -0.7], dtype=torch.float64)


def membrane(net: DPILayer, leaves: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """A weighted sum of ln Imem at the end of a run from the state and the current in ``leaves``; the spikes."""
    state = DPIState(*(leaves[name] for name in DPIState._fields))
    spikes, state = net(EVENTS.to(leaves["external"].dtype), state, leaves["external"])
    return (torch.log(state.Imem / PA) * WEIGHT_OF_NEURON.to(state.Imem)).sum(), spikes


def leaves_of(dtype=torch.float64, scale: float = 1.0) -> dict[str, torch.Tensor]:
    every = {**start()._asdict(), "external": scale * external()}
    return {name: value.to(dtype).clone().requires_grad_() for name, value in every.items()}


def gradients(net: DPILayer, leaves: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Autograd, as effects: the gradient times 1 for a logarithm, times the value for everything else."""
    every = {**{name: p for name, p in net.named_parameters() if p.requires_grad}, **leaves}
    if net.solver == "euler":  # its refractory timer counts whole steps: nothing to differentiate
        every = {name: tensor for name, tensor in every.items() if name not in ("refractory", "log_refractory")}
    found = torch.autograd.grad(membrane(net, leaves)[0], list(every.values()), allow_unused=True)
    detached = [name for name, gradient in zip(every, found, strict=True) if gradient is None]
    assert not detached
    return {
        name: gradient * _scale(name, tensor) for (name, tensor), gradient in zip(every.items(), found, strict=True)
    }


def differences(
    net: DPILayer, leaves: dict[str, torch.Tensor], spikes: int, eps: float = 2e-4
) -> dict[str, torch.Tensor]:
    """Fourth-order central differences with respect to every element, all of them in one run under vmap."""
    every = {**{name: p for name, p in net.named_parameters() if p.requires_grad}, **leaves}
    every = {name: tensor.detach() for name, tensor in every.items()}
    sizes = {name: tensor.numel() for name, tensor in every.items()}
    lanes, moved, row = sum(sizes.values()), {}, 0
    points = torch.tensor([1.0, -1.0, 2.0, -2.0], dtype=torch.float64)
    for name, tensor in every.items():
        change = torch.zeros(4, lanes, sizes[name], dtype=torch.float64)
        own = (eps * points[:, None] * _scale(name, tensor).expand_as(tensor).flatten()).unsqueeze(-1)
        change[:, row : row + sizes[name]] = own * torch.eye(sizes[name], dtype=torch.float64)
        moved[name] = tensor + change.view(4 * lanes, *tensor.shape)
        row += sizes[name]

    def run(values):
        parameters = {name: values[name] for name in values if name not in leaves}
        given = {name: values[name] for name in leaves}
        return functional_call(Membrane(net), {f"net.{name}": p for name, p in parameters.items()}, (given,))

    value, trains = vmap(run)(moved)
    assert (trains == trains[0]).all()  # no spike comes or goes, or moves to another step
    assert trains[0].sum() == spikes
    one, back, two, back_two = value.view(4, lanes)
    slope = (8 * (one - back) - (two - back_two)) / (12 * eps)
    parts = torch.split(slope, list(sizes.values()))
    return {name: part.view(every[name].shape) for name, part in zip(every, parts, strict=True)}


class Membrane(torch.nn.Module):
    """``membrane`` as a module, so that functional_call can put other parameters into it."""

    def __init__(self, net: DPILayer) -> None:
        super().__init__()
        self.net = net

    def forward(self, leaves):
        return membrane(self.net, leaves)


def _scale(name: str, tensor: torch.Tensor) -> torch.Tensor:
    return torch.ones((), dtype=tensor.dtype) if name.startswith("log_") else tensor.detach()


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor], rtol: float, floor: float) -> None:
    """Element by element to ``rtol`` of itself, and to ``floor`` of the largest effect of all."""
    largest = max(float(v.abs().max()) for v in other.values())
    for name, value in one.items():
        torch.testing.assert_close(
            value.double(), other[name].double(), rtol=rtol, atol=floor * largest, msg=lambda m, n=name: f"{n}: {m}"
        )


def effective(effects: dict[str, torch.Tensor]) -> set[str]:
    return {name for name, value in effects.items() if value.abs().max() > 0}


BY_SPIKES = {
    "log_Ith",
    "log_refractory",
    "log_Iw_ahp",
    "log_Igain_ahp",
    "log_pulse_ahp",
    *(f"R_{r}" for r in RECEPTORS),
}


@pytest.mark.parametrize("feedback", FEEDBACK)
@pytest.mark.parametrize("solver", ["rk4", "heun", "euler"])
class TestAwayFromSpikes:
    """Every bias, weight, state and input current; a part that only a spike reaches must have no gradient here."""

    @pytest.mark.parametrize("trained", [False, True], ids=["at the start", "after a step"])
    def test_autograd_is_the_derivative(self, solver, feedback, trained):
        net, leaves = layer(solver, **FEEDBACK[feedback]), leaves_of()
        if trained:
            optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
            optimizer.register_step_post_hook(UpdateParams)
            membrane(net, leaves)[0].backward()
            optimizer.step()
        exact = gradients(net, leaves)
        assert_same(exact, differences(net, leaves, spikes=0), rtol=1e-5, floor=1e-9)
        silent = set(exact) - effective(exact) | ({"log_refractory"} if solver == "euler" else set())
        if feedback == "off":
            assert silent == BY_SPIKES | {"log_Ipfb_th", "log_Ipfb_norm"}
        else:
            assert silent == BY_SPIKES | ({"log_Ipfb_th"} if feedback == "norm 0" else set())

    def test_single_precision(self, solver, feedback):
        double = gradients(layer(solver, **FEEDBACK[feedback]), leaves_of())
        single = gradients(layer(solver, torch.float32, **FEEDBACK[feedback]), leaves_of(torch.float32))
        assert all(value.dtype == torch.float32 for value in single.values())
        assert_same(single, double, rtol=1e-3, floor=1e-6)


SPIKING = {"Ith": 120 * PA, "Itau_mem": 10 * PA, "Igain_mem": 40 * PA, "refractory": 1.3e-3}


@pytest.mark.parametrize("feedback", FEEDBACK)
@pytest.mark.parametrize("solver", ["rk4", "heun"])
class TestThroughSpikes:
    """While no spike comes or goes, its time, the reset, the refractory period and what it sends on are smooth.

    The scale of the current puts every spike at least 10 us from the end of a sub-step: no difference crosses one.
    """

    def net(self, solver, feedback, dtype=torch.float64):
        values = {"Ipfb_th": 60 * PA, "Ipfb_norm": 5e10, **FEEDBACK[feedback], **SPIKING}
        return layer(solver, dtype, **values)

    @pytest.mark.parametrize("trained", [False, True], ids=["at the start", "after a step"])
    def test_autograd_is_the_derivative(self, solver, feedback, trained):
        net, leaves = self.net(solver, feedback), leaves_of(scale=8.6)
        if trained:
            optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
            membrane(net, leaves)[0].backward()
            optimizer.step()
        spikes = membrane(net, leaves)[1]
        assert spikes.sum(1).min() >= 1
        assert spikes.sum() >= 3
        exact = gradients(net, leaves)
        assert_same(exact, differences(net, leaves, int(spikes.sum()), eps=1e-5), rtol=1e-5, floor=1e-8)
        silent = {"off": {"log_Ipfb_th", "log_Ipfb_norm"}, "norm 0": {"log_Ipfb_th"}}.get(feedback, set())
        assert set(exact) - effective(exact) == silent

    def test_single_precision(self, solver, feedback):
        double = gradients(self.net(solver, feedback), leaves_of(scale=8.6))
        single = gradients(self.net(solver, feedback, torch.float32), leaves_of(torch.float32, scale=8.6))
        assert_same(single, double, rtol=1e-3, floor=1e-5)


class TestCounts:
    def test_the_gradient_passes_rounding_and_the_fan_in_unchanged(self):
        """At whole counts the network with rounding has the gradient of the one without."""
        found = {}
        for whole in (False, True):
            net = layer("rk4")
            with torch.no_grad():
                for name, p in net.named_parameters():
                    if name[:2] in ("W_", "R_"):
                        p.copy_(p.round())
            net.whole_weights, net.fan_in = whole, 64
            found[whole] = gradients(net, leaves_of())
        assert_same(found[True], found[False], rtol=1e-12, floor=0.0)

    def test_a_count_below_zero_has_no_gradient_and_one_at_zero_has(self):
        net = layer("rk4")
        with torch.no_grad():
            net.W_ampa[0, 0], net.W_ampa[0, 1] = -0.5, 0.0
        membrane(net, leaves_of())[0].backward()
        assert net.W_ampa.grad[0, 0] == 0
        assert net.W_ampa.grad[0, 1] != 0


def test_a_run_in_inference_mode_leaves_nothing_behind_that_stops_training():
    """Constants are kept from run to run; those made in inference mode could not be part of a graph."""
    layer = arcana.DPILayer(2, 3, dt=0.7e-3, train_Idc=True)  # a step that no other test uses
    events = torch.ones(1, 4, 2)
    with arcana.use_engine("reference"):
        with torch.inference_mode():
            layer(events)
        layer(events)[0].sum().backward()
    assert layer.log_Idc.grad is not None
