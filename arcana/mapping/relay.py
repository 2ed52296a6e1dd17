"""Neurons that pass events on: one fires once, within a millisecond, for every event that it gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from arcana.circuits.names import RECEPTORS
from arcana.circuits.relations import leak_for
from arcana.errors import Problems
from arcana.graph import DELAYS, NetworkGraph, Population, Projection
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.circuit import Circuit, Floats, Ints

# Found by simulation on the constants of both chips (docs/mapping.md has the table): one event takes the membrane
# from rest past the threshold in 0.7 ms, and what is left of it after the refractory period is too little for a
# second spike.
GROWTH = 15.4e3  # [1/s]: d ln(Imem) / dt = kappa I / (C Ut) that one event starts with
SYNAPSE = 1.4e-3  # [s]: time constant of the AMPA synapse
REFRACTORY = 2.5e-3  # [s]: events that come sooner after a spike leave no mark
LEAK = 50e-12  # [A]: Itau_mem
GAIN = 4e-9  # [A]: Igain_mem, above the threshold, so that the growth does not level off before
DEAD_TIME = 2e-3  # [s]: R d / (1 + R d) of the events are lost at R events per second (the table, too)


@dataclass(frozen=True)
class Relayed:
    """A network with relays.

    Attributes:
        graph: The network.
        rates: Rates of all its parts.
        senders: For each relay, how many senders it joins.
        events: For each relay, the sum of their rates.
    """

    graph: NetworkGraph
    rates: dict[str, Floats]
    senders: tuple[int, ...]
    events: Floats


def relay_population(name: str, size: int, like: Population, profile: HardwareProfile) -> Population:
    """Relays that run in the time steps of another population.

    Iw_ampa = GROWTH C Ut / kappa: the input current after one event, with Igain_ampa = Itau_ampa.
    """
    technology = profile.technology()
    leak = leak_for(SYNAPSE, technology.C_ampa, technology)
    biases: dict[str, float | tuple[float, ...]] = dict(profile.default_biases())
    biases |= {
        "Itau_mem": LEAK, "Igain_mem": GAIN, "refractory": REFRACTORY, "Itau_ampa": leak, "Igain_ampa": leak,
        "Iw_ampa": GROWTH * technology.C_mem * technology.Ut / technology.kappa,
    }  # fmt: skip
    return Population(name, size, like.dt, biases, like.solver, like.leak_saturation, like.substeps)


def lost_share(events: Floats) -> float:
    """Share of the events that relays lose: sum of R (R d / (1 + R d)) over the relays, over the sum of R.

    Args:
        events: R, events per second in each relay [Hz].
    """
    total = float(events.sum())
    return float((events * (events * DEAD_TIME / (1 + events * DEAD_TIME))).sum()) / total if total else 0.0


def through_relays(
    circuit: Circuit, words: Ints, need: Ints, over: Ints, limit: int, profile: HardwareProfile
) -> Relayed:
    """Blocks of equal weights from one part of the network become one relay each; equal blocks share it.

    Blocks are as small as the words allow: the fewer senders share a relay, the fewer events meet in it.

    Args:
        circuit: The network.
        words: Input words of each synapse group.
        need: Input words of each neuron.
        over: The neurons that need too many.
        limit: How many there are.
        profile: The chip.

    Raises:
        BadInput: listing the neurons that relays cannot help.
    """
    part = _part_of_sender(circuit)
    relays: dict[tuple[str, str], dict[tuple[int, ...], int]] = {}
    gone = np.zeros(circuit.pre.size, dtype=bool)
    links: dict[tuple[str, str, int, int], list[tuple[int, int, float]]] = {}
    problems = Problems()
    for neuron in over.tolist():
        target, index = _population_of(circuit, neuron)
        blocks, left = _blocks(circuit, words, part, neuron, limit)
        if left > limit:
            hint = "relays join only synapses of equal weight and receptor from one population"
            problems.note(f"{circuit.name_of(neuron)}: words with relays", left, f"at most {limit}", hint=hint)
        for block in blocks:
            source = circuit.graph.parts[part[circuit.pre[block[0]]]].name
            known = relays.setdefault((source, target), {})
            number = known.setdefault(tuple(circuit.pre[block].tolist()), len(known))
            gone[block] = True
            key = (source, target, int(circuit.receptor[block[0]]), int(circuit.flags[block[0]]))
            links.setdefault(key, []).append((number, index, circuit.count[block[0]].item()))
    problems.raise_if_any()
    joined = [list(block) for known in relays.values() for block in known]
    return Relayed(
        _with_relays(circuit, gone, relays, links, profile), _rates(circuit, relays),
        tuple(map(len, joined)), np.array([circuit.rate[block].sum() for block in joined]),
    )  # fmt: skip


def _blocks(circuit: Circuit, words: Ints, part: Ints, neuron: int, limit: int) -> tuple[list[Ints], int]:
    """The smallest blocks of equal synapse groups that bring a neuron to its limit, and the words it needs then."""
    mine = np.flatnonzero(circuit.post == neuron)
    alike = [part[circuit.pre[mine]], circuit.receptor[mine], circuit.flags[mine], circuit.count[mine]]
    groups = [
        mine[np.all([a == g for a, g in zip(alike, group, strict=True)], axis=0)]
        for group in np.unique(np.stack(alike), axis=1).T
    ]
    for size in range(2, limit + 1):
        left = sum(-(-same.size // size) * int(words[same[0]]) for same in groups)
        if left <= limit:
            break
    chunks = [same[k : k + size] for same in groups for k in range(0, same.size, size)]
    return [chunk for chunk in chunks if chunk.size > 1], left


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
        name += "_"
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
