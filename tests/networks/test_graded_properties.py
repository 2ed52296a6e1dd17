"""What holds for every circuit: bounds, permutations, the sign of gap junctions, states that nobody keeps."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from graded_circuits import FEW, VARIANTS, circuits, fourths, observations, sequences, traces
from hypothesis import given
from hypothesis import strategies as st

from arcana.graded import GAP
from arcana.networks import TWC, Circuit, Connectome, FiuriCell, FiuriState, GapJunction, Interface

TEMPERATURES = (0.3, 0.1, 0.03, 0.01, 0.003)
numbers = st.floats(-30, 30, width=32)


def one_step(variant, x, E, T, d, **options):
    """E' and O' for x = E + inputs."""
    return FiuriCell(1, variant, **options).rule.step(*torch.tensor([[x], [E], [T], [d]], dtype=torch.float64))


# ---------------------------------------------------------------------- the law


@given(x=numbers, E=numbers, T=st.floats(-5, 5), d=st.floats(0, 3))
@pytest.mark.parametrize(("variant", "options"), VARIANTS)
def test_what_fires_is_bounded(variant, options, x, E, T, d):
    """S lies from -10 to 10, whatever comes in: so O is at most 10 - T, and E' at least what decay leaves."""
    after, output = one_step(variant, x, E, T, d, **options)
    slack = options.get("temperature", 0.0) / 2 + 1e-9  # of O: h(y) <= max(y, 0) + tau / 2
    assert output.item() <= max(10 - T, 0) + slack
    assert after.item() <= max(10 - T, 10, E - d) + 1e-9
    if variant == "exact":
        assert after.item() >= min(-10, E - d)
        assert output.item() >= 0


@given(x=numbers, E=numbers, T=st.floats(-5, 5), d=st.floats(0, 3))
def test_no_output_up_to_the_threshold(x, E, T, d):
    S = min(max(x, -10.0), 10.0)
    after, output = (value.item() for value in one_step("exact", x, E, T, d))
    if S > T:
        assert output == after == S - T
    else:
        assert output == 0
        assert after == (E - d if S == E else S)


def test_at_the_threshold_it_does_not_fire():
    after, output = one_step("exact", 0.5, 0.25, 0.5, 0.1)
    assert (after.item(), output.item()) == (0.5, 0.0)


@FEW
@given(st.data(), circuits(), sequences())
def test_bounds_and_silence_in_a_circuit(data, circuit, obs):
    """E' is never above 10 or 10 - T, and O' is 0 or E'."""
    _, E, O = traces(circuit, obs, data.draw(st.booleans()))  # noqa: E741
    top = (10 - circuit.cell.threshold.detach()).clamp(min=10)
    assert (top >= E).all()
    assert ((O == 0) | (O == E)).all()
    assert (O >= 0).all()


@given(E=fourths(-10, 10), O=fourths(-10, 10), w=fourths(0, 2))
def test_the_sign_of_a_gap_junction_is_a_comparison(E, O, w):  # noqa: E741
    gaps = GapJunction([0], [1], 2).double()
    with torch.no_grad():
        gaps.raw.fill_(w)
        current = gaps(torch.tensor([[0.0, E]]).double(), torch.tensor([[O, 0.0]]).double())
    assert current[0, 0] == 0
    assert current[0, 1] == (w * O if O > E else -w * O if O < E else 0)


# ---------------------------------------------------------------------- order of neurons and connections


def permuted(circuit, rng):
    """The same circuit with its neurons and its connections in another order."""
    old = circuit.connectome
    names, connections = list(old.neurons), list(circuit.connections)
    rng.shuffle(names)
    rng.shuffle(connections)
    new = Circuit(Connectome(tuple(names), tuple(connections), old.inputs, old.outputs)).double()
    table = circuit.parameters_table()
    new.load_parameters(table["threshold"], table["decay"])
    new.cell.set_variant(circuit.cell.variant, **circuit.cell.rule._asdict())
    return new, [names.index(name) for name in old.neurons]


