"""Pass 4: a core for each neuron, so that spikes reach few cores, and those on near chips."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from arcana.errors import BadInput, Problem, unknown_name
from arcana.mapping.circuit import Circuit, Ints, Layout, Placement
from arcana.mapping.placing.bound import MOST, bound_of_senders
from arcana.mapping.placing.checks import require_possible, require_sense
from arcana.mapping.placing.exact import Proof, prove
from arcana.mapping.placing.score import load_of, score_of
from arcana.mapping.placing.search import search
from arcana.mapping.placing.task import Task, task_of
from arcana.mapping.routing.common import audience, crowded, far_apart

Method = Literal["auto", "search", "exact"]
_SECONDS = 60.0  # of the solver for each of its two questions
_NODES, _VARIABLES = 50, 800  # what "auto" spends on a proof; no clock, so that it finds the same every time
_HINT = "no placement was found that keeps all limits, this is the best; not proven impossible"


def place(
    circuit: Circuit,
    kind: Ints,
    need: Ints,
    layout: Layout,
    *,
    seed: int = 0,
    method: Method = "auto",
    groups: Ints | None = None,
) -> Placement:
    """Find a core for each neuron.

    Least, in this order: cost = sum over senders of rate * cores with a target of it; then hops = sum over neurons
    that send of rate * sum over the chips with a target of it of |dx| + |dy|.

    Kept: a core holds neurons of one kind, as many as it has places with the words that they need, and as many that
    send as ``layout.senders``; ``layout.tags`` senders reach it; a neuron sends to ``layout.targets`` chips within
    ``layout.reach``.

    Args:
        circuit: The network.
        kind: Bias set of each neuron, (neurons,).
        need: Input words that each neuron needs, (neurons,).
        layout: The board.
        seed: Of the search; the same seed finds the same placement ("exact" has a limit of time beside it).
        method: "search" goes from coarse to fine. "exact" proves the result, for at most 16 groups. "auto" searches
            and proves where that takes little.
        groups: Neurons with the same number stay on one core, (neurons,); None leaves them free.

    Raises:
        BadInput: listing what makes it impossible; or, if nothing was found, what the best placement breaks.

    Source:
        Karypis et al. 1999 for the search over levels; Fiduccia and Mattheyses 1982 for its moves.
    """
    kind, need = np.asarray(kind), np.asarray(need)
    groups = np.arange(circuit.neurons) if groups is None else np.asarray(groups)
    if method not in get_args(Method):
        raise BadInput(unknown_name("method", method, get_args(Method)))
    require_sense(circuit, kind, need, layout, groups)
    require_possible(circuit, kind, need, layout, groups)
    unit = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    task = task_of(circuit, kind, need, layout, unit)
    if method == "exact" and task.units > MOST:
        raise BadInput.one("groups", task.units, f"at most {MOST} for method 'exact'", hint="use method='search'")
    core, score = search(task, seed)
    proof = Proof(core, score, bound_of_senders(task), False)
    if method == "exact":
        proof = prove(task, core, {"time_limit": _SECONDS})
    elif method == "auto" and task.units <= MOST:
        proof = prove(task, core, {"node_limit": _NODES}, _VARIABLES)
    if not proof.score.legal:
        raise BadInput(_reasons(circuit, task, proof, layout, unit))
    return Placement(proof.core[unit], proof.score.cost, proof.score.hops, proof.bound, _text(method, proof))


def _text(method: Method, proof: Proof) -> str:
    if proof.optimal:
        return "exact, optimal"
    least = " of least cost" if not proof.score.cost > proof.bound * (1 + 1e-9) else ""
    return f"{'exact' if method == 'exact' else 'search'}{least}"


def _reasons(circuit: Circuit, task: Task, proof: Proof, layout: Layout, unit: Ints) -> list[Problem]:
    """What the best placement breaks."""
    if not np.isfinite(proof.bound):
        hint = "all of them were ruled out, though each limit alone can be kept"
        return [Problem("placements that keep all limits", 0, "at least one", hint=hint)]
    found = Placement(proof.core[unit], proof.score.cost, proof.score.hops)
    load, problems = load_of(task, proof.core), list[Problem]()
    for k in np.flatnonzero((load > task.room).any(1)).tolist():
        at = int((load[k] - task.room[k]).argmax())
        what = f"neurons on C{layout.chip[k]}c{layout.core[k]}"
        problems.append(Problem(what, int(load[k, at]), f"at most {task.room[k, at]} that need as much"))
    heard = audience(circuit, found, layout.chip.size, np.ones(circuit.pre.size, dtype=bool))
    problems += crowded(heard, layout) + far_apart(circuit, heard, layout)
    if task.board.far.any() and score_of(task, proof.core).excess and len(problems) == 0:
        problems.append(Problem("chips further apart than events go", score_of(task, proof.core).excess, "none"))
    return [replace(p, hint=_HINT) for p in problems]
