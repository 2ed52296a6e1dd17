"""``circuits.equations`` bound to symbols instead of tensors: the very same source, run once, gives its graph."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, SimpleNamespace
from typing import Any

from arcana.circuits import equations
from arcana.engine.program.node import Node


def exp(value: Node) -> Node:
    """Exponential."""
    return value.graph.make("exp", value)


def exp_of_rare(value: Node, factor: Node) -> Node:
    """Exponential of value times factor, where the value is nearly always 0."""
    return value.graph.make("exp_of_rare", value, factor)


def log(value: Node) -> Node:
    """Natural logarithm."""
    return value.graph.make("log", value)


def sigmoid(value: Node) -> Node:
    """Logistic function."""
    return value.graph.make("sigmoid", value)


def sqrt(value: Node) -> Node:
    """Square root."""
    return value.graph.make("sqrt", value)


def where(condition: Node, yes: Node, no: Node) -> Node:
    """``yes`` where the condition holds, else ``no``."""
    return condition.graph.make("where", condition, yes, no)


def at_least(value: Node, low: Node) -> Node:
    """The larger of value and low."""
    return value.graph.make("maximum", value, low)


def between(value: Node, low: Node, high: Node) -> Node:
    """``value``, but not below low nor above high."""
    return value.graph.make("minimum", at_least(value, low), high)


def spike_with(slope: Callable[[Node], Node]) -> Callable[[Node], Node]:
    """The step function: 1 where its argument >= 0, else 0; ``slope`` is its derivative."""
    return lambda distance: distance.graph.make("spike", distance, slope(distance))


_NAMES = {f.__name__: f for f in (exp, exp_of_rare, log, sigmoid, sqrt, where, at_least, between)}


def symbolic_equations() -> Any:
    """The functions of ``circuits.equations`` over nodes."""
    space: dict[str, Any] = {**vars(equations), **_NAMES}
    for name, member in vars(equations).items():
        if isinstance(member, FunctionType) and member.__module__ == equations.__name__:
            space[name] = FunctionType(member.__code__, space, name, member.__defaults__, member.__closure__)
    return SimpleNamespace(**{name: space[name] for name in vars(equations) if not name.startswith("__")})
