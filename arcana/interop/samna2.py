"""The vendor's configuration of a DYNAP-SE2 board as JSON.

``configuration.chips[4] -> {cores[4], global_parameters, shared_parameters01 / 23}``,
``core -> {neurons[256], parameters}``, ``neuron -> {synapses[64], destinations[4], 14 latches}``. Beside what
``cereal`` assumes, and as little checked against the library:

- ``dendrite`` is the code of the profile (1024 AMPA, 512 GABA, 256 NMDA, 128 shunt, 0 none); ``type`` of a
  parameter is the code of the letter N or P.
- ``xHop`` counts to the east and ``yHop`` to the south, as the rows of settings do.
- A destination with nothing but zeros is unused; a synapse without a dendrite is empty.
- ``shared_parameters01`` belongs to cores 0 and 1, ``shared_parameters23`` to cores 2 and 3.
- Members whose inner form is not public are neither written nor read: the sADC groups and enables, the DVS
  interface and the bio-amplifiers. Monitoring switches and power-down flags are written at rest, and not read.
- Parameters that the settings do not hold are written with ``idle_code`` of the profile, or (0, 0).
- A latch is written to all neurons of its core. A latch that the settings do not name is off; but one that lets
  a current in (``so_dc``, ``so_adaptation``) is on where its core has a code for it, as the emulator reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from arcana.config import CamWord, ChipConfig, CoreBiases, PlacedNeuron, SramWord
from arcana.config.words import MISMATCHED_DELAY, PRECISE_DELAY, SHORT_TERM
from arcana.errors import Problems, warn_user
from arcana.hardware.profile import HardwareProfile
from arcana.interop import cereal
from arcana.interop.cereal import Node, bits
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

CODE = ("coarse_value", "fine_value")
_FLAGS = {"stp": SHORT_TERM, "precise_delay": PRECISE_DELAY, "mismatched_delay": MISMATCHED_DELAY}
_SYNAPSE = ("dendrite", "weight", "tag", *_FLAGS)
_DESTINATION = ("core", "x_hop", "y_hop", "tag")
_CORE_AT_REST = {
    "neuron_monitoring_on": False, "monitored_neuron": 0, "enable_syaw_stdbuf_an": False,
    "enable_pulse_extender_monitor1": False, "enable_pulse_extender_monitor2": False,
}  # fmt: skip
_CHIP_AT_REST = {
    "enable_pg0_reference_monitor": False, "enable_pg1_reference_monitor": False, "param_gen0_powerdown": False,
    "param_gen1_powerdown": False,
}  # fmt: skip
_CORE_SKIPPED = (*_CORE_AT_REST, "sadc_enables")
_CHIP_SKIPPED = (
    *_CHIP_AT_REST, "sadc_group_parameters01", "sadc_group_parameters23", "sadc_enables", "dvs_if", "bioamps",
)  # fmt: skip
HALVES = {"shared_parameters01": (0, 1), "shared_parameters23": (2, 3)}


def synapse(word: CamWord | None, profile: HardwareProfile) -> dict[str, Any]:
    """The members of a synapse; an empty one for None."""
    word = word or CamWord(0, 0, profile.synapse.empty_code or 0)
    flags = {name: bool(word.flags & bit) for name, bit in _FLAGS.items()}
    weight = bits(word.switches, profile.synapse.weight_bits)
    return {"dendrite": word.receptor, "weight": weight, "tag": word.tag, **flags}


def destination(word: SramWord | None, profile: HardwareProfile) -> dict[str, Any]:
    """The members of a destination; an unused one for None."""
    word = word or SramWord(0, 0, 0, 0, 0)
    return {"core": bits(word.cores, profile.cores_per_chip), "x_hop": word.dx, "y_hop": word.dy, "tag": word.tag}


def latches_of(core: CoreBiases | None, profile: HardwareProfile) -> dict[str, bool]:
    """All latches of a core's neurons."""
    found = dict.fromkeys(profile.latch, False)
    if core is not None:
        for name, bias in profile.bias.items():
            if bias.latch is not None and name in core.biases:
                found[bias.latch] = True
        found |= core.latches
    return found


def shared_codes(
    cores: dict[Core, CoreBiases], chip: int, members: tuple[int, ...], scope: str, profile: HardwareProfile
) -> dict[str, Pair]:
    """Codes that some cores share; one that holds them says them.

    Raises:
        BadInput: listing those of which the cores hold different ones.
    """
    names, problems = names_of(profile, scope), Problems()
    found = codes_of(None, names, profile)
    for name in names:
        held = {
            cores[chip, k].biases[name] for k in members if (chip, k) in cores and name in cores[chip, k].biases
        }
        if len(held) > 1:
            shown = " and ".join(f"({c.coarse}, {c.fine})" for c in sorted(held, key=lambda c: (c.coarse, c.fine)))
            problems.note(f"C{chip}.{name}", shown, f"one code for cores {', '.join(map(str, members))}")
        for code in held:
            found[name] = (code.coarse, code.fine)
    problems.raise_if_any()
    return found


