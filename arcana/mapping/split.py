"""Neurons that need more input words than they have: refused with numbers, or split on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from arcana.circuits.names import RECEPTORS
from arcana.errors import BadInput, Problem, Problems
from arcana.graph import DELAYS, NetworkGraph, Population, Projection
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.circuit import Circuit, Floats, Ints, Layout
from arcana.mapping.lower import fan_in, lower, words_of
from arcana.mapping.relay import relay_population

Split: TypeAlias = Literal["relay", "prune"]
_SHOWN = 10  # neurons that are named; the rest is counted


@dataclass(frozen=True)
class SplitCost:
    """What splitting did to the network. How much its answers change is for ``arcana.agreement`` to measure.

    Attributes:
        how: "relay" or "prune".
        neurons: Neurons that needed more words than they have.
        most: Largest number of words that one of them needed.
        removed: Words that were left out (prune).
        share: Largest share of one neuron's weight that was left out (prune).
        relays: Neurons that were put in between (relay). A relay passes events on one by one: events that meet in
            it within its refractory period leave as one.
    """

    how: Split
    neurons: int
    most: int
    removed: int = 0
    share: float = 0.0
    relays: int = 0


def split_fan_in(
    circuit: Circuit, profile: HardwareProfile, layout: Layout, switched: bool, split: Split | None
) -> tuple[Circuit, SplitCost | None]:
    """Make every neuron fit its input words.

    Args:
        circuit: The network.
        profile: The chip.
        layout: The board: the limit is the largest number of words that works in any place.
        switched: Whether a weight takes one word, whatever its size.
        split: None refuses; "prune" leaves the smallest weights out; "relay" sends equal weights of one neuron
            through neurons that pass them on.

    Raises:
        BadInput: listing the neurons with what they need and what there is, and the choices.
    """
    if split not in (None, "relay", "prune"):
        raise BadInput.one("split", split, "None, 'relay' or 'prune'")
    words, limit = words_of(circuit, not switched), int(layout.words.max())
    need = fan_in(circuit, words)
    over = np.flatnonzero(need > limit)
    if over.size == 0:
        return circuit, None
    if split is None:
        raise BadInput(_refusal(circuit, need, over, limit, profile))
    if split == "prune":
        return _prune(circuit, words, need, over, limit, switched)
    return _relay(circuit, words, need, over, limit, profile)


def _refusal(circuit: Circuit, need: Ints, over: Ints, limit: int, profile: HardwareProfile) -> list[Problem]:
    hint = "train with fan_in=, pass split='prune' or split='relay'"
    if profile.synapse.weight_bits and circuit.count.dtype.kind != "f":
        hint += ", or weights='switch', which takes one word for a weight of any size"
    problems = Problems()
    for neuron in over[:_SHOWN].tolist():
        problems.note(f"{circuit.name_of(neuron)}: input words", int(need[neuron]), f"at most {limit}", hint=hint)
    if over.size > _SHOWN:
        problems.note("further neurons with too many input words", int(over.size - _SHOWN), "none")
    return problems


def _prune(
    circuit: Circuit, words: Ints, need: Ints, over: Ints, limit: int, switched: bool
) -> tuple[Circuit, SplitCost]:
    count, removed, share = circuit.count.copy(), 0, 0.0
    for neuron in over.tolist():
        mine = np.flatnonzero(circuit.post == neuron)
        before, excess = count[mine].sum(), int(need[neuron]) - limit
        for k in mine[np.argsort(count[mine], kind="stable")].tolist():
            if excess <= 0:
                break
            taken = 1 if switched else min(excess, int(words[k]))
            count[k] = 0 if switched else count[k] - taken
            excess -= taken
            removed += taken
        share = max(share, 1 - float(count[mine].sum() / before))
    kept = count > 0
    pruned = replace(
        circuit, pre=circuit.pre[kept], post=circuit.post[kept], receptor=circuit.receptor[kept],
        count=count[kept], flags=circuit.flags[kept],
    )  # fmt: skip
    return pruned, SplitCost("prune", over.size, int(need.max()), removed, share)


def _relay(
    circuit: Circuit, words: Ints, need: Ints, over: Ints, limit: int, profile: HardwareProfile
) -> tuple[Circuit, SplitCost]:
    """Blocks of equal weights from one part of the network become one relay each; equal blocks share it."""
    part = _part_of_sender(circuit)
    relays: dict[tuple[str, str], dict[tuple[int, ...], int]] = {}
    gone = np.zeros(circuit.pre.size, dtype=bool)
    links: dict[tuple[str, str, int, int], list[tuple[int, int, float]]] = {}
    problems = Problems()
    for neuron in over.tolist():
        excess = int(need[neuron]) - limit
        target, index = _population_of(circuit, neuron)
        for block in _blocks(circuit, words, part, neuron, limit):
            if excess <= 0:
                break
            source = circuit.graph.parts[part[circuit.pre[block[0]]]].name
            known = relays.setdefault((source, target), {})
            number = known.setdefault(tuple(circuit.pre[block].tolist()), len(known))
            gone[block] = True
            key = (source, target, int(circuit.receptor[block[0]]), int(circuit.flags[block[0]]))
            links.setdefault(key, []).append((number, index, circuit.count[block[0]].item()))
            excess -= int(words[block].sum() - words[block[0]])
        if excess > 0:
            hint = "relays join only synapses of equal weight and receptor from one population"
            problems.note(
                f"{circuit.name_of(neuron)}: input words with relays", excess + limit, f"at most {limit}", hint=hint
            )
    problems.raise_if_any()
    graph = _with_relays(circuit, gone, relays, links, profile)
    cost = SplitCost("relay", over.size, int(need.max()), relays=sum(map(len, relays.values())))
    return lower(graph, profile, _rates(circuit, relays)), cost


def _blocks(circuit: Circuit, words: Ints, part: Ints, neuron: int, limit: int) -> list[Ints]:
    """Synapse groups of a neuron that one relay can stand for, those that save most words first."""
    mine = np.flatnonzero(circuit.post == neuron)
    alike = [part[circuit.pre[mine]], circuit.receptor[mine], circuit.flags[mine], circuit.count[mine]]
    found = []
    for group in np.unique(np.stack(alike), axis=1).T:
        same = mine[np.all([a == g for a, g in zip(alike, group, strict=True)], axis=0)]
        found += [same[k : k + limit] for k in range(0, same.size, limit) if same[k : k + limit].size > 1]
    return sorted(found, key=lambda b: -int(words[b].sum() - words[b[0]]))


def _part_of_sender(circuit: Circuit) -> Ints:
    return np.repeat(np.arange(len(circuit.graph.parts)), [p.size for p in circuit.graph.parts])


def _population_of(circuit: Circuit, neuron: int) -> tuple[str, int]:
    name, _, rest = circuit.name_of(neuron).rpartition("[")
    return name, int(rest[:-1])


def _with_relays(
    circuit: Circuit,
    gone: Floats,
    relays: Mapping[tuple[str, str], Mapping[tuple[int, ...], int]],
    links: Mapping[tuple[str, str, int, int], list[tuple[int, int, float]]],
    profile: HardwareProfile,
) -> NetworkGraph:
    graph, first, at = circuit.graph, {}, 0
    for p in graph.parts:
        first[p.name], at = at, at + p.size
    by_name = {p.name: p for p in graph.populations}
    added, projections = list[Population](), _projections(circuit, ~gone)
    for (source, target), blocks in relays.items():
        relay = relay_population(_name(source, target, by_name), len(blocks), by_name[target], profile)
        added.append(relay)
        triples = [(pre - first[source], k, 1) for block, k in blocks.items() for pre in block]
        projections.append(Projection.of(source, relay.name, "ampa", triples))
        for (s, t, receptor, flags), rows in links.items():
            if (s, t) == (source, target):
                projections.append(Projection.of(relay.name, t, RECEPTORS[receptor], rows, DELAYS[flags]))
    outputs = graph.output_names
    populations = (*added, *graph.populations)
    return replace(graph, populations=populations, projections=tuple(projections), outputs=outputs)


def _name(source: str, target: str, taken: Mapping[str, Population]) -> str:
    name = f"relay:{source}->{target}"
    while name in taken:
        name += "'"
    return name


def _projections(circuit: Circuit, kept: Floats) -> list[Projection]:
    """The circuit's synapse groups as projections again."""
    part = _part_of_sender(circuit)
    target = part[circuit.inputs + circuit.post]
    starts = np.concatenate(([0], np.cumsum([p.size for p in circuit.graph.parts])))
    found = []
    keys = np.stack([part[circuit.pre], target, circuit.receptor, circuit.flags])
    for s, t, r, f in np.unique(keys[:, kept], axis=1).T.tolist():
        mine = kept & (keys == np.array([[s], [t], [r], [f]])).all(0)
        pre, post = circuit.pre[mine] - starts[s], circuit.inputs + circuit.post[mine] - starts[t]
        triples = zip(pre.tolist(), post.tolist(), circuit.count[mine].tolist(), strict=True)
        names = circuit.graph.parts
        found.append(Projection.of(names[s].name, names[t].name, RECEPTORS[r], triples, DELAYS[f]))
    return found


def _rates(circuit: Circuit, relays: Mapping[tuple[str, str], Mapping[tuple[int, ...], int]]) -> dict[str, Floats]:
    """Rates of all parts; a relay passes on what its senders send."""
    found, at = {}, 0
    for p in circuit.graph.parts:
        found[p.name], at = circuit.rate[at : at + p.size], at + p.size
    by_name = {p.name: p for p in circuit.graph.populations}
    for (source, target), blocks in relays.items():
        found[_name(source, target, by_name)] = np.array([circuit.rate[list(block)].sum() for block in blocks])
    return found
