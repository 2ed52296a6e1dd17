"""The vendor's configuration of a DYNAP-SE1 board as JSON.

``configuration.chips[4].cores[4].{neurons[256], parameter_group.param_map[25]}``. Beside what ``cereal`` assumes,
and as little checked against the library:

- ``synType`` is written as a name (AMPA, NMDA, GABA_A, GABA_B); the reader takes the chip's code (0 GABA_B,
  1 GABA_A, 2 NMDA, 3 AMPA) as well.
- ``targetChipId`` counts the chips 0 to 3 in the order of the profile. What steers a spike are the hops.
- ``sx``, ``sy`` are booleans: west and south are true.
- A synapse that listens to core 0, neuron 0 is empty; so is a destination that is not ``inUse``.
- Parameters have no range flag. The second leak of a neuron and the monitored neurons are calls: see ``script``.
- Parameters that the settings do not hold are written with ``idle_code`` of the profile, or (0, 0).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from arcana.config import CamWord, ChipConfig, PlacedNeuron, SramWord
from arcana.errors import warn_user
from arcana.hardware.profile import HardwareProfile
from arcana.interop import cereal
from arcana.interop.caer_words import hop_signs
from arcana.interop.cereal import Node
from arcana.interop.checks import NotHeldWarning
from arcana.interop.collected import Collected, Core, Place
from arcana.interop.samna_common import (
    Pair,
    by_place,
    codes_of,
    keep_touched,
    names_of,
    read_code,
    read_configuration,
    take_codes,
)
from arcana.quantize.bias_list import refuse_low_range

CODE = ("coarse", "fine")
_SYNAPSE = ("syn_type", "listen_neuron_id", "listen_core_id")
_DESTINATION = ("target_chip_id", "in_use", "virtual_core_id", "core_mask", "sx", "sy", "dx", "dy")


def synapse_type(code: int, profile: HardwareProfile) -> str:
    """The vendor's name of a receptor."""
    return next(r.receptor for r in profile.synapse.receptor.values() if r.code == code)


def synapse(word: CamWord | None, profile: HardwareProfile) -> dict[str, Any]:
    """The members of a synapse; an empty one for None."""
    kind, tag = (0, 0) if word is None else (word.receptor, word.tag)
    core, neuron = divmod(tag, profile.neurons_per_core)
    return dict(zip(_SYNAPSE, (synapse_type(kind, profile), neuron, core), strict=True))


def destination(chip: int, word: SramWord | None, profile: HardwareProfile) -> dict[str, Any]:
    """The members of a destination; an unused one for None."""
    if word is None:
        return dict(zip(_DESTINATION, (0, False, 0, 0, False, False, 0, 0), strict=True))
    x, y = profile.topology.chip_positions[chip]
    target = profile.topology.chip_positions.index((x + word.dx, y + word.dy))
    east, south = hop_signs(profile)
    values = (
        target, True, word.tag // profile.neurons_per_core, word.cores,
        bool(1 - east if word.dx < 0 else east if word.dx else 0),
        bool(1 - south if word.dy < 0 else south if word.dy else 0),
        abs(word.dx), abs(word.dy),
    )  # fmt: skip
    return dict(zip(_DESTINATION, values, strict=True))


def write_samna1(config: ChipConfig, profile: HardwareProfile) -> str:
    """The configuration of the whole board; a line for each neuron.

    Raises:
        BadInput: for codes of the low range.
    """
    refuse_low_range(config.cores, "a vendor's parameter")
    cores, neurons = by_place(config), {(n.chip, n.core, n.neuron): n for n in config.neurons}
    names, unused = names_of(profile, "core"), _neuron(None, profile)

    def core_text(chip: int, core: int) -> str:
        codes = codes_of(cores.get((chip, core)), names, profile)
        parameters = {
            name: cereal.leaf({"param_name": name, **dict(zip(CODE, code, strict=True))})
            for name, code in codes.items()
        }
        places = [neurons.get((chip, core, k)) for k in range(profile.neurons_per_core)]
        members = {
            "neurons": cereal.array((unused if n is None else _neuron(n, profile) for n in places), ",\n"),
            "parameter_group": cereal.structure({"param_map": cereal.mapping(parameters)}),
        }
        return cereal.structure(members)

    chips = [
        cereal.structure(
            {"cores": cereal.array((core_text(chip, k) for k in range(profile.cores_per_chip)), ",\n")}
        )
        for chip in range(profile.chips)
    ]
    return cereal.structure({"value0": cereal.structure({"chips": cereal.vector(chips, ",\n")})}) + "\n"


def read_samna1(text_or_path: str | Path, profile: HardwareProfile) -> Collected:
    """Read such a configuration. Cores that hold nothing but an untouched chip's codes are left out.

    Raises:
        BadInput: listing all problems with their places (``BadFile`` where a path was given).

    Warns:
        NotHeldWarning: if a target chip is not where the hops lead by the profile. The hops are kept.
    """
    reader = _Reader(profile)
    found = read_configuration(text_or_path, profile, reader.read)
    if reader.elsewhere:
        text = (
            f"{reader.elsewhere} destinations name another chip than their hops reach by {profile.name}; "
            "the hops were kept"
        )
        warn_user(text, NotHeldWarning)
    return found


