"""The last check of a mapping: the tables, followed event by event, give the network back; nothing else."""

from __future__ import annotations

import numpy as np

from arcana.circuits.names import RECEPTORS
from arcana.config import ChipConfig
from arcana.errors import ArcanaError
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.circuit import Circuit, Ints
from arcana.mapping.wiring import wiring


class NotConserved(ArcanaError):
    """The tables connect something else than the network: a fault of the mapper, never of the user."""


def require_conserved(
    config: ChipConfig, profile: HardwareProfile, circuit: Circuit, words: Ints, switches: Ints
) -> None:
    """Compare the words that events reach with the words that were asked for.

    Args:
        config: The settings; their neurons in the order of the circuit.
        profile: The chip.
        circuit: The network.
        words: Input words of each synapse group.
        switches: Weight switches of each synapse group.

    Raises:
        NotConserved: if anything is missing or anything is there that was not asked for.
    """
    found = wiring(config, profile)
    codes = np.array([profile.synapse.receptor[name].code for name in RECEPTORS])
    have = np.stack([found.pre, found.post, found.receptor, found.switches, found.flags])
    want = np.stack([circuit.pre, circuit.post, codes[circuit.receptor], switches, circuit.flags])
    want = np.repeat(want, words, axis=1)
    have, want = (rows[:, np.lexsort(rows)] for rows in (have, want))
    if have.shape != want.shape or (have != want).any():
        raise NotConserved(
            f"the tables make {have.shape[1]} connections where the network has {want.shape[1]}, or other ones: "
            "please report this with the network"
        )
