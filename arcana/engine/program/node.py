"""Expressions as a graph: each distinct value is one node, simplified as it is made."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

COMMUTATIVE = frozenset({"add", "mul"})
_FOLD: dict[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "maximum": max,
    "minimum": min,
}


class Node:
    """A value: the operation, its arguments, and for ``const`` and ``leaf`` the number or the name."""

    __slots__ = ("args", "graph", "index", "op", "value")

    def __init__(self, graph: Graph, op: str, args: tuple[Node, ...], value: float | str, index: int) -> None:
        self.graph, self.op, self.args, self.value, self.index = graph, op, args, value, index

    def __add__(self, other: Node | float) -> Node:
        return self.graph.make("add", self, self._node(other))

    def __sub__(self, other: Node | float) -> Node:
        return self.graph.make("sub", self, self._node(other))

    def __mul__(self, other: Node | float) -> Node:
        return self.graph.make("mul", self, self._node(other))

    def __truediv__(self, other: Node | float) -> Node:
        return self.graph.make("div", self, self._node(other))

    def __radd__(self, other: float) -> Node:
        return self._node(other) + self

    def __rsub__(self, other: float) -> Node:
        return self._node(other) - self

    def __rmul__(self, other: float) -> Node:
        return self._node(other) * self

    def __rtruediv__(self, other: float) -> Node:
        return self._node(other) / self

    def __neg__(self) -> Node:
        return self.graph.make("neg", self)

    def __lt__(self, other: Node | float) -> Node:
        return self.graph.make("less", self, self._node(other))

    def __gt__(self, other: Node | float) -> Node:
        return self.graph.make("less", self._node(other), self)

    # The methods of a tensor that the slope of a surrogate may use (arcana.surrogate)

    def abs(self) -> Node:
        """|value|."""
        return self.graph.make("maximum", self, -self)

    def clamp(self, min: float) -> Node:
        """max(value, min)."""
        return self.graph.make("maximum", self, self._node(min))

    def pow(self, power: int) -> Node:
        """value^power for a whole number."""
        if power != int(power):
            raise TypeError(f"power {power} is not a whole number")
        power = int(power)
        if power < 0:
            return self._node(1.0) / self.pow(-power)
        result = self._node(1.0)
        for _ in range(power):
            result = result * self
        return result

    def __pow__(self, power: int) -> Node:
        return self.pow(power)

    def exp(self) -> Node:
        """e^value."""
        return self.graph.make("exp", self)

    def _node(self, value: Node | float) -> Node:
        return value if isinstance(value, Node) else self.graph.const(value)

    def __repr__(self) -> str:
        inside = ", ".join(f"%{a.index}" for a in self.args) or str(self.value)
        return f"%{self.index} = {self.op}({inside})"

    def is_const(self, value: float) -> bool:
        """Whether this is that number."""
        return self.op == "const" and self.value == value


class Graph:
    """Makes nodes; the same operation on the same arguments is the same node."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._known: dict[tuple[object, ...], Node] = {}

    def const(self, value: float) -> Node:
        """A number."""
        return self._intern("const", (), float(value))

    def leaf(self, name: str) -> Node:
        """An input, by its name."""
        return self._intern("leaf", (), name)

    def make(self, op: str, *args: Node) -> Node:
        """An operation on nodes, simplified where that changes no result (but for infinities and NaN)."""
        if all(a.op == "const" for a in args) and op in _FOLD:
            return self.const(_FOLD[op](*(a.value for a in args)))
        simple = _simplify(self, op, args)
        if simple is not None:
            return simple
        if op in COMMUTATIVE and args[0].index > args[1].index:
            args = (args[1], args[0])
        return self._intern(op, args, 0.0)

    def _intern(self, op: str, args: tuple[Node, ...], value: float | str) -> Node:
        key = (op, tuple(a.index for a in args), value)
        if key not in self._known:
            node = Node(self, op, args, value, len(self.nodes))
            self.nodes.append(node)
            self._known[key] = node
        return self._known[key]


def _simplify(g: Graph, op: str, args: tuple[Node, ...]) -> Node | None:
    a, b = args[0], args[1] if len(args) > 1 else args[0]
    if op == "add":
        if a.is_const(0) or b.is_const(0):
            return b if a.is_const(0) else a
        if b.op == "neg":
            return g.make("sub", a, b.args[0])
        if a.op == "neg":
            return g.make("sub", b, a.args[0])
    elif op == "sub":
        if b.is_const(0):
            return a
        if a.is_const(0):
            return g.make("neg", b)
        if b.op == "neg":
            return g.make("add", a, b.args[0])
    elif op == "mul":
        if a.is_const(0) or b.is_const(0):
            return g.const(0)
        if a.is_const(1) or b.is_const(1):
            return b if a.is_const(1) else a
        if a.op == "neg" or b.op == "neg":
            product = g.make("mul", *(n.args[0] if n.op == "neg" else n for n in args))
            return product if a.op == b.op else g.make("neg", product)
    elif op == "neg" and a.op == "neg":
        return a.args[0]
    elif op == "where":
        if args[1] is args[2]:
            return args[1]
        if a.op == "less" and all(n.op == "const" for n in a.args):
            low, high = (float(n.value) for n in a.args)
            return args[1] if low < high else args[2]
    return None


def needed(outputs: Iterable[Node]) -> list[Node]:
    """All nodes that the outputs depend on, arguments before their users."""
    marked: set[int] = set()
    stack = list(outputs)
    found: list[Node] = []
    while stack:
        node = stack.pop()
        if node.index not in marked:
            marked.add(node.index)
            found.append(node)
            stack.extend(node.args)
    return sorted(found, key=lambda node: node.index)