def write_samna2(config: ChipConfig, profile: HardwareProfile) -> str:
    """The configuration of the whole board; a line for each neuron.

    Raises:
        BadInput: for codes of half a chip that differ between its cores.
    """
    cores, neurons = by_place(config), {(n.chip, n.core, n.neuron): n for n in config.neurons}

    def core_text(chip: int, core: int) -> str:
        mine = cores.get((chip, core))
        latches = {f"latch_{name}": json.dumps(on) for name, on in latches_of(mine, profile).items()}
        unused = _neuron(None, latches, profile)
        places = [neurons.get((chip, core, k)) for k in range(profile.neurons_per_core)]
        members = {
            "neurons": cereal.array((unused if n is None else _neuron(n, latches, profile) for n in places), ",\n"),
            "parameters": _map(codes_of(mine, names_of(profile, "core"), profile), profile),
            **{name: json.dumps(value) for name, value in _CORE_AT_REST.items()},
        }
        return cereal.structure(members)

    def chip_text(chip: int) -> str:
        every = tuple(range(profile.cores_per_chip))
        shared = {"global_parameters": shared_codes(cores, chip, every, "chip", profile)}
        shared |= {name: shared_codes(cores, chip, half, "half chip", profile) for name, half in HALVES.items()}
        members = {
            "cores": cereal.array((core_text(chip, k) for k in every), ",\n"),
            **{name: _map(codes, profile) for name, codes in shared.items()},
            **{name: json.dumps(value) for name, value in _CHIP_AT_REST.items()},
        }
        return cereal.structure(members)

    chips = cereal.vector((chip_text(k) for k in range(profile.chips)), ",\n")
    return cereal.structure({"value0": cereal.structure({"chips": chips})}) + "\n"


def read_samna2(text_or_path: str | Path, profile: HardwareProfile) -> Collected:
    """Read such a configuration. Cores that hold nothing but what an untouched chip has are left out.

    The latches of a core are those of its neurons in use, or of all where none is.

    Raises:
        BadInput: listing all problems with their places, such as latches that differ between neurons in use
            (``BadFile`` where a path was given).

    Warns:
        NotHeldWarning: for latches that only unused neurons have, which settings have no place for.
    """
    reader = _Reader(profile)
    found = read_configuration(text_or_path, profile, reader.read)
    if reader.odd:
        warn_user(
            f"latches of {reader.odd} unused neurons differ from their core's and were left out", NotHeldWarning
        )
    return found


def _neuron(neuron: PlacedNeuron | None, latches: dict[str, str], profile: HardwareProfile) -> str:
    words = (
        {} if neuron is None else {w.word: w for w in neuron.cam_words if w.receptor != profile.synapse.empty_code}
    )
    hops = {} if neuron is None else {w.word: w for w in neuron.sram_words}
    empty = cereal.leaf(synapse(None, profile))
    synapses = (cereal.leaf(synapse(words[k], profile)) if k in words else empty for k in range(profile.fan_in))
    targets = range(int(profile.topology.destinations_per_neuron))
    destinations = (cereal.leaf(destination(hops.get(k), profile)) for k in targets)
    members = {"synapses": cereal.array(synapses), "destinations": cereal.array(destinations), **latches}
    return cereal.structure(members)


def _map(codes: dict[str, Pair], profile: HardwareProfile) -> str:
    def one(name: str, code: Pair) -> str:
        kind = profile.bias[name].transistor
        return cereal.leaf({**dict(zip(CODE, code, strict=True)), "type": ord(kind[0]) if kind in "NP" else 0})

    return cereal.mapping({name: one(name, code) for name, code in codes.items()})