def _neuron(neuron: PlacedNeuron | None, profile: HardwareProfile) -> str:
    chip = 0 if neuron is None else neuron.chip
    words = {} if neuron is None else {w.word: w for w in neuron.cam_words}
    hops = {} if neuron is None else {w.word: w for w in neuron.sram_words}
    empty = cereal.leaf(synapse(None, profile))
    synapses = (cereal.leaf(synapse(words[k], profile)) if k in words else empty for k in range(profile.fan_in))
    targets = range(int(profile.topology.destinations_per_neuron))
    destinations = (cereal.leaf(destination(chip, hops.get(k), profile)) for k in targets)
    return cereal.structure({"synapses": cereal.array(synapses), "destinations": cereal.array(destinations)})


class _Reader:
    """Reads a configuration into rows."""

    def __init__(self, profile: HardwareProfile) -> None:
        self.profile = profile
        self.elsewhere = 0
        self.types = {r.receptor: r.code for r in profile.synapse.receptor.values()}
        empty = synapse(None, profile)
        self.empty = [json.loads(cereal.leaf(empty | {"syn_type": kind})) for kind in (*self.types, 0)]

    def read(self, top: Node) -> Collected:
        found, codes = Collected(), dict[Core, dict[str, Pair]]()
        names = names_of(self.profile, "core")
        for chip, node in _array(top, "chips", self.profile.chips):
            for core, inside in _array(node, "cores", self.profile.cores_per_chip):
                members = inside.members(("neurons", "parameter_group"))
                held = codes.setdefault((chip, core), codes_of(None, names, self.profile))
                if "parameter_group" in members:
                    group = members["parameter_group"].members(("param_map",))
                    if "param_map" in group:
                        take_codes(held, group["param_map"], names, self._code)
                if "neurons" in members:
                    for k, neuron in members["neurons"].items(self.profile.neurons_per_core):
                        self._neuron((chip, core, k), neuron, found)
        keep_touched(found, codes, self.profile)
        return found

    def _code(self, node: Node) -> Pair:
        return read_code(node, CODE, ("param_name",), self.profile)

    def _neuron(self, place: Place, node: Node, found: Collected) -> None:
        members = node.members(("synapses", "destinations"))
        if "synapses" in members:
            for k, item in members["synapses"].items(self.profile.fan_in):
                row = None if item.value in self.empty else self._synapse(item)
                if row is not None:
                    found.cams.setdefault(place, []).append([k, *row, 0, 0])
        if "destinations" in members:
            for k, item in members["destinations"].items(int(self.profile.topology.destinations_per_neuron)):
                hop = self._destination(item, place)
                if hop is not None:
                    found.srams.setdefault(place, []).append([k, *hop])

    def _synapse(self, node: Node) -> tuple[int, int] | None:
        """(tag, receptor); None for an empty one."""
        parts = node.members(_SYNAPSE)
        neurons, cores = self.profile.neurons_per_core, self.profile.cores_per_chip
        neuron = parts["listen_neuron_id"].whole(0, neurons - 1) if "listen_neuron_id" in parts else 0
        core = parts["listen_core_id"].whole(0, cores - 1) if "listen_core_id" in parts else 0
        code = self._type(parts["syn_type"]) if "syn_type" in parts else None
        if (core, neuron) in self.profile.routing.reserved_sources:
            return None
        if code is None:
            node.refuse("no synType", "one of " + ", ".join(self.types))
            return None
        return core * neurons + neuron, code

    def _type(self, kind: Node) -> int:
        """A receptor by its name or its code."""
        if not isinstance(kind.value, str):
            return kind.whole(0, max(code or 0 for code in self.types.values()))
        if kind.value not in self.types:
            kind.refuse(kind.value, "one of " + ", ".join(self.types))
        return self.types.get(kind.value) or 0

    def _destination(self, node: Node, place: Place) -> tuple[int, int, int, int] | None:
        """(tag, cores, dx, dy); None for one that is not in use."""
        parts = node.members(_DESTINATION)
        mask = parts["core_mask"].whole(0, (1 << self.profile.cores_per_chip) - 1) if "core_mask" in parts else 0
        used = parts["in_use"].flag() if "in_use" in parts else mask > 0
        routing = self.profile.routing
        most = {"virtual_core_id": (1 << (routing.virtual_core_bits or 0)) - 1, "target_chip_id": 1 << 16}
        most |= {"dx": (routing.hops_x or (0, 0))[1], "dy": (routing.hops_y or (0, 0))[1]}
        value = {name: parts[name].whole(0, high) if name in parts else 0 for name, high in most.items()}
        sign = {name: self._sign(parts[name]) if name in parts else 0 for name in ("sx", "sy")}
        if not used:
            return None
        east, south = hop_signs(self.profile)
        dx = value["dx"] if sign["sx"] == east else -value["dx"]
        dy = value["dy"] if sign["sy"] == south else -value["dy"]
        positions = self.profile.topology.chip_positions
        x, y = positions[place[0]]
        target = value["target_chip_id"] if "target_chip_id" in parts else None
        if target is not None and (target >= len(positions) or positions[target] != (x + dx, y + dy)):
            self.elsewhere += 1
        return value["virtual_core_id"] * self.profile.neurons_per_core + place[2], mask, dx, dy

    def _sign(self, node: Node) -> int:
        """A sign, true or false, or 1 or 0."""
        return int(node.value) if isinstance(node.value, bool) else node.whole(0, 1)


def _array(node: Node, name: str, most: int) -> list[tuple[int, Node]]:
    """The items of a member that an object must have."""
    members = node.members((name,))
    if name not in members:
        if isinstance(node.value, dict):
            node.refuse(f"no {name}", f"an object with {name}")
        return []
    return list(members[name].items(most))
