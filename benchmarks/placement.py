"""How good placements are, and how long they take: ``python -m benchmarks.placement``.

Ratios on ten fixed graphs: to the proven optimum where there is one, to the planted placement, and to METIS
(pymetis, if it is installed) with a simple repair. Exit code 1 if one of the promises below is not kept.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from arcana.errors import BadInput
from arcana.mapping.circuit import Placement
from arcana.mapping.place import place
from arcana.mapping.placing.score import Score, score_of
from arcana.mapping.placing.task import task_of
from benchmarks import placement_metis, placement_time
from benchmarks.placement_graphs import GRAPHS, Graph
from benchmarks.tables import Table

IMAGE = Path(__file__).resolve().parent.parent / "docs" / "images" / "placement_time.png"
NEAR = 1.05  # of the proven optimum


@dataclass(frozen=True, eq=False)
class Result:
    """One graph.

    Attributes:
        graph: The graph.
        search: What the search found; None if it found nothing that keeps all limits.
        seconds: How long that took, by the clock.
        optimum: Proven least cost, if the graph has few groups.
        planted: Score of the planted placement.
        metis: Score of the best METIS placement.
    """

    graph: Graph
    search: Placement | None
    seconds: float
    optimum: float | None
    planted: Score | None
    metis: Score | None

    def broken(self) -> list[str]:
        """Promises that are not kept."""
        name, found = self.graph.name, self.search
        if found is None:
            return [f"{name}: nothing found"]
        wrong = []
        if self.optimum is not None and found.cost > NEAR * self.optimum:
            wrong.append(f"{name}: {found.cost / self.optimum:.3f} of the optimum")
        if self.metis is not None and found.cost > self.metis.cost:
            wrong.append(f"{name}: {found.cost / self.metis.cost:.3f} of METIS")
        return wrong


def measure(graph: Graph) -> Result:
    """Place one graph in all ways."""
    g, found = graph, None
    unit = np.arange(g.kind.size) if g.groups is None else g.groups
    task = task_of(g.circuit, g.kind, g.need, g.layout, unit)
    begun = time.perf_counter()
    try:
        found = place(g.circuit, g.kind, g.need, g.layout, method="search", groups=g.groups)
    except BadInput as error:
        print(error)
    seconds = time.perf_counter() - begun
    planted = None if g.planted is None else score_of(task, g.planted)
    if planted is not None and not planted.legal:
        raise AssertionError(f"{g.name}: the planted placement breaks a limit: {planted}")
    metis = placement_metis.best(task) if placement_metis.there() else None
    return Result(g, found, seconds, _optimum(g), planted, metis)


def _optimum(graph: Graph) -> float | None:
    if graph.groups is None:
        return None
    g = graph
    proven = place(g.circuit, g.kind, g.need, g.layout, method="exact", groups=g.groups)
    return proven.cost if proven.bound is not None and proven.cost <= proven.bound * (1 + 1e-9) else None


def table(results: list[Result]) -> Table:
    """Costs and ratios."""
    head = ("graph", "neurons", "synapses", "cost", "hops", "/ optimum", "/ planted", "METIS", "/ METIS", "s")
    found = Table("Placement: destination cores, summed over senders", head)
    for r in results:
        cost = float("nan") if r.search is None else r.search.cost
        metis = "" if r.metis is None else f"{r.metis.cost:.0f}{'' if r.metis.legal else '*'}"
        hops = "" if r.search is None else f"{r.search.hops:.0f}"
        found.add(
            r.graph.name, r.graph.circuit.neurons, r.graph.circuit.pre.size, f"{cost:.0f}", hops,
            _ratio(cost, r.optimum), _ratio(cost, r.planted and r.planted.cost),
            metis, _ratio(cost, r.metis and r.metis.cost), f"{r.seconds:.1f}",
        )  # fmt: skip
    found.notes.append("/ optimum: proven, for graphs of at most 16 groups. s: by the clock, one thread.")
    if placement_metis.there():
        found.notes.append(
            "METIS: k-way, the cheaper of two graphs and three numbers of parts, overfull cores emptied."
        )
        found.notes.append("*: breaks a limit (places, tags, chips).")
    else:
        found.notes.append("METIS: skipped, pymetis is not installed.")
    return found


def _ratio(cost: float, other: float | None) -> str:
    return "" if other is None else f"{cost / other:.3f}"


def main(given: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.placement", description=__doc__.partition("\n")[0])
    parser.add_argument("--graphs", nargs="+", type=int, help="numbers of graphs, from 1 (all)")
    parser.add_argument("--no-time", action="store_true", help="leave the time against the size out")
    parser.add_argument("--image", type=Path, default=IMAGE, help="where to draw the time against the size")
    options = parser.parse_args(given)
    console = Console() if sys.stdout.isatty() else Console(width=150)
    chosen = [GRAPHS[k - 1] for k in options.graphs] if options.graphs else GRAPHS
    results = [measure(make()) for make in chosen]
    table(results).show(console)
    broken = [line for result in results for line in result.broken()]
    if not options.no_time:
        timed = placement_time.measure()
        placement_time.table(timed).show(console)
        placement_time.draw(options.image, timed)
        broken += placement_time.broken(timed)
    for line in broken:
        console.print(f"not kept: {line}", style="red")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
