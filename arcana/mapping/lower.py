"""Pass 1: from a network's graph to flat arrays of DPI neurons and synapses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import numpy as np
from numpy.typing import ArrayLike

from arcana.circuits.names import RECEPTORS
from arcana.errors import BadInput, Problems, unknown_name
from arcana.graph import DELAYS, NetworkGraph
from arcana.hardware.board import check_board
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.circuit import Circuit, Floats, Ints
from arcana.stages import stages

_FASTEST = 1e9  # of rates: no neuron and no line is faster, and sums of them stay exact enough


def lower(graph: NetworkGraph, profile: HardwareProfile, rates: Mapping[str, ArrayLike] | None = None) -> Circuit:
    """All synapses in one list; several entries of one pair, receptor and delay are added up.

    Args:
        graph: The network.
        profile: The chip that it is meant for.
        rates: Expected events of a source or population, one number or one for each of its lines or neurons, in
            any unit (what relays lose is estimated for Hz); 1 where nothing is given.

    Raises:
        BadInput: listing what this board cannot have at all: more neurons than it has, time steps that differ,
            constants of another chip behind the biases, delays that its input words do not have.
    """
    problems = Problems()
    check_board(sum(p.size for p in graph.populations), profile, problems)
    _check_outputs(graph, profile, problems)
    _check_technology(graph, profile, problems)
    _check_delays(graph, profile, problems)
    stage = stages(graph, problems)
    rate = _rates(graph, rates or {}, problems)
    problems.raise_if_any()
    first, at = {}, 0
    for part in graph.parts:
        first[part.name], at = at, at + part.size
    inputs = sum(s.size for s in graph.sources)
    rows = [
        np.stack([
            p.pre + first[p.source],
            p.post + first[p.target] - inputs,
            np.full(p.pre.size, RECEPTORS.index(p.receptor)),
            np.full(p.pre.size, DELAYS.index(p.delay)),
        ])
        for p in graph.projections
    ]  # fmt: skip
    table = np.concatenate(rows, axis=1) if rows else np.zeros((4, 0), dtype=np.int64)
    count = np.concatenate([p.count for p in graph.projections]) if rows else np.zeros(0, dtype=np.int64)
    keys, place = np.unique(table, axis=1, return_inverse=True)
    total = np.zeros(keys.shape[1], dtype=count.dtype)
    np.add.at(total, place.ravel(), count)
    return Circuit(
        graph, inputs, at - inputs, keys[0], keys[1], keys[2], total, keys[3], rate,
        np.repeat([stage[p.name] for p in graph.populations], [p.size for p in graph.populations]),
    )  # fmt: skip


def _check_outputs(graph: NetworkGraph, profile: HardwareProfile, problems: Problems) -> None:
    """Where an event is nothing but its tag, outputs can be told apart only by as many tags."""
    count = sum(p.size for p in graph.populations if p.name in graph.output_names)
    limit = profile.routing.tags
    if profile.routing.addressing == "tag" and isinstance(limit, int) and count > limit:
        hint = "name fewer populations as outputs"
        problems.note("outputs", count, f"at most {limit}, one tag for each at the monitor", hint=hint)


def _check_technology(graph: NetworkGraph, profile: HardwareProfile, problems: Problems) -> None:
    """Biases in amperes mean other time constants and gains where I0 or a capacitor differs."""
    if graph.technology is None:
        return
    chip = profile.technology()
    names = [f.name for f in fields(chip) if getattr(chip, f.name) != getattr(graph.technology, f.name)]
    if names:
        given = ", ".join(f"{name} = {getattr(graph.technology, name):g}" for name in names)
        wanted = ", ".join(f"{name} = {getattr(chip, name):g}" for name in names)
        hint = f"make the layers with profile={profile.name!r}, so that they are trained for this chip"
        problems.note("constants behind the biases", given, f"those of {profile.name}: {wanted}", hint=hint)


def _check_delays(graph: NetworkGraph, profile: HardwareProfile, problems: Problems) -> None:
    """A delay is a flag of an input word, which not every chip has."""
    for p in graph.projections:
        if p.delay != "none" and p.pre.size and f"{p.delay}_delay" not in profile.synapse.word_parts:
            where = f"{p.source} -> {p.target} ({p.receptor}): delay"
            problems.note(where, p.delay, f"none: the input words of {profile.name} have no {p.delay} delay")


def _rates(graph: NetworkGraph, given: Mapping[str, ArrayLike], problems: Problems) -> Floats:
    parts = {part.name: part.size for part in graph.parts}
    problems.extend(unknown_name("rates", name, parts) for name in given if name not in parts)
    found = []
    for name, size in parts.items():
        try:
            value = np.broadcast_to(np.asarray(given.get(name, 1.0), dtype=np.float64), (size,))
        except (TypeError, ValueError):
            problems.note(f"rates[{name!r}]", given[name], f"one number, or {size} numbers")
            continue
        if not ((value >= 0) & (value <= _FASTEST)).all():
            problems.note(f"rates[{name!r}]", given[name], f"finite numbers >= 0, at most {_FASTEST:g}")
        found.append(value)
    return np.concatenate(found) if found else np.zeros(0)


def words_of(circuit: Circuit, repeat: bool) -> Ints:
    """Input words that each entry of ``circuit.pre`` takes: its count where a weight is repeated words, else 1.

    Raises:
        BadInput: if a weight is repeated words, and a count is not whole.
    """
    if not repeat:
        return np.ones(circuit.pre.size, dtype=np.int64)
    if circuit.count.dtype.kind == "f":
        broken = int(np.flatnonzero(circuit.count != np.rint(circuit.count))[0])
        where = f"synapses onto {circuit.name_of(int(circuit.post[broken]))}"
        raise BadInput.one(where, float(circuit.count[broken]), "a whole number of input words")
    return circuit.count.astype(np.int64)


def fan_in(circuit: Circuit, words: Ints) -> Ints:
    """Input words that each neuron needs, (neurons,)."""
    return np.bincount(circuit.post, weights=words, minlength=circuit.neurons).astype(np.int64)
