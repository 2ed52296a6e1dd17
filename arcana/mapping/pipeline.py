"""``map_network``: all passes, from a network to the settings of a board."""

from __future__ import annotations

from collections.abc import Mapping as Named
from dataclasses import replace
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike

from arcana.errors import ArcanaWarning, BadInput, Problem, Problems, unknown_name, warn_user
from arcana.graded import GradedGraph
from arcana.graph import NetworkGraph
from arcana.hardware.defects import DefectMap
from arcana.hardware.profile import HardwareProfile
from arcana.hardware.registry import as_profile
from arcana.limits import is_utf8
from arcana.mapping.circuit import Circuit, Ints, Layout, Placement
from arcana.mapping.cluster import Clustering, Share, cluster
from arcana.mapping.conserved import require_conserved
from arcana.mapping.drc import require
from arcana.mapping.layout import layout_of
from arcana.mapping.lower import fan_in, lower, words_of
from arcana.mapping.place import place
from arcana.mapping.quantise import quantise
from arcana.mapping.result import Mapping
from arcana.mapping.route import NoRoute, route
from arcana.mapping.split import Split, split_fan_in
from arcana.mapping.whole import Counted, whole_counts

Weights: TypeAlias = Literal["auto", "repeat", "switch"]
Method: TypeAlias = Literal["auto", "search", "exact"]
_TRIES = 4  # placements that are tried before the router's reasons are given to the user
_COARSE = 0.15  # relative error of weights that is worth a warning
_ROOM = 0.04  # share of the tags of each core that a further try leaves free


class MappingWarning(ArcanaWarning):
    """The network had to be changed to fit the board; the report says how."""


def map_network(
    net: Any,
    profile: HardwareProfile | str,
    *,
    seed: int = 0,
    weights: Weights = "auto",
    exact: bool = False,
    share: Share = "nearest",
    split: Split | None = None,
    defects: DefectMap | None = None,
    rates: Named[str, ArrayLike] | None = None,
    method: Method = "search",
    note: str = "",
) -> Mapping:
    """Map a network on a board: lower, split, cluster, place, quantise, route; then check all of it.

    Args:
        net: A ``DPILayer``, a ``Sequential``, anything else with ``graph()``, or a ``NetworkGraph``.
        profile: The chip, or its name.
        seed: Of all searches; the same seed gives the same settings.
        weights: How a weight of n becomes input words: "repeat" n words with the receptor's weight current;
            "switch" (SE2) one word whose four switches make about n weight currents. "auto" repeats whole numbers
            and switches others on SE2. Where fractions are to be repeated, whole numbers and a weight current are
            chosen for them together.
        exact: Keep currents as they are in place of codes: for emulation only, no chip takes such a file.
        share: What to do where neurons have more different biases than the board has cores: "nearest" lets near
            ones share and reports by how much each bias moved, "refuse" refuses.
        split: What to do with neurons that need more input words than they have: None refuses, "relay" puts
            neurons in between, "prune" leaves the smallest weights out.
        defects: What does not work on this board.
        rates: Expected events per source or population, to weight traffic with; see ``lower``. In Hz they also
            tell how many events relays lose.
        method: How to place: "search", "exact" (small networks, proven) or "auto" (a proof where it takes little).
        note: Written into the file.

    Raises:
        BadInput: listing all reasons why the network does not fit.
    """
    profile = as_profile(profile)
    _check(profile, weights, share, seed, note, defects, exact, rates)
    network = graph = network_graph(net)
    layout, defects = layout_of(profile, defects), defects or DefectMap()
    if not (layout.words >= 0).any():
        raise BadInput.one("neurons that work", 0, "at least one", hint="the defect map leaves none")
    switched = _switched(weights, graph, profile)
    counted = tuple[Counted, ...]()
    if not switched:
        graph, counted = whole_counts(graph, int(layout.words.max()))
    circuit = lower(graph, profile, rates)
    circuit, cost = split_fan_in(circuit, profile, layout, switched, split, rated=rates is not None)
    words = words_of(circuit, not switched)
    routing, reasons, room, fewer = None, tuple[Problem, ...](), 0, False
    while routing is None and room < _TRIES:
        clustering = _clustered(circuit, profile, layout, fewer, exact=exact, switched=switched, share=share)
        try:
            placement = _placed(circuit, clustering, words, layout, room, seed, method)
        except BadInput as error:
            reasons = reasons or error.problems
            if fewer or share == "refuse" or len(clustering.sets) <= _reachable(layout, profile):
                break
            fewer = True
            continue
        settings = quantise(
            circuit, clustering, placement, layout, profile, exact=exact, switched=switched, seed=seed
        )
        used = np.where(settings.switches == 0, 0, words) if switched else words
        try:
            routing = route(circuit, placement, used, settings.switches, layout, profile, defects, seed + room)
        except NoRoute as error:
            reasons = reasons or tuple(_unproven(p) for p in error.problems)
            room += 1
    if routing is None:
        raise BadInput(reasons)
    mapping = Mapping(
        profile, network, circuit, clustering, placement, settings, routing, layout, defects, cost, counted, seed,
        note,
    )  # fmt: skip
    require(mapping.configuration(), profile, defects)
    require_conserved(mapping.configuration(), profile, circuit, used, settings.switches)
    _warn(mapping)
    return mapping


