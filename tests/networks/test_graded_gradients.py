"""Gradients: that they are right, that they reach every parameter, and that wiring and signs outlive training."""

from __future__ import annotations

from dataclasses import asdict

import pytest
import torch
from graded_circuits import SEQUENCES, SETS, VARIANTS, golden_circuit, golden_sequence, observations
from hypothesis import given
from hypothesis import strategies as st

from arcana.graded import EXCITATORY, GAP, INHIBITORY
from arcana.networks import TWC, FiuriCell, FiuriState, GapJunction, MaskedDense
from benchmarks.graded_gradients import gradients, shares

STEPS = 50
SENSORY = {"PVD", "ALM", "PLM", "AVM"}
OPTIMISERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.5, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=0.3),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.3, weight_decay=0.5),
}


# ---------------------------------------------------------------------- they reach every parameter


@pytest.mark.parametrize(
    ("temperature", "dtype"), [(0.3, torch.float64), (0.02, torch.float64), (0.1, torch.float32)]
)
@pytest.mark.parametrize("parameters", SETS)
def test_every_parameter_gets_a_gradient(parameters, temperature, dtype):
    """Within 50 steps of each golden sequence; but for decays of 0 that would become less."""
    twc = golden_circuit(parameters, "annealed", dtype, temperature=temperature)
    at_zero = {name for name, d in twc.parameters_table()["decay"].items() if d == 0}
    assert bool(at_zero) == (parameters == "p00_asloaded")
    for sequence in SEQUENCES:
        without = without_gradient(twc, sequence)
        assert without["threshold"] == SENSORY
        assert SENSORY <= without["decay"] <= SENSORY | at_zero
        assert not without["weight"]


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_a_decay_of_zero_has_none_only_because_it_is_held_there(sequence, monkeypatch):
    monkeypatch.setattr(FiuriCell, "decay", property(lambda cell: cell.raw_decay))
    twc = golden_circuit("p00_asloaded", "annealed", temperature=0.1)
    assert without_gradient(twc, sequence)["decay"] == SENSORY


def without_gradient(twc, sequence):
    obs = golden_sequence(sequence, twc.cell.threshold.dtype)[0][:, :STEPS]
    found = asdict(gradients(twc, obs))
    return {what: {name for name, value in values.items() if value == 0} for what, values in found.items()}


def test_shares_of_the_variants():
    """Exact gates starve hidden decays, smooth ones feed a part of them, annealed ones all."""
    exact, smooth, annealed = (shares(name, options, 4) for name, options in (*VARIANTS[:2], VARIANTS[3]))
    assert exact["hidden d"] < smooth["hidden d"] < 1
    assert exact["weights"] < 1
    assert set(annealed.values()) == {1.0}


def test_a_leak_gives_thresholds_a_gradient():
    """T of a neuron that does not fire."""
    for leak, wanted in ((0.0, False), (0.02, True)):
        cell = FiuriCell(1, "exact", leak=leak)
        out = cell(torch.tensor([[-3.0]]), FiuriState.rest((1, 1), cell.threshold)).O.sum()
        (grad,) = torch.autograd.grad(out, cell.threshold)
        assert bool(grad != 0) is wanted


# ---------------------------------------------------------------------- they are right


def inputs_of(circuit, seed=0):
    """Parameters and a state that is away from all edges of the exact law with probability 1."""
    generator = torch.Generator().manual_seed(seed)
    draw = [torch.rand(1, 11, generator=generator, dtype=torch.float64) for _ in range(2)]
    state = [(4 * x - 2).requires_grad_() for x in draw]
    return list(circuit.parameters()), state


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize(("variant", "options"), VARIANTS)
def test_gradcheck(variant, options, steps):
    """Against differences: parameters, observations and the state, one step and a short sequence."""
    twc = TWC.solved(variant, **options)
    parameters, state = inputs_of(twc)
    obs = (0.3 * observations(1, steps, seed=2)).requires_grad_()
    names = [name for name, _ in twc.named_parameters()]

    def run(obs, E, O, *values):  # noqa: E741
        given = dict(zip(names, values, strict=True))
        return torch.func.functional_call(Run(twc), {f"twc.{k}": v for k, v in given.items()}, (obs, E, O))

    eps, close = 1e-7, {"atol": 1e-5, "rtol": 1e-4}
    assert torch.autograd.gradcheck(run, (obs, *state, *parameters), eps=eps, **close)


class Run(torch.nn.Module):
    def __init__(self, twc):
        super().__init__()
        self.twc = twc

    def forward(self, obs, E, O):  # noqa: E741
        trace = self.twc.run(obs, state=FiuriState(E, O))
        return trace.action, trace.E, trace.O


