"""A program (``engine.program``) as straight-line vector code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from arcana.engine.fused_cpu.vector import Lanes
from arcana.engine.program.circuit import Program
from arcana.engine.program.node import Node, needed

CONTRACT = ("contract",)  # a multiplication and an addition may become one instruction; nothing else is reordered


def emit(program: Program, lanes: Lanes, inputs: Callable[[str], Any]) -> dict[str, Any]:
    """Emit a program at the builder's position.

    Args:
        program: What to compute.
        lanes: Where, and on how many lanes.
        inputs: Gives the value of an input by its name; asked once for each that is needed.

    Returns:
        The results by name.
    """
    nodes = needed(program.outputs.values())
    values: dict[int, Any] = {}
    for node in nodes:
        if node.index in values:
            continue
        if node.op == "const":
            values[node.index] = lanes.const(float(node.value))
        elif node.op == "leaf":
            values[node.index] = inputs(str(node.value))
        elif node.op == "exp_of_rare":
            values |= _rare(node, nodes, values, lanes)
        else:
            values[node.index] = _operation(node, [values[a.index] for a in node.args], lanes)
    return {name: values[node.index] for name, node in program.outputs.items()}


def _operation(node: Node, args: list[Any], lanes: Lanes) -> Any:
    b = lanes.b
    match node.op:
        case "add":
            return b.fadd(*args, flags=CONTRACT)
        case "sub":
            return b.fsub(*args, flags=CONTRACT)
        case "mul":
            return b.fmul(*args, flags=CONTRACT)
        case "div":
            return b.fdiv(*args, flags=CONTRACT)
        case "neg":
            return b.fneg(*args)
        case "exp":
            return lanes.exp(*args)
        case "log":
            return lanes.log(*args)
        case "sqrt":
            return lanes.intrinsic("sqrt", *args)
        case "sigmoid":
            return lanes.sigmoid(*args)
        case "maximum":
            return lanes.larger(*args)
        case "minimum":
            return lanes.smaller(*args)
        case "less":
            return b.fcmp_ordered("<", *args)
        case "where":
            return b.select(*args)
        case "spike":
            return b.select(b.fcmp_ordered(">=", args[0], lanes.const(0.0)), lanes.const(1.0), lanes.const(0.0))
    raise ValueError(f"no code for the operation {node.op}")


def _rare(node: Node, nodes: list[Node], values: Mapping[int, Any], lanes: Lanes) -> dict[int, Any]:
    """exp(a b) for all b whose a is this node's: one test whether a is 0 in all lanes, and then all are 1."""
    b = lanes.b
    together = [
        other
        for other in nodes
        if other.op == "exp_of_rare" and other.args[0] is node.args[0] and other.args[1].index in values
    ]
    rare = values[node.args[0].index]
    before = b.block
    with b.if_then(lanes.any(b.fcmp_unordered("!=", rare, lanes.const(0.0))), likely=False):
        computed = [lanes.exp(lanes.limited(b.fmul(rare, values[other.args[1].index]))) for other in together]
        inside = b.block
    result = {}
    for other, value in zip(together, computed, strict=True):
        phi = b.phi(lanes.type)
        phi.add_incoming(lanes.const(1.0), before)
        phi.add_incoming(value, inside)
        result[other.index] = phi
    return result