class _Reader:
    """Reads a configuration into rows."""

    def __init__(self, profile: HardwareProfile) -> None:
        self.profile = profile
        self.odd = 0
        self.empty = json.loads(cereal.leaf(synapse(None, profile)))
        self.unused = json.loads(cereal.leaf(destination(None, profile)))

    def read(self, top: Node) -> Collected:
        found, codes = Collected(), dict[Core, dict[str, Pair]]()
        members = top.members(("chips",))
        if "chips" not in members:
            top.refuse("no chips", "an object with chips")
            return found
        for chip, node in members["chips"].items(self.profile.chips):
            self._chip(chip, node, found, codes)
        keep_touched(found, codes, self.profile)
        return found

    def _chip(self, chip: int, node: Node, found: Collected, codes: dict[Core, dict[str, Pair]]) -> None:
        known = ("cores", "global_parameters", *HALVES)
        members = node.members(known, _CHIP_SKIPPED)
        if "cores" not in members:
            node.refuse("no cores", "an object with cores")
            return
        names = names_of(self.profile, "core")
        for core, inside in members["cores"].items(self.profile.cores_per_chip):
            held = codes.setdefault((chip, core), codes_of(None, names, self.profile))
            parts = inside.members(("neurons", "parameters"), _CORE_SKIPPED)
            if "parameters" in parts:
                take_codes(held, parts["parameters"], names, self._code)
            if "neurons" in parts:
                self._neurons((chip, core), parts["neurons"], found)
        for name, scope, cores in self._shared():
            shared = codes_of(None, names_of(self.profile, scope), self.profile)
            if name in members:
                take_codes(shared, members[name], list(shared), self._code)
            if shared == codes_of(None, shared, self.profile):
                continue  # as on an untouched chip: nobody set it
            for core in cores:
                if (chip, core) in codes:
                    codes[chip, core] |= shared

    def _shared(self) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        yield "global_parameters", "chip", tuple(range(self.profile.cores_per_chip))
        for name, cores in HALVES.items():
            yield name, "half chip", cores

    def _code(self, node: Node) -> Pair:
        return read_code(node, CODE, ("type",), self.profile)

    def _neurons(self, core: Core, node: Node, found: Collected) -> None:
        latches: dict[Place, dict[str, bool]] = {}
        for k, neuron in node.items(self.profile.neurons_per_core):
            place = (*core, k)
            names = {f"latch_{name}": name for name in self.profile.latch}
            members = neuron.members(("synapses", "destinations", *names))
            latches[place] = {name: members[key].flag() if key in members else False for key, name in names.items()}
            if "synapses" in members:
                for word, item in members["synapses"].items(self.profile.fan_in):
                    if item.value != self.empty:
                        self._synapse(word, item, place, found)
            if "destinations" in members:
                for word, item in members["destinations"].items(int(self.profile.topology.destinations_per_neuron)):
                    if item.value != self.unused:
                        self._destination(word, item, place, found)
        used = [place for place in latches if place in found.cams or place in found.srams]
        if latches:
            self._latches(core, node, latches, used or list(latches), found)

    def _latches(
        self, core: Core, node: Node, latches: dict[Place, dict[str, bool]], used: list[Place], found: Collected
    ) -> None:
        mine = latches[used[0]]
        for name in self.profile.latch:
            differ = next((p[2] for p in used if latches[p][name] != mine[name]), None)
            if differ is not None:
                given = f"{name} is {mine[name]} in neuron {used[0][2]} and not in neuron {differ}"
                node.refuse(given, "the same latches in all neurons in use, as settings hold one set for a core")
        self.odd += sum(own != mine for place, own in latches.items() if place not in used)
        found.latches[core] = mine

    def _synapse(self, word: int, node: Node, place: Place, found: Collected) -> None:
        parts = node.members(_SYNAPSE)
        codes = {r.code for r in self.profile.synapse.receptor.values()}
        kind = parts["dendrite"].value if "dendrite" in parts else self.profile.synapse.empty_code
        tag = parts["tag"].whole(0, int(self.profile.routing.tags) - 1) if "tag" in parts else 0
        switches = parts["weight"].mask(self.profile.synapse.weight_bits) if "weight" in parts else 0
        flags = sum(bit for name, bit in _FLAGS.items() if name in parts and parts[name].flag())
        if kind == self.profile.synapse.empty_code:
            return
        if isinstance(kind, bool) or not isinstance(kind, int) or kind not in codes:
            allowed = ", ".join(map(str, sorted(c for c in codes if c is not None)))
            parts["dendrite"].refuse(kind, f"one of {allowed}, or {self.profile.synapse.empty_code} for none")
            return
        found.cams.setdefault(place, []).append([word, tag, kind, switches, flags])

    def _destination(self, word: int, node: Node, place: Place, found: Collected) -> None:
        parts, routing = node.members(_DESTINATION), self.profile.routing
        mask = parts["core"].mask(self.profile.cores_per_chip) if "core" in parts else 0
        limits = {"x_hop": routing.hops_x or (0, 0), "y_hop": routing.hops_y or (0, 0)}
        limits |= {"tag": (0, int(routing.tags) - 1)}
        value = {name: parts[name].whole(low, high) if name in parts else 0 for name, (low, high) in limits.items()}
        if mask or any(value.values()):
            row = [word, value["tag"], mask, value["x_hop"], value["y_hop"]]
            found.srams.setdefault(place, []).append(row)
