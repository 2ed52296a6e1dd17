"""A program (``engine.program``) as a Triton function of blocks of neurons, and calls of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from arcana.engine.program.circuit import Program
from arcana.engine.program.node import Node

_CODE = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "neg": "-{0}",
    "exp": "tl.exp({0})",
    "exp_of_rare": "tl.exp({0} * {1})",
    "log": "tl.log({0})",
    "sqrt": "tl.sqrt({0})",
    "sigmoid": "one / (one + tl.exp(-{0}))",
    "maximum": "tl.maximum({0}, {1})",
    "minimum": "tl.minimum({0}, {1})",
    "less": "{0} < {1}",
    "where": "tl.where({0}, {1}, {2})",
    "spike": "tl.where({0} >= zero, one, zero)",  # its slope is for the adjoint alone
}
# Numbers of the kernel's own type, which a bare literal need not be
ZERO_AND_ONE = ("zero = tl.full([BLOCK], 0.0, REAL)", "one = tl.full([BLOCK], 1.0, REAL)")


def function(name: str, program: Program) -> list[str]:
    """The lines of a function from a program's inputs to its results, each in its order.

    A function of its own, because Triton reads the body of a loop twice, that of three nested loops eight times.
    """
    lines = ["@triton.jit", f"def {name}({', '.join(map(name_of, leaves(program)))}):"]
    lines += [f"    {line}" for line in ZERO_AND_ONE]
    names: dict[int, str] = {}
    for node in _needed(program):
        if node.op == "leaf":
            names[node.index] = name_of(str(node.value))
        else:
            names[node.index] = f"v{node.index}"
            lines.append(f"    v{node.index} = {_expression(node, names)}")
    return [*lines, f"    return {', '.join(names[node.index] for node in program.outputs.values())}"]


def call(name: str, program: Program, given: Mapping[str, str], targets: Iterable[str]) -> str:
    """The statement that gives ``targets`` the results of a program.

    Args:
        name: The function's name.
        program: What it computes.
        given: The names of inputs that are not called as ``name_of`` has it.
        targets: A name for each result.
    """
    inputs = ", ".join(given.get(leaf, name_of(leaf)) for leaf in leaves(program))
    return f"{', '.join(targets)} = {name}({inputs})"


def name_of(leaf: str) -> str:
    """The Python name of an input such as ``c.ampa.jump``."""
    return leaf.replace(".", "_")


def leaves(program: Program) -> list[str]:
    """The inputs that a function of the program has."""
    return [str(node.value) for node in _needed(program) if node.op == "leaf"]


def _expression(node: Node, names: Mapping[int, str]) -> str:
    if node.op == "const":
        return f"tl.full([BLOCK], {node.value!r}, REAL)"
    return _CODE[node.op].format(*(names.get(a.index, "") for a in node.args))


def _needed(program: Program) -> list[Node]:
    """All nodes that the results depend on, arguments before their users."""
    found: dict[int, Node] = {}
    stack = list(program.outputs.values())
    while stack:
        node = stack.pop()
        if node.index not in found:
            found[node.index] = node
            stack.extend(node.args[:1] if node.op == "spike" else node.args)
    return [found[index] for index in sorted(found)]
