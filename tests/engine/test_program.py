"""The expression graph: simplification changes no value, and the adjoint of every operation is its derivative."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from arcana.circuits.equations import Live
from arcana.engine.program.circuit import Circuit, substep, substep_adjoint
from arcana.engine.program.derivative import adjoints
from arcana.engine.program.node import Graph, Node, needed
from arcana.engine.program.symbols import spike_with
from arcana.surrogate import Step

VALUES: dict[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "exp": math.exp,
    "exp_of_rare": lambda a, b: math.exp(a * b),
    "log": math.log,
    "sqrt": math.sqrt,
    "sigmoid": lambda a: 1 / (1 + math.exp(-a)),
    "maximum": max,
    "minimum": min,
    "less": lambda a, b: a < b,
    "where": lambda condition, yes, no: yes if condition else no,
    "spike": lambda distance, slope: float(distance >= 0),
}
SMOOTH = {
    "add": 2, "sub": 2, "mul": 2, "div": 2, "neg": 1, "exp": 1, "exp_of_rare": 2, "log": 1, "sqrt": 1, "sigmoid": 1,
}  # fmt: skip
KINKED = {"maximum": 2, "minimum": 2}


def value_of(nodes: list[Node], given: Mapping[str, float]) -> list[float]:
    """The numbers of some nodes."""
    known: dict[int, float] = {}
    for node in needed(nodes):
        if node.op == "const":
            known[node.index] = float(node.value)
        elif node.op == "leaf":
            known[node.index] = given[str(node.value)]
        else:
            known[node.index] = VALUES[node.op](*(known[a.index] for a in node.args))
    return [known[node.index] for node in nodes]


def central(f: Callable[[float], float], x: float, eps: float = 1e-4) -> float:
    """Fourth-order central difference."""
    return (8 * (f(x + eps) - f(x - eps)) - (f(x + 2 * eps) - f(x - 2 * eps))) / (12 * eps)


def assert_derivative(g: Graph, result: Node, point: Mapping[str, float], rtol: float = 1e-8) -> None:
    leaves = [node for node in g.nodes if node.op == "leaf"]
    found = value_of(adjoints([(result, g.const(1.7))], leaves), point)
    for leaf, slope in zip(leaves, found, strict=True):
        name = str(leaf.value)
        numeric = 1.7 * central(lambda x, n=name: value_of([result], {**point, n: x})[0], point[name])
        assert slope == pytest.approx(numeric, rel=rtol, abs=1e-8), name


@pytest.mark.parametrize("operation", [*SMOOTH, *KINKED])
@pytest.mark.parametrize("point", [(0.7, 1.9), (1.9, 0.7), (2.5, 2.4)])
def test_each_operation(operation: str, point: tuple[float, float]) -> None:
    g = Graph()
    leaves = [g.leaf("a"), g.leaf("b")][: (SMOOTH | KINKED)[operation]]
    assert_derivative(g, g.make(operation, *leaves), {"a": point[0], "b": point[1]})


@pytest.mark.parametrize("a", [-1.0, 0.5])
def test_a_choice_passes_the_adjoint_to_what_was_chosen(a: float) -> None:
    g = Graph()
    x, y, z = g.leaf("a"), g.leaf("b"), g.leaf("c")
    assert_derivative(g, g.make("where", x < y, x * z, y * z * z), {"a": a, "b": 0.0, "c": 1.3})


def test_an_argument_that_is_used_twice_gets_both_shares() -> None:
    g = Graph()
    x = g.leaf("a")
    assert_derivative(g, x * x + g.make("exp", x) / x - x, {"a": 0.8})


@pytest.mark.parametrize(("low", "high"), [("maximum", "minimum"), ("minimum", "maximum")])
def test_at_a_kink_the_first_argument_has_it_all(low: str, high: str) -> None:
    """As torch.clamp passes the gradient of its input at equality, and none to its limit."""
    for operation in (low, high):
        g = Graph()
        a, b = g.leaf("a"), g.leaf("b")
        shares = adjoints([(g.make(operation, a, b), g.const(3))], [a, b])
        assert value_of(shares, {"a": 0.25, "b": 0.25}) == [3.0, 0.0]


def test_a_spike_has_the_slope_of_its_surrogate() -> None:
    g = Graph()
    u, scale = g.leaf("u"), g.leaf("scale")
    spike = spike_with(lambda d: 1.0 / (1.0 + d.abs()).pow(2))(u * scale)
    shares = adjoints([(spike, g.const(2))], [u, scale])
    slope = 1 / (1 + 0.6) ** 2
    assert value_of(shares, {"u": 0.3, "scale": 2.0}) == pytest.approx([2 * slope * 2.0, 2 * slope * 0.3])
    assert value_of([spike], {"u": 0.0, "scale": 2.0}) == [1.0]
    assert value_of([spike], {"u": -1e-300, "scale": 2.0}) == [0.0]


def test_what_nothing_depends_on_has_adjoint_0_and_several_outputs_add_up() -> None:
    g = Graph()
    a, b, c = g.leaf("a"), g.leaf("b"), g.leaf("c")
    shares = adjoints([(a * b, g.leaf("one")), (a + b, g.leaf("two")), (a, g.leaf("three"))], [a, b, c])
    given = {"a": 3.0, "b": 5.0, "one": 7.0, "two": 11.0, "three": 13.0}
    assert value_of(shares[:2], given) == [5 * 7 + 11 + 13, 3 * 7 + 11]
    assert shares[2].is_const(0)


# A tree of operations, made twice: as nodes that simplify themselves, and as numbers that cannot
Tree = tuple
NUMBERS = st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5])
LEAVES = st.one_of(NUMBERS, st.sampled_from("abc"))
OPERATIONS = SMOOTH | KINKED


def _grown(children: st.SearchStrategy) -> st.SearchStrategy:
    one, two = ([name for name, n in OPERATIONS.items() if n == k] for k in (1, 2))
    return st.one_of(
        st.tuples(st.sampled_from(one), children),
        st.tuples(st.sampled_from(two), children, children),
        st.tuples(st.just("choice"), children, children, children, children),
    )


trees = st.recursive(LEAVES, _grown, max_leaves=12)
points = st.fixed_dictionaries({name: st.floats(-3, 3) for name in "abc"})


def as_node(g: Graph, tree: object) -> Node:
    if isinstance(tree, float):
        return g.const(tree)
    if isinstance(tree, str):
        return g.leaf(tree)
    name, *parts = tree
    nodes = [as_node(g, part) for part in parts]
    if name == "choice":
        return g.make("where", g.make("less", *nodes[:2]), *nodes[2:])
    return g.make(name, *nodes)


def as_number(tree: object, point: Mapping[str, float]) -> float:
    if isinstance(tree, float):
        return tree
    if isinstance(tree, str):
        return point[tree]
    name, *parts = tree
    numbers = [as_number(part, point) for part in parts]
    if name == "choice":
        return numbers[2] if numbers[0] < numbers[1] else numbers[3]
    return VALUES[name](*numbers)


def finite(tree: object, point: Mapping[str, float]) -> float:
    """The value, where every part of the tree has one."""
    try:
        value = as_number(tree, point)
    except (ArithmeticError, ValueError):
        value = math.inf
    assume(abs(value) < 1e100)
    return value


@given(trees, points)
def test_simplification_changes_no_value(tree: object, point: dict[str, float]) -> None:
    value, g = finite(tree, point), Graph()
    (found,) = value_of([as_node(g, tree)], point)
    assert found == value


@given(st.lists(trees, min_size=2, max_size=4), points)
def test_one_value_is_one_node(several: list[object], point: dict[str, float]) -> None:
    """Trees that share a graph keep their values, and the same tree is the same node."""
    g = Graph()
    for tree in several:
        finite(tree, point)
    nodes = [as_node(g, tree) for tree in several]
    assert value_of(nodes, point) == [as_number(tree, point) for tree in several]
    assert [as_node(g, tree).index for tree in several] == [node.index for node in nodes]


@pytest.mark.parametrize("solver", ["rk4", "heun", "euler"])
def test_a_whole_substep(solver: str) -> None:
    """Every output by every input of the program, at a point where nothing is at a kink and no spike comes."""
    circuit = Circuit(solver, True, Live(), external=True, surrogate=Step)
    program = substep(circuit)
    rng = np.random.default_rng(2)
    point = {name: float(rng.uniform(1.2, 3.0)) for name in program.inputs}
    point |= {
        "fired": 0.0,
        "n.refractory": 0.12,
        "n.x": 2.0,
        "c.x_threshold": 9.0,
        "c.x_highest": 12.0,
        "k.h": 0.31,
    }
    point |= {name: -abs(value) for name, value in point.items() if "minus" in name}
    point |= {name: 0.7 for name in point if name.endswith((".decay", ".start", ".middle", ".end"))}
    point |= {name: 40.0 for name in point if name in ("n.ampa", "n.nmda", "n.gabaa", "n.gabab", "n.ahp")}
    point |= {"n.gabab": 7.0, "k.rate": 0.01}
    back = substep_adjoint(circuit, program.coefficients())
    outputs = [name for name in program.outputs if name != "when"]
    for output in outputs:
        incoming = {f"adj.{name}": float(name == output) for name in outputs}
        names = [name for name in back.outputs if not back.outputs[name].is_const(0)]
        found = dict(zip(names, value_of([back.outputs[n] for n in names], point | incoming), strict=True))
        for name in back.outputs:

            def moved(x: float, name: str = name, output: str = output) -> float:
                return value_of([program.outputs[output]], {**point, name: x})[0]

            numeric = central(moved, point[name], 1e-4 * max(1.0, abs(point[name]))) if name in point else 0.0
            assert found.get(name, 0.0) == pytest.approx(numeric, rel=1e-7, abs=1e-8), (output, name)
