"""The same numbers by every route: in a batch or alone, compiled or eager, and in float32 until a branch turns."""

from __future__ import annotations

import pytest
import torch
from graded_circuits import (
    FEW,
    SEQUENCES,
    SETS,
    VARIANTS,
    circuits,
    golden_circuit,
    golden_sequence,
    observations,
    sequences,
    traces,
)  # fmt: skip
from hypothesis import given
from hypothesis import strategies as st

from arcana.networks import TWC, FiuriState

EXACT = VARIANTS[0]
ROUTES = [(*EXACT, True), *((variant, options, False) for variant, options in VARIANTS)]
UNIT = 2.0**-24  # of rounding in float32


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("variant", "options", "compiled"), ROUTES)
def test_a_batch_is_its_single_runs(variant, options, compiled, dtype):
    """Bit for bit, resets included."""
    twc = TWC(variant, **options).to(dtype)
    obs = observations(64, 15, dtype=dtype)
    resets = torch.rand(64, 15, generator=torch.Generator().manual_seed(1)) < 0.1
    together = traces(twc, obs, compiled, reset=resets)
    for k in range(64):
        alone = traces(twc, obs[k : k + 1], compiled, reset=resets[k : k + 1])
        for whole, single in zip(together, alone, strict=True):
            assert torch.equal(whole[k], single[0])


@pytest.mark.parametrize(("variant", "options"), VARIANTS)
def test_gradients_of_a_batch_are_those_of_its_single_runs(variant, options):
    """To rounding: here rows meet in a sum."""
    twc, obs = TWC.solved(variant, **options), observations(8, 20)
    (whole,) = torch.autograd.grad(twc(obs)[0].sum(), twc.excitatory.raw)
    each = [torch.autograd.grad(twc(obs[k : k + 1])[0].sum(), twc.excitatory.raw)[0] for k in range(8)]
    torch.testing.assert_close(whole, sum(each), rtol=1e-10, atol=1e-12 * whole.abs().max().item())


@FEW
@given(circuits(), sequences(), st.booleans())
def test_the_compiled_loop_is_the_eager_one(circuit, obs, leaky):
    """Bit for bit where sums are exact; else the order of the additions shows in the last bits."""
    circuit.cell.set_variant("exact", leak=0.25 if leaky else 0.0)
    for compiled, eager in zip(traces(circuit, obs, True), traces(circuit, obs, False), strict=True):
        assert torch.equal(compiled, eager)
        assert torch.equal(torch.signbit(compiled), torch.signbit(eager)) or leaky  # no -0 where it is 0


@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.parametrize("parameters", SETS)
def test_the_compiled_loop_on_golden_sequences(parameters, sequence):
    obs, reset = golden_sequence(sequence)
    twc = golden_circuit(parameters)
    routes = [traces(twc, obs, compiled, reset=reset) for compiled in (True, False)]
    for compiled, eager in zip(*routes, strict=True):
        assert (compiled - eager).abs().max() <= 1e-12


def test_the_compiled_loop_takes_tolerance_and_slope():
    twc = TWC("exact", epsilon=0.05, leak=0.02).double()
    obs = observations(3, 100)
    for compiled, eager in zip(traces(twc, obs, True), traces(twc, obs, False), strict=True):
        assert (compiled - eager).abs().max() <= 1e-12
    assert (traces(twc, obs, True)[2] < 0).any()
    assert not torch.equal(traces(twc, obs, True)[1], traces(TWC().double(), obs, True)[1])


def test_a_circuit_in_pieces_is_the_circuit():
    """64 rows are a piece of work; here there are three, the last one not full."""
    twc, obs = TWC().double(), observations(150, 10)
    whole = traces(twc, obs, True)
    for cut in (slice(0, 64), slice(64, 128), slice(128, 150)):
        for a, b in zip(traces(twc, obs[cut], True), whole, strict=True):
            assert torch.equal(a, b[cut])


# ---------------------------------------------------------------------- float32

# All weights are 1, and a state that repeats every three steps: the two that come to differ at all
DEPART = {("p00_asloaded", "plateaus"), ("p01_xml_nominal", "plateaus")}
UNCHANGED = 1  # of the three decisions below


def run_with_decisions(parameters, dtype):
    """States before and after each step, and what each neuron decided: S > T, S = E, the signs of its gaps."""
    twc = golden_circuit(parameters, dtype=dtype)
    pairs = [golden_sequence(name, dtype) for name in SEQUENCES]
    obs, reset = torch.cat([o for o, _ in pairs]), torch.stack([r for _, r in pairs])
    after = FiuriState(*traces(twc, obs, False, reset=reset)[1:])
    E, O = (torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], 1) for x in after)  # noqa: E741
    where, sensed = twc._sensory.expand(*obs.shape[:2], -1), twc.encode(obs)
    before = FiuriState(*(x.scatter(-1, where, sensed) for x in FiuriState(E, O).reset(reset)))
    with torch.no_grad():
        current = twc.excitatory(before.O) - twc.inhibitory(before.O) + twc.gaps(before.E, before.O)
    S = (before.E + current).clamp(-10, 10)
    each = torch.sign(before.O[..., twc.gaps.source] - before.E[..., twc.gaps.target])
    signs = torch.zeros_like(S).index_add(-1, twc.gaps.target, each)
    return twc, before, after, torch.stack([twc.cell.threshold < S, before.E == S, signs], -1)


def allowed(twc, before, error):
    """Most that one step makes of errors of the states before it, while all decisions are the same."""
    w = twc.excitatory.weight + twc.inhibitory.weight
    w = w.index_put((twc.gaps.target, twc.gaps.source), twc.gaps.weight, accumulate=True).detach()
    size, spread = (x.E.abs() + x.O.abs() @ w.T for x in (before, error))
    # At most 11 terms are multiplied and added, of weights that were rounded: fewer than 20 roundings of each
    return (
        spread + 20 * UNIT * (size + spread) + 4 * UNIT * (twc.cell.threshold.abs() + twc.cell.decay + 10).detach()
    )


def departures(parameters):
    """Differences (sequences, steps, neurons), where they are more than rounding, and which decisions differ."""
    twc, before, after, decided = run_with_decisions(parameters, torch.float64)
    _, before32, after32, decided32 = run_with_decisions(parameters, torch.float32)
    error, apart = (
        FiuriState(*((x - y).abs() for x, y in zip(a, b, strict=True)))
        for a, b in ((before, before32), (after, after32))
    )
    apart = torch.maximum(*apart)
    return apart, apart > allowed(twc, before, error), decided != decided32


@pytest.mark.parametrize("parameters", SETS)
def test_float32_departs_where_a_decision_turns(parameters):
    """No step makes more of a difference than rounding does, unless that neuron decides otherwise there."""
    apart, departs, turned = departures(parameters)
    assert bool(turned.any(-1)[departs].all())
    for k, sequence in enumerate(SEQUENCES):
        steps = departs[k].any(-1).nonzero().flatten().tolist()
        if (parameters, sequence) in DEPART:
            assert turned[k, steps[0], :, UNCHANGED].any()  # S = E is rounded away, or rounded to
            assert apart[k].max() > 1
        first = steps[0] if (parameters, sequence) in DEPART else None
        assert apart[k, :first].max() < 1e-4
