"""Pass 5: places, tags and tables: how every spike finds its targets, and nothing else does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from arcana.config import CamWord, InputEvent, OutputAddress, SramWord
from arcana.hardware.defects import DefectMap
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.circuit import Circuit, Ints, Layout, Placement
from arcana.mapping.lower import fan_in
from arcana.mapping.routing import by_source, by_tag
from arcana.mapping.routing.common import NoRoute, Tags, audience, crowded, far_apart
from arcana.mapping.routing.words import input_words

__all__ = ["NoRoute", "Routing", "route"]


@dataclass(frozen=True, eq=False)
class Routing:
    """The tables.

    Attributes:
        slot: Place of each neuron in its core, (neurons,).
        cams: Rows of each neuron, as ``CamWord``.
        srams: Rows of each neuron, as ``SramWord``.
        inputs: What to send for an event on each line; lines are counted over all sources.
        outputs: Address of each neuron of each output population.
    """

    slot: Ints
    cams: tuple[tuple[CamWord, ...], ...]
    srams: tuple[tuple[SramWord, ...], ...]
    inputs: tuple[InputEvent, ...]
    outputs: Mapping[str, tuple[OutputAddress, ...]]


def route(
    circuit: Circuit,
    placement: Placement,
    words: Ints,
    switches: Ints,
    layout: Layout,
    profile: HardwareProfile,
    defects: DefectMap | None = None,
    seed: int = 0,
) -> Routing:
    """Fill the routing tables for a placement.

    Args:
        circuit: The network.
        placement: Core of each neuron.
        words: Input words of each synapse group, (groups,).
        switches: Weight switches of each synapse group, (groups,).
        layout: The board.
        profile: The chip.
        defects: What does not work.
        seed: Of the search for places (SE1).

    Raises:
        NoRoute: saying where this placement has no tags, places or words.
    """
    defects = defects or DefectMap()
    used = words > 0
    heard = audience(circuit, placement, layout.chip.size, used)
    if problems := crowded(heard, layout) + far_apart(circuit, heard, layout):
        raise NoRoute(problems)
    need = fan_in(circuit, words)
    if profile.routing.addressing == "source":
        slot, tags = by_source.route(circuit, placement, need, heard, layout, profile, defects, seed)
    else:
        number = profile.need("routing.tags", "routing")
        slot, tags = by_tag.route(circuit, placement, need, heard, layout, number, defects)
    cams = input_words(circuit, placement, slot, tags, words, switches, layout, profile, defects)
    outputs = _outputs(circuit, placement, slot, layout, profile)
    return Routing(
        slot,
        tuple(tuple(CamWord(*row) for row in rows) for rows in cams),
        _output_words(circuit, placement, tags, outputs, layout, profile),
        tuple(
            InputEvent(line, tag, chip, mask)
            for line in range(circuit.inputs)
            for chip, mask, tag in tags.copies[line]
        ),
        outputs,
    )


def _outputs(
    circuit: Circuit, placement: Placement, slot: Ints, layout: Layout, profile: HardwareProfile
) -> dict[str, tuple[OutputAddress, ...]]:
    """SE1: an event at the monitor says core and neuron. SE2: it has the tag of the monitoring word."""
    found: dict[str, tuple[OutputAddress, ...]] = {}
    sizes = {p.name: p.size for p in circuit.graph.populations}
    at, by_place = 0, profile.routing.addressing == "source"
    for name in circuit.graph.output_names:
        rows = []
        for neuron in range(circuit.starts[name], circuit.starts[name] + sizes[name]):
            core, place = int(placement.core[neuron]), int(slot[neuron])
            chip, number = int(layout.chip[core]), int(layout.core[core])
            tag = number * profile.neurons_per_core + place if by_place else at
            rows.append(OutputAddress(chip, number, place, tag))
            at += 1
        found[name] = tuple(rows)
    return found


def _output_words(
    circuit: Circuit,
    placement: Placement,
    tags: Tags,
    outputs: Mapping[str, tuple[OutputAddress, ...]],
    layout: Layout,
    profile: HardwareProfile,
) -> tuple[tuple[SramWord, ...], ...]:
    topology = profile.topology
    count = profile.need("topology.destinations_per_neuron", "routing")
    usable = [k for k in range(count) if k not in topology.monitor_destinations]
    position = {int(c): (int(x), int(y)) for c, x, y in zip(layout.chip, layout.x, layout.y, strict=True)}
    monitor: dict[int, SramWord] = {}
    if topology.monitor_hops is not None:
        everywhere = (1 << profile.cores_per_chip) - 1
        for name, rows in outputs.items():
            for k, address in enumerate(rows):
                word = SramWord(topology.monitor_destinations[0], address.tag, everywhere, *topology.monitor_hops)
                monitor[circuit.starts[name] + k] = word
    found = []
    for neuron in range(circuit.neurons):
        x, y = position[int(layout.chip[placement.core[neuron]])]
        words = [
            SramWord(word, tag, mask, position[chip][0] - x, position[chip][1] - y)
            for word, (chip, mask, tag) in zip(usable, tags.copies[circuit.inputs + neuron], strict=False)
        ]
        found.append(tuple(words + ([monitor[neuron]] if neuron in monitor else [])))
    return tuple(found)


def traffic(circuit: Circuit, placement: Placement, layout: Layout) -> tuple[Ints, Ints]:
    """Senders between cores and between chips: (cores, cores) and (chips, chips), from row to column."""
    heard = audience(circuit, placement, layout.chip.size, np.ones(circuit.pre.size, dtype=bool))[circuit.inputs :]
    cores = np.zeros((layout.chip.size,) * 2, dtype=np.int64)
    np.add.at(cores, placement.core, heard.astype(np.int64))
    number = int(layout.chip.max()) + 1
    reached = np.stack([heard[:, layout.chip == k].any(1) for k in range(number)], axis=1)
    chips = np.zeros((number, number), dtype=np.int64)
    np.add.at(chips, layout.chip[placement.core], reached.astype(np.int64))
    return cores, chips
