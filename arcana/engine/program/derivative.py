"""Reverse-mode differentiation of an expression graph: the adjoint is derived, never written by hand."""

from __future__ import annotations

from collections.abc import Sequence

from arcana.engine.program.node import Graph, Node, needed


def adjoints(outputs: Sequence[tuple[Node, Node]], wrt: Sequence[Node]) -> list[Node]:
    """Vector-Jacobian product: sum over outputs of (incoming adjoint) d output / d w, for each w.

    Args:
        outputs: Pairs of an output and its incoming adjoint.
        wrt: The nodes to differentiate by.

    Returns:
        One node for each of ``wrt``; the constant 0 where nothing depends on it.
    """
    graph = wrt[0].graph
    order = needed(node for node, _ in outputs)
    inside = {w.index for w in wrt}
    for node in order:  # only what leads to ``wrt`` is differentiated
        if any(a.index in inside for a in node.args):
            inside.add(node.index)
    flowing: dict[int, Node] = {}
    for node, incoming in outputs:
        flowing[node.index] = flowing[node.index] + incoming if node.index in flowing else incoming
    for node in reversed(order):
        incoming = flowing.get(node.index, graph.const(0))
        if node.index not in inside or incoming.is_const(0):
            continue
        for argument, share in zip(node.args, _shares(graph, node, incoming), strict=True):
            if share is not None and argument.index in inside:
                before = flowing.get(argument.index)
                flowing[argument.index] = share if before is None else before + share
    return [flowing.get(w.index, graph.const(0)) for w in wrt]


def _shares(g: Graph, node: Node, incoming: Node) -> tuple[Node | None, ...]:
    """What each argument of a node gets of its adjoint; None for comparisons. At kinks as torch has it."""
    zero, one = g.const(0), g.const(1)
    op, args = node.op, node.args
    a, b = args[0] if args else zero, args[1] if len(args) > 1 else zero
    if op == "add":
        return incoming, incoming
    if op == "sub":
        return incoming, -incoming
    if op == "neg":
        return (-incoming,)
    if op == "mul":
        return incoming * b, incoming * a
    if op == "div":
        share = incoming / b
        return share, -(share * node)
    if op == "exp":
        return (incoming * node,)
    if op == "exp_of_rare":
        share = incoming * node
        return share * b, share * a
    if op == "log":
        return (incoming / a,)
    if op == "sqrt":
        return (g.const(0.5) * incoming / node,)
    if op == "sigmoid":
        return (incoming * node * (one - node),)
    if op == "maximum":  # torch.clamp(a, min=b)
        return g.make("where", g.make("less", a, b), zero, incoming), g.make(
            "where", g.make("less", a, b), incoming, zero
        )
    if op == "minimum":  # torch.clamp(a, max=b)
        return g.make("where", g.make("less", b, a), zero, incoming), g.make(
            "where", g.make("less", b, a), incoming, zero
        )
    if op == "where":
        return None, g.make("where", a, incoming, zero), g.make("where", a, zero, incoming)
    if op == "spike":
        return (incoming * b, None)
    return (None,) * len(args)
