"""The cores of a board with what works in them, as the placer and the router see them."""

from __future__ import annotations

import numpy as np

from arcana.errors import BadInput
from arcana.hardware.defects import DefectMap
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.circuit import Layout
from arcana.mapping.wiring import reserved_tags


def layout_of(profile: HardwareProfile, defects: DefectMap | None = None) -> Layout:
    """All cores of the board, in order of chip and core.

    Raises:
        BadInput: for a profile that is no chip (no cores, no tags), or one without positions of its chips.
    """
    topology, routing = profile.topology, profile.routing
    if routing.addressing == "direct" or not isinstance(routing.tags, int):
        raise BadInput.one("profile", profile.name, "a chip with routing tables, such as dynapse1 or dynapse2")
    if len(topology.chip_positions) < profile.chips:
        given = f"{len(topology.chip_positions)} positions"
        raise BadInput.one("topology.chip_positions", given, f"one for each of the {profile.chips} chips")
    chip, core = np.divmod(np.arange(profile.chips * profile.cores_per_chip), profile.cores_per_chip)
    defects, neurons, reserved = defects or DefectMap(), profile.neurons_per_core, set(reserved_tags(profile))
    words, tags, senders = [], [], []
    for k, c in zip(chip.tolist(), core.tolist(), strict=True):
        alive = defects.alive(k, c, neurons)
        usable = defects.words(k, c, neurons, profile.fan_in).sum(1)
        words.append(np.where(alive, usable, -1))
        tags.append(routing.tags - len(defects.core_tags(k, c) | reserved))
        silent = [n for at, n in routing.reserved_sources if at == c]
        senders.append(int(alive.sum()) - int(alive[silent].sum()))
    positions = np.array(topology.chip_positions)[chip]
    hops = [routing.hops_x or (0, 0), routing.hops_y or (0, 0)]
    reach = tuple(min(-low, high) for low, high in hops)
    return Layout(
        chip, core, np.array(words), positions[:, 0], positions[:, 1],
        topology.destinations_usable, (reach[0], reach[1]), np.array(tags), np.array(senders),
    )  # fmt: skip
