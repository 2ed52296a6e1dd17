"""In which order the populations of a network are simulated, and which of them run together."""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx

from arcana.errors import Problems
from arcana.graph import NetworkGraph, Population


def stages(graph: NetworkGraph, problems: Problems) -> dict[str, int]:
    """The stage of each population: populations that reach each other share one, and follow all that reach them.

    Populations of one stage are simulated in one run, so they need one solver; all need one time step. Stages that
    the populations state themselves are taken, if all of them do and no connection leads back to an earlier one.
    What does not fit is noted.
    """
    given = {p.name: p.stage for p in graph.populations}
    stage = {name: k for name, k in given.items() if k is not None}
    if len(stage) < len(given):
        stage = _from_connections(graph)
    for p in graph.projections:
        if p.source in stage and stage[p.source] > stage[p.target]:
            where = f"{p.source} -> {p.target}"
            problems.note("stage", where, "connections within a stage or to a later one")
    _check_alike(graph.populations, stage, problems)
    return stage


def _from_connections(graph: NetworkGraph) -> dict[str, int]:
    flow = nx.DiGraph()
    flow.add_nodes_from(p.name for p in graph.populations)
    flow.add_edges_from((p.source, p.target) for p in graph.projections if p.source in flow)
    parts = nx.condensation(flow)
    found: dict[str, int] = {}
    level: dict[int, int] = {}
    for part in nx.topological_sort(parts):
        level[part] = 1 + max((level[before] for before in parts.predecessors(part)), default=-1)
        found |= dict.fromkeys(parts.nodes[part]["members"], level[part])
    return found


def _check_alike(populations: tuple[Population, ...], stage: Mapping[str, int], problems: Problems) -> None:
    steps = sorted({p.dt for p in populations})
    if len(steps) > 1:
        problems.note("dt", steps, "one time step for all populations", "s")
    for number in sorted(set(stage.values())):
        together = [p for p in populations if stage[p.name] == number]
        for name in ("solver", "leak_saturation", "substeps"):
            if len({getattr(p, name) for p in together}) > 1:
                given = ", ".join(f"{p.name} {getattr(p, name)}" for p in together)
                problems.note(name, given, "one value for populations that run side by side or in a loop")
