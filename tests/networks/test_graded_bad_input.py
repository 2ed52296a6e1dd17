"""What circuits, cells, parameters and searches refuse: all that is wrong at once, in the user's words."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from graded_circuits import observations

from arcana.errors import BadInput
from arcana.graded import Connection
from arcana.networks import TWC, Circuit, Connectome, FiuriCell, FiuriState, GapJunction, Interface, MaskedDense
from arcana.networks.fast import FastCircuit
from arcana.networks.fiuri_rules import Exact
from arcana.networks.gym_judge import judge_in_gymnasium
from arcana.networks.search import search
from arcana.networks.through_time import refine

NAN, INF = float("nan"), float("inf")
OUT = Interface("c", "d", 0.0, -1.0, 1.0)
IN = Interface("a", "b", 0.0, -1.0, 1.0)


def refused(call, *words, count=None):
    """The message, which has all of these words in it."""
    with pytest.raises(BadInput) as caught:
        call()
    message = str(caught.value)
    for word in words:
        assert word in message
    assert count is None or len(caught.value.problems) == count
    return message


def connectome(*connections, neurons="abcd", inputs=(IN,), outputs=(OUT,)):
    return Connectome(tuple(neurons), tuple(Connection(*c) for c in connections), inputs, outputs)


# ---------------------------------------------------------------------- parameters


def test_parameters_all_at_once():
    twc = TWC()
    before = twc.parameters_table()
    refused(
        lambda: twc.load_parameters(
            threshold={"PVX": 0.5, "AVA": NAN, "DVA": "high", "REV": True, "FWD": 10**400},
            decay={"PVC": -0.1, "nobody": 1.0},
            weight={("PVC", "AVA"): -1.0, ("AVA", "PVX"): 1.0, ("PVC", "AVD"): INF, "PVC": 1.0},
        ),
        "did you mean 'PVD'?", "threshold of AVA is nan", "threshold of DVA is 'high'", "threshold of REV is True",
        "decay of PVC is -0.1, allowed: a finite number >= 0", "weight of PVC->AVA is -1.0", "sets its sign",
        "did you mean 'AVA->PVC'?", "weight of PVC->AVD is inf", "'PVC'", "threshold of FWD is 1000",
        count=11,
    )  # fmt: skip
    assert twc.parameters_table() == before


def test_the_sign_of_a_typed_connection_cannot_be_turned():
    """Neither the weight of an excitatory synapse, nor of a gap junction, nor in the data."""
    for key in (("PVC", "AVA"), ("PLM", "PVC"), ("PVD", "AVA")):
        refused(lambda key=key: TWC().load_parameters(weight={key: -0.5}), "the kind of a connection sets its sign")
    refused(lambda: connectome(("a", "c", "excitatory", -1.0)), "connections[0].weight", "sets its sign")


def test_zero_is_a_weight_and_a_decay():
    twc = TWC()
    twc.load_parameters(decay={"AVA": 0.0}, weight={("PVC", "AVA"): 0})
    assert twc.parameters_table()["decay"]["AVA"] == 0
    assert twc.parameters_table()["weight"]["PVC", "AVA"] == 0


# ---------------------------------------------------------------------- observations, states, resets


@pytest.mark.parametrize(("obs", "words"), [
    (torch.zeros(5, 2), ["obs is (5, 2)", "(batch, time, 2)"]),
    (torch.zeros(1, 5, 3), ["obs is (1, 5, 3)"]),
    (torch.zeros(0, 5, 2), ["obs is (0, 5, 2)"]),
    (torch.zeros(1, 0, 2), ["obs is (1, 0, 2)"]),
    (torch.zeros(()), ["obs"]),
    (np.zeros((1, 5, 2)), ["obs is"]),
    ([[0.0, 0.0]], ["obs is 'list'"]),
    (None, ["obs is 'NoneType'"]),
    (torch.zeros(1, 5, 2, dtype=torch.float64), ["torch.float64", "torch.float32"]),
    (torch.zeros(1, 5, 2, dtype=torch.long), ["torch.int64", "torch.float32"]),
    (torch.tensor([[[NAN, 0.0], [INF, 0.0]]]), ["obs is '2 values'", "finite"]),
    (torch.tensor([[[NAN, 0.0]]], dtype=torch.float64), ["torch.float64", "1 values"]),
])  # fmt: skip
@pytest.mark.parametrize("gradients", [True, False])
def test_observations(obs, words, gradients):
    twc = TWC()
    with torch.set_grad_enabled(gradients):
        refused(lambda: twc.run(obs), *words)
        refused(lambda: twc(obs), *words)


def test_observations_of_a_step():
    twc = TWC()
    refused(lambda: twc.step(torch.zeros(2), twc.rest(1)), "obs is (2,)", "(batch, 2)")
    refused(lambda: twc.step(torch.tensor([[NAN, 0]]), twc.rest(1)), "finite")


def state(*shape, dtype=torch.float32, value=0.0):
    return FiuriState(*(torch.full(shape, value, dtype=dtype) for _ in range(2)))


@pytest.mark.parametrize(("given", "words"), [
    (state(2, 11), ["(2, 11)", "(1, 11)"]),
    (state(1, 7), ["(1, 7)", "(1, 11)"]),
    (state(11), ["(11,)"]),
    (state(1, 11, dtype=torch.float64), ["torch.float64", "torch.float32"]),
    (state(1, 11, dtype=torch.long), ["torch.int64"]),
    (state(1, 11, value=NAN), ["NaN or infinity"]),
    (state(1, 11, value=INF), ["NaN or infinity"]),
    (FiuriState(torch.zeros(1, 11), None), ["state is 'FiuriState'"]),
    (torch.zeros(1, 11), ["state is 'Tensor'"]),
    (3, ["state is 'int'"]),
])  # fmt: skip
@pytest.mark.parametrize("gradients", [True, False])
def test_states(given, words, gradients):
    """The compiled loop reads memory as it is told: a state of another type must not get there."""
    twc = TWC()
    with torch.set_grad_enabled(gradients):
        refused(lambda: twc.run(torch.zeros(1, 5, 2), state=given), *words)
        refused(lambda: twc(torch.zeros(1, 5, 2), given), *words)
        refused(lambda: twc.step(torch.zeros(1, 2), given), *words)


@pytest.mark.parametrize("reset", [
    torch.zeros(4, dtype=torch.bool), torch.zeros(5), torch.zeros(3, 5, dtype=torch.bool),
    torch.zeros(5, 1, dtype=torch.bool), [True, False], True, [0, 0, 0, 0, 1], "yes", [[True], []],
])  # fmt: skip
def test_resets(reset):
    refused(lambda: TWC().run(torch.zeros(2, 5, 2), reset), "reset is", "booleans (5,) or (2, 5)")


@torch.no_grad()
def test_resets_that_are_fine():
    twc, obs = TWC(), observations(2, 5, dtype=torch.float32)
    one = torch.tensor([False, True, False, False, True])
    traces = [twc.run(obs, reset).E for reset in (one, one.tolist(), one.numpy(), one.expand(2, 5))]
    assert all(torch.equal(traces[0], other) for other in traces)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_goes_the_eager_way(dtype):
    """The compiled loop knows two types; in others it would read what is not there."""
    twc, obs = TWC().to(dtype), observations(1, 3, dtype=torch.float32)
    with torch.no_grad():
        half, single = twc.run(obs.to(dtype)), TWC().run(obs)
    assert half.E.dtype == dtype
    assert (half.E.float() - single.E).abs().max() < 0.5


# ---------------------------------------------------------------------- parts


@pytest.mark.parametrize(("variant", "options", "words"), [
    ("exakt", {}, ["variant is 'exakt'", "did you mean 'exact'?"]),
    (None, {}, ["variant"]),
    ("exact", {"temperature": 0.1}, ["'temperature'", "known: epsilon, leak"]),
    ("exact", {"epsilon": -1.0, "leak": NAN}, ["epsilon is -1.0", "leak is nan"]),
    ("annealed", {"temperature": 0}, ["temperature is 0", ">= 1e-06"]),
    ("annealed", {"temperature": INF}, ["temperature is inf"]),
    ("annealed", {"temperature": "cold"}, ["temperature is 'cold'"]),
    ("annealed", {"temperature": True}, ["temperature is True"]),
    ("smooth", {"k_gj": 0, "k_inn": 3, "theta_in": -1}, ["k_gj is 0", "did you mean 'k_in'?", "theta_in is -1"]),
])  # fmt: skip
def test_variants(variant, options, words):
    refused(lambda: FiuriCell(3, variant, **options), *words)
    refused(lambda: TWC(variant, **options), *words)
    twc = TWC()
    refused(lambda: twc.cell.set_variant(variant, **options), *words)
    assert twc.cell.variant == "exact"


@pytest.mark.parametrize("n", [0, -1, 2.0, "3", True, None])
def test_sizes(n):
    refused(lambda: FiuriCell(n), "n is", ">= 1")


@pytest.mark.parametrize("mask", [
    torch.ones(3), torch.tensor([[0.5]]), torch.tensor([[NAN]]), torch.zeros(0, 2), torch.tensor([[2]]),
])  # fmt: skip
def test_masks(mask):
    refused(lambda: MaskedDense(mask), "mask is", "zeros and ones")


def test_gap_junctions_lead_somewhere():
    refused(
        lambda: GapJunction([0, 5, -1], [0.5, 1], 3), "source is [5, -1]", "target is [0.5]", "3 indices", count=3
    )


def test_the_compiled_circuit_looks_at_shapes_and_types():
    wiring = connectome(("a", "c", "excitatory"))
    T, w = torch.zeros(4).double(), torch.zeros(1).double()
    refused(lambda: FastCircuit(wiring, Exact(), T, T.float(), torch.zeros(2).double()), "decay", "weight", count=2)
    refused(lambda: FastCircuit(wiring, Exact(), T.half(), T.half(), w.half()), "torch.float16", count=3)
    fast = FastCircuit(wiring, Exact(), T.expand(3, 4), T, w)
    start = state(3, 4, dtype=torch.float64)
    refused(
        lambda: fast.run(torch.zeros(2, 5, 2).double(), state(2, 4, dtype=torch.float64)), "sensed is (2, 5, 2)"
    )
    refused(lambda: fast.run(torch.zeros(3, 5, 1).double(), start), "sensed is (3, 5, 1)")
    refused(lambda: fast.run(torch.zeros(3, 5, 2), state(3, 5)), "sensed", "E is", "O is", count=3)
    refused(lambda: fast.run(torch.zeros(3, 5, 2).double(), start, torch.zeros(3, 4) > 0), "resets")


def test_the_compiled_circuit_for_few_rows_and_then_for_more():
    """Parameters are laid out for the rows of the call."""
    twc = TWC.solved()
    fast = twc._fast(twc.cell.rule)
    for rows in (3, 5, 2):  # all within the lanes of one register
        obs = observations(rows, 4)
        E, _, _ = fast.run(twc.encode(obs), twc.rest(rows), record=True)
        with torch.no_grad():
            assert torch.equal(E, twc.run(obs).E)


# ---------------------------------------------------------------------- connectomes


def test_a_connectome_all_at_once():
    refused(
        lambda: connectome(
            ("a", "e", "excitatory"), ("a", "a", "gap"), ("a", "c", "electric"), ("a", "c", "gap", NAN),
            ("b", "c", "inhibitory"), ("b", "c", "inhibitory", 2.0), neurons="abcdd",
            inputs=(IN, Interface("b", "x", 0, -1, 1)), outputs=(Interface("c", "c", 0, -1, 1),),
        ),
        "neurons is 'd', allowed: each name once", "connections[0].target is 'e'", "connections[1] is 'a -> a'",
        "two different neurons", "connections[2].kind is 'electric'", "connections[3].weight is nan",
        "connections is 'b c inhibitory', allowed: each connection once", "inputs[1].negative is 'x'",
        "outputs[0] is 'c'", "inputs is 'b', allowed: each sensory neuron in one input",
        count=9,
    )  # fmt: skip


def test_circles_of_several_neurons_are_fine():
    """The circuit itself has them; only a neuron that connects to itself is refused."""
    circle = connectome(("a", "c", "excitatory"), ("c", "d", "gap"), ("d", "c", "inhibitory"), ("c", "a", "gap"))
    assert len(Circuit(circle).connections) == 4
    refused(lambda: connectome(("c", "c", "excitatory")), "c -> c", count=1)


def test_two_kinds_between_two_neurons():
    both = Circuit(connectome(("a", "c", "excitatory", 0.5), ("a", "c", "gap", 0.25)))
    assert both.parameters_table()["weight"] == {("a", "c", "excitatory"): 0.5, ("a", "c", "gap"): 0.25}
    both.load_parameters(weight={("a", "c", "gap"): 2.0})
    assert [c.weight for c in both.connections] == [0.5, 2.0]
    refused(lambda: both.load_parameters(weight={("a", "c"): 1.0}), "a->c", "did you mean 'a->c->gap'?")


def test_a_circuit_needs_a_way_in_and_a_way_out():
    refused(lambda: Circuit(connectome(inputs=(), outputs=())), "inputs", "outputs", count=2)
    refused(lambda: connectome(neurons="", inputs=(), outputs=()), "at least one name", count=1)


@pytest.mark.parametrize(("given", "words"), [
    (("a", "b", NAN, -1, 1), ["valley is nan"]),
    (("a", "b", 0, 1, -1), ["low < 0 < high"]),
    (("a", "b", 0, -1, -1), ["low < 0 < high"]),
    (("a", "b", 0, 0, 1), ["low < 0 < high"]),
    (("a", "b", 2, -1, 1), ["valley is 2", "from -1 to 1"]),
    (("a", "b", 0, -1, 1, 10, -10), ["in rising order"]),
    (("a", "b", "0", INF, True), ["valley is '0'", "low is inf", "high is True"]),
    (("a", "b", 0, -(10**400), 1), ["low is -1000"]),
    ((1, ["b"], 0, -1, 1), ["positive is 1", "negative is ['b']"]),
])  # fmt: skip
def test_interfaces(given, words):
    refused(lambda: Interface(*given), *words)


def test_a_circuit_that_is_no_driver(tmp_path):
    connections = (Connection("a", "c", "excitatory"),)
    ways = (Interface("a", "b", 0.0, -1.0, 1.0),), (Interface("c", "d", 0.0, -1.0, 1.0),)
    wiring = Connectome(("a", "b", "c", "d"), connections, *ways)
    for call in (
        lambda: search(wiring, n=10, elites=1),
        lambda: refine(Circuit(wiring), updates=1),
        lambda: judge_in_gymnasium(Circuit(wiring), 1),
    ):
        with pytest.raises(BadInput, match="circuit is '1 inputs, 1 outputs', allowed: 2 inputs"):
            call()
    with pytest.raises(BadInput) as caught:
        search(wiring, n=0, elites=2.5, seed=-1)
    assert [p.field for p in caught.value.problems] == ["n", "elites", "seed", "circuit"]


def test_values_of_another_kind_are_named():
    twc = TWC()
    with pytest.raises(BadInput) as caught:
        twc.load_parameters([1.0], 0.1, "PVD")
    assert [p.field for p in caught.value.problems] == ["threshold", "decay", "weight"]
    with pytest.raises(BadInput, match="obs is 'ndarray', allowed: a torch tensor"):
        twc.run(torch.zeros(1, 3, 2).numpy())