@pytest.mark.parametrize(("variant", "options"), VARIANTS)
def test_gradcheck_of_a_cell_in_every_branch(variant, options):
    """Ten neurons: below and above the threshold, beyond both bounds, changed, and not changed but for exact."""
    cell = FiuriCell(10, variant, **options).double()
    current = torch.tensor([[0.5, -0.5, 3.0, -3.0, 25.0, -25.0, 1.0, 0.0, 14.0, 0.03]]).double().requires_grad_()
    E = torch.tensor([[0.1, 0.2, -1.0, 1.0, 2.0, -2.0, -4.0, -0.7, -9.0, -3.0]]).double().requires_grad_()
    with torch.no_grad():
        cell.threshold.copy_(torch.linspace(-0.3, 0.4, 10))
    where = torch.arange(10) != 7 if variant == "exact" else torch.ones(10, dtype=torch.bool)

    def step(current, E, T, raw):
        cell_of = torch.func.functional_call
        after = cell_of(cell, {"threshold": T, "raw_decay": raw}, (current, FiuriState(E, torch.zeros_like(E))))
        return after.E[..., where], after.O[..., where]

    assert torch.autograd.gradcheck(step, (current, E, cell.threshold, cell.raw_decay), eps=1e-7, atol=1e-5)


# ---------------------------------------------------------------------- wiring and signs


@pytest.mark.parametrize(("variant", "options"), VARIANTS)
def test_masked_weights_get_exactly_nothing(variant, options):
    twc = TWC(variant, **options).double()
    twc.run(observations(2, 10)).E.square().sum().backward()
    for dense in (twc.excitatory, twc.inhibitory):
        assert not dense.raw.grad[~dense.mask].any()
        assert dense.raw.grad[dense.mask].any()


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_training_changes_no_wiring_and_no_sign(optimiser):
    """Not even steps that are far too large, with weight decay, and with noise on masked parameters."""
    twc = TWC("annealed", temperature=0.3)
    before = {name: value.clone() for name, value in twc.named_buffers()}
    wiring = [(c.source, c.target, c.kind) for c in twc.connections]
    step = OPTIMISERS[optimiser](twc.parameters())
    moved = [p.detach().clone() for p in twc.parameters()]
    obs = observations(4, 10, dtype=torch.float32)
    for k in range(12):
        step.zero_grad()
        ((-1) ** k * twc.run(obs).action.sum()).backward()
        step.step()
        with torch.no_grad():
            twc.excitatory.raw.add_(torch.randn(11, 11, generator=torch.Generator().manual_seed(k)))
        for weight in (twc.excitatory.weight, twc.inhibitory.weight, twc.gaps.weight, twc.cell.decay):
            assert (weight >= 0).all()
        for dense in (twc.excitatory, twc.inhibitory):
            assert not dense.weight[~dense.mask].any()
        assert all(c.weight >= 0 for c in twc.connections)
    assert all(torch.equal(value, before[name]) for name, value in twc.named_buffers())
    assert [(c.source, c.target, c.kind) for c in twc.connections] == wiring
    assert not any(torch.equal(a, b) for a, b in zip(moved, twc.parameters(), strict=True))


@given(raw=st.floats(-2, 0), optimiser=st.sampled_from(sorted(OPTIMISERS)))
@pytest.mark.parametrize("kind", [EXCITATORY, GAP])
def test_a_weight_at_zero_can_come_back(kind, raw, optimiser):
    """Wherever below 0 its parameter is; and it goes no further down when it is pushed down."""
    layer = MaskedDense(torch.ones(1, 1)) if kind == EXCITATORY else GapJunction([0], [1], 2)
    with torch.no_grad():
        layer.raw.fill_(raw)
    layer.weight.sum().backward()  # that wants less
    assert not layer.raw.grad.any()
    step = OPTIMISERS[optimiser](layer.parameters())
    for _ in range(60):
        step.zero_grad()
        (-layer.weight.sum()).backward()
        step.step()
        if bool((layer.weight > 0).all()):
            return
    raise AssertionError(f"still {layer.raw}")


@pytest.mark.parametrize("layers", [
    (MaskedDense(torch.eye(2)), MaskedDense(1 - torch.eye(2))),
    (MaskedDense(torch.ones(2, 2)), MaskedDense(torch.ones(2, 3))),
    (GapJunction([0], [1], 2), GapJunction([1], [0], 2)),
])  # fmt: skip
def test_a_saved_state_of_another_wiring_is_refused(layers):
    into, saved = layers
    before = {name: value.clone() for name, value in into.state_dict().items()}
    with pytest.raises(RuntimeError, match="another circuit"):
        into.load_state_dict(saved.state_dict())
    assert all(torch.equal(value, before[name]) for name, value in into.state_dict().items())


def test_a_saved_circuit_comes_back():
    twc, other = TWC.solved(), TWC().double()
    other.load_state_dict(twc.state_dict())
    assert other.parameters_table() == twc.parameters_table()
    assert {c.kind for c in other.connections} == {EXCITATORY, INHIBITORY, GAP}
