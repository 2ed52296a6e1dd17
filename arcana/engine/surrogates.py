"""Which surrogates the compiled kernels can take over: those that are arithmetic."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from arcana.engine.program.node import Graph, Node
from arcana.surrogate import Surrogate


@lru_cache(maxsize=64)
def surrogate_class(function: Any) -> type[Surrogate] | None:
    """The ``Surrogate`` behind ``function`` if its slope can be compiled, else None.

    That is ``SomeSurrogate.apply`` of a subclass that defines ``pseudo_derivative`` alone, by + - * / and the
    methods abs, clamp(min=), pow(whole number) and exp of its argument.
    """
    owner = getattr(function, "__self__", None)
    if not (isinstance(owner, type) and issubclass(owner, Surrogate) and owner is not Surrogate):
        return None
    if function != owner.apply or any(getattr(owner, m) is not getattr(Surrogate, m) for m in ("forward",)):
        return None
    if owner.backward.__func__ is not Surrogate.backward.__func__:  # type: ignore[attr-defined]
        return None
    try:
        return owner if slope_text(owner) else None
    except (TypeError, AttributeError):
        return None


def slope_text(surrogate: type[Surrogate]) -> str:
    """The slope as the text of its graph; empty if it is none."""
    graph = Graph()
    slope: Any = surrogate.pseudo_derivative(graph.leaf("u"))  # type: ignore[arg-type]
    return "; ".join(map(repr, graph.nodes)) if isinstance(slope, Node) else ""