@pytest.mark.parametrize("compiled", [True, False])
@FEW
@given(circuits(), sequences(), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(compiled, circuit, obs, rng):
    """Bit for bit: all sums of these numbers are exact."""
    other, back = permuted(circuit, rng)
    action, E, O = traces(circuit, obs, compiled)  # noqa: E741
    action2, E2, O2 = traces(other, obs, compiled)
    assert torch.equal(action, action2)
    assert torch.equal(E, E2[..., back])
    assert torch.equal(O, O2[..., back])


@pytest.mark.parametrize(("variant", "options"), VARIANTS[1:])
@given(circuit=circuits(), obs=sequences(3), rng=st.randoms(use_true_random=False))
def test_the_order_does_not_matter_to_smooth_gates(variant, options, circuit, obs, rng):
    circuit.cell.set_variant(variant, **options)
    other, back = permuted(circuit, rng)
    for a, b in zip(traces(circuit, obs, False)[1:], traces(other, obs, False)[1:], strict=True):
        torch.testing.assert_close(a, b[..., back], rtol=0, atol=1e-8)


# ---------------------------------------------------------------------- annealed becomes exact


@given(x=numbers, E=numbers, T=st.floats(-5, 5), d=st.floats(0, 3))
def test_each_output_comes_nearer(x, E, T, d):
    """To tau / 2 at the threshold and at the bounds of S, to the square of tau away from them."""
    exact = one_step("exact", x, E, T, d)[1].item()
    away = min(abs(min(max(x, -10.0), 10.0) - T), abs(x - 10), abs(x + 10)) > 0.5
    for t in TEMPERATURES:
        error = abs(one_step("annealed", x, E, T, d, temperature=t)[1].item() - exact)
        assert error <= 1.5 * t  # tau / 2 at each of the three bends
        if away:
            assert error <= 1.5 * t**2  # tau^2 / 4y at each, y >= 1/2


@given(x=numbers, E=numbers, T=st.floats(-5, 5), d=st.floats(0, 3))
def test_each_state_comes_nearer_away_from_the_edges(x, E, T, d):
    """Where no comparison is within 1/2 of turning, the error falls with the square of the temperature."""
    S = min(max(x, -10.0), 10.0)
    edges = (abs(S - T), abs(x - 10), abs(x + 10), abs(S - E) if S != E else 1.0)
    if min(edges) < 0.5:
        return
    exact = one_step("exact", x, E, T, d)[0].item()
    for t in TEMPERATURES:
        # p and q are off by tau^2 / 4 y^2 and tau^2 / y^2, times states that differ by at most 45; y >= 1/2
        assert abs(one_step("annealed", x, E, T, d, temperature=t)[0].item() - exact) <= 45 * 5.5 * t**2


@pytest.mark.parametrize("seed", range(3))
def test_the_mean_error_falls_with_the_temperature(seed):
    """Over states and parameters of the whole range; nothing came in for a tenth of them."""
    generator = torch.Generator().manual_seed(seed)
    E, current, T, d = (torch.rand(4, 20000, generator=generator, dtype=torch.float64) - 0.5).unbind()
    E, current, T, d = 24 * E, 30 * current * (torch.arange(20000) % 10 > 0), 4 * T, d + 0.5
    exact = FiuriCell(1).rule.step(E + current, E, T, d)
    errors = []
    for t in TEMPERATURES:
        annealed = FiuriCell(1, "annealed", temperature=t).rule.step(E + current, E, T, d)
        errors.append([float((a - b).abs().mean()) for a, b in zip(annealed, exact, strict=True)])
    for warmer, colder in pairwise(errors):
        assert colder[0] < warmer[0]
        assert colder[1] < warmer[1]
    assert max(errors[-1]) < 0.01


@pytest.mark.parametrize("seed", range(3))
def test_a_circuit_comes_nearer(seed):
    """The solved circuit over ten steps: mean difference of the action."""
    obs = observations(200, 10, seed)
    exact = traces(TWC.solved(), obs, False)[0]
    annealed = (traces(TWC.solved("annealed", temperature=t), obs, False)[0] for t in TEMPERATURES)
    errors = [float((a - exact).abs().mean()) for a in annealed]
    assert all(colder < warmer for warmer, colder in pairwise(errors))
    assert errors[-1] < 0.01


# ---------------------------------------------------------------------- states, resets, sensory neurons


@pytest.mark.parametrize(("variant", "options"), VARIANTS)
def test_two_interleaved_runs_do_not_disturb_each_other(variant, options):
    twc, obs = TWC(variant, **options).double(), observations(2, 20)
    alone = [twc.run(obs[k : k + 1]).action[0] for k in range(2)]
    states, actions = [twc.rest(1), twc.rest(1)], [[], []]
    for t in range(20):
        for k in range(2):
            action, states[k] = twc.step(obs[k : k + 1, t], states[k])
            actions[k].append(action[0])
    for k in range(2):
        assert torch.equal(torch.stack(actions[k]), alone[k])


@pytest.mark.parametrize("compiled", [True, False])
def test_a_run_leaves_its_state_and_goes_on_from_one(compiled):
    twc, obs = TWC().double(), observations(3, 20)
    start = FiuriState(*torch.randn(2, 3, 11, generator=torch.Generator().manual_seed(0)).double())
    kept = [x.clone() for x in start]
    with torch.set_grad_enabled(not compiled):
        whole, half = twc.run(obs, state=start), twc.run(obs[:, :8], state=start)
        rest = twc.run(obs[:, 8:], state=half.state)
        _, after = twc(obs, start)
    assert torch.equal(torch.cat([half.E, rest.E], 1), whole.E)
    assert torch.equal(torch.cat([half.action, rest.action], 1), whole.action)
    for a, b, c in zip(rest.state, whole.state, after, strict=True):
        assert torch.equal(a, b)
        assert torch.equal(b, c)
    assert all(torch.equal(a, b) for a, b in zip(start, kept, strict=True))


@pytest.mark.parametrize("compiled", [True, False])
@FEW
@given(circuits(), sequences(), st.data())
def test_a_reset_clears_the_state_and_leaves_the_output(compiled, circuit, obs, data):
    steps = obs.shape[1]
    cut = data.draw(st.integers(0, steps - 1))
    reset = torch.arange(steps) == cut
    _, E, O = traces(circuit, obs, compiled, reset=reset)  # noqa: E741
    before = traces(circuit, obs, compiled)[2][:, cut - 1] if cut else torch.zeros_like(O[:, 0])
    again = FiuriState(torch.zeros_like(before), before)
    _, E2, O2 = traces(circuit, obs[:, cut:], compiled, state=again)
    assert torch.equal(E[:, cut:], E2)
    assert torch.equal(O[:, cut:], O2)


def test_only_the_named_rows_are_reset():
    state = FiuriState(torch.ones(2, 3), torch.ones(2, 3))
    some = state.reset(torch.tensor([True, False]))
    assert some.E.tolist() == [[0] * 3, [1] * 3]
    assert torch.equal(some.O, state.O)
    assert not state.reset().E.any()


@FEW
@given(circuits(), sequences(), st.data())
def test_sensory_parameters_change_no_action(circuit, obs, data):
    before = traces(circuit, obs, True)[0]
    sensory = [name for i in circuit.connectome.inputs for name in (i.positive, i.negative)]
    T, d = ({name: data.draw(fourths(low, 3)) for name in sensory} for low in (-3, 0))
    circuit.load_parameters(T, d)
    assert torch.equal(traces(circuit, obs, True)[0], before)
    assert torch.equal(traces(circuit, obs, False)[0], before)


@FEW
@given(circuits(), sequences())
def test_connections_to_sensory_neurons_change_no_action(circuit, obs):
    """Their states are written anew before each step; such connections are allowed since animals have them."""
    sensory = [name for i in circuit.connectome.inputs for name in (i.positive, i.negative)]
    kept = tuple(c for c in circuit.connections if c.target not in sensory)
    other = Circuit(replace(circuit.connectome, connections=kept)).double()
    table = circuit.parameters_table()
    other.load_parameters(table["threshold"], table["decay"])
    assert torch.equal(traces(circuit, obs, True)[0], traces(other, obs, True)[0])


# ---------------------------------------------------------------------- interfaces


@given(value=st.floats(-1.2, 0.6), valley=st.floats(-0.5, 0.3))
def test_one_neuron_of_an_input_speaks(value, valley):
    pair = Interface("a", "b", valley, -1.2, 0.6).encode(torch.tensor([value], dtype=torch.float64))
    positive, negative = (state.item() for state in pair)
    assert (negative if value >= valley else positive) == -10
    speaks, most = (positive, 0.6) if value >= valley else (negative, -1.2)
    assert speaks == pytest.approx(20 * value / most - 10, abs=1e-9)
    assert speaks <= 10 + 1e-9


@given(plus=numbers, minus=numbers)
def test_an_action_is_bounded(plus, minus):
    action = Interface("a", "b", 0.0, -1.0, 1.0).decode(torch.tensor(plus), torch.tensor(minus)).item()
    assert -1 <= action <= 1
    share = [min(max((x + 10) / 20, 0), 1) for x in (plus, minus)]
    assert action == pytest.approx(share[0] - share[1], abs=1e-6)


def test_an_observation_reaches_the_action_in_its_second_step():
    """By PVD -> AVA -> REV and PLM -> AVA -> REV; FWD is three steps away."""
    twc, obs = TWC.solved(), observations(64, 4)
    moved = obs.clone()
    moved[:, 0] = observations(64, 1, seed=1)[:, 0]
    apart = (traces(twc, obs, True)[1] - traces(twc, moved, True)[1]).abs().amax(0)
    REV, FWD = (twc.neurons.index(name) for name in ("REV", "FWD"))
    assert (apart[:, REV] > 0).tolist() == [False, True, True, True]
    assert (apart[:, FWD] > 0).tolist() == [False, False, True, True]


def test_gap_junctions_are_in_the_random_circuits():
    """What the tests above draw has all kinds in it."""
    kinds = {c.kind for c in TWC().connections}
    assert GAP in kinds
    assert len(kinds) == 3