def _warn(mapping: Mapping) -> None:
    """Say what the chip does not have as the network had it."""
    moved = mapping.clustering.moved
    if moved:
        worst = max(moved, key=lambda m: m.largest)
        warn_user(
            f"{len(mapping.clustering.sets)} bias sets had to do: {worst.bias} of {worst.population} moved up to "
            f"{100 * worst.largest:.1f} % (report().moved lists all; bias_groups in training avoids it)",
            MappingWarning,
        )
    coarse = [(c.rms, f"{c.population}, {c.receptor}") for c in mapping.counted]
    coarse += [(s.rms, f"C{s.chip}c{s.core}") for s in mapping.settings.switched]
    if coarse and max(coarse)[0] > _COARSE:
        rms, where = max(coarse)
        warn_user(f"weights of {where} are {100 * rms:.0f} % rms off (see report())", MappingWarning)


def _reachable(layout: Layout, profile: HardwareProfile) -> int:
    """Cores that one neuron can send to."""
    return layout.targets * profile.cores_per_chip


def _clustered(
    circuit: Circuit, profile: HardwareProfile, layout: Layout, fewer: bool, *, share: Share, **options: bool
) -> Clustering:
    """Bias sets for the cores of the board, or for no more of them than one neuron can send to."""
    usable = (layout.words >= 0).sum(1)
    cores = int((usable > 0).sum())
    if fewer:
        cores = min(cores, _reachable(layout, profile))
    return cluster(circuit, profile, cores, int(usable.max()), share=share, **options)


def _unproven(problem: Problem) -> Problem:
    hint = "in the best placement that was found; that there is no other is not proven"
    return replace(problem, hint=f"{problem.hint}; {hint}" if problem.hint else hint)


def _placed(
    circuit: Circuit, clustering: Clustering, words: Ints, layout: Layout, room: int, seed: int, method: Method
) -> Placement:
    """A placement; where the router found no tags for the one before, with more of them left free in each core."""
    roomy = replace(layout, tags=np.floor(layout.tags * (1 - _ROOM * room)).astype(np.int64))
    need = fan_in(circuit, words)
    return place(circuit, clustering.kind, need, roomy, seed=seed + 1000 * room, method=method)


def network_graph(net: Any) -> NetworkGraph:
    """The graph of anything that has one.

    Raises:
        BadInput: for anything else.
    """
    if isinstance(net, NetworkGraph):
        return net
    graph = net.graph() if callable(getattr(net, "graph", None)) else net
    if isinstance(graph, GradedGraph):
        gaps = ", ".join(f"{c.source} -> {c.target}" for c in graph.gap_junctions)
        given = f"{type(net).__name__} with {len(graph.units)} graded units"
        hint = (
            f"and no chip has a circuit for its {len(graph.gap_junctions)} gap junctions ({gaps})" if gaps else ""
        )
        raise BadInput.one(
            "net", given, "neurons that spike: a DPILayer, a Sequential or a NetworkGraph", hint=hint
        )
    if not isinstance(graph, NetworkGraph):
        raise BadInput.one("net", type(net).__name__, "a DPILayer, a Sequential or a NetworkGraph")
    return graph


def _check(
    profile: HardwareProfile,
    weights: object,
    share: object,
    seed: object,
    note: object,
    defects: object,
    exact: object,
    rates: object,
) -> None:
    problems = Problems()
    for name, value, known in (("weights", weights, get_args(Weights)), ("share", share, get_args(Share))):
        if value not in known:
            problems.append(unknown_name(name, str(value), known))
    if weights == "switch" and profile.synapse.weight_bits == 0:
        problems.note("weights", weights, "repeat: the input words of this chip have no weight switches")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        problems.note("seed", seed, "a whole number >= 0")
    if not isinstance(note, str) or not is_utf8(note):
        problems.note("note", note, "text that UTF-8 can say")
    if not isinstance(exact, bool):
        problems.note("exact", exact, "True or False")
    if not isinstance(rates, Named | None):
        problems.note("rates", rates, 'None, or a table such as {"in": 20}', "Hz")
    if not isinstance(defects, DefectMap | None):
        hint = "DefectMap.read(path, profile) reads one"
        problems.note("defects", type(defects).__name__, "None, or a DefectMap", hint=hint)
    problems.raise_if_any()


def _switched(weights: Weights, graph: NetworkGraph, profile: HardwareProfile) -> bool:
    whole = all(p.count.dtype.kind != "f" for p in graph.projections)
    return weights == "switch" or (weights == "auto" and profile.synapse.weight_bits > 0 and not whole)
