"""What rounding to bias codes changed, in percent and in the quantity that matters."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping as Named
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from arcana.circuits.names import BIASES, RECEPTORS
from arcana.circuits.relations import tau_of
from arcana.mapping.decode import core_values
from arcana.quantize.codes import efficacy
from arcana.units import show

if TYPE_CHECKING:
    from arcana.circuits.technology import Technology
    from arcana.mapping.result import Mapping

_PARTS = ("mem", *RECEPTORS, "ahp")


@dataclass(frozen=True)
class Rounded:
    """One quantity of one core: as the network has it, and as its codes make it.

    Attributes:
        chip: Chip of the core.
        core: Its number there.
        quantity: ``tau_mem``, ``gain_mem``, ``efficacy_ampa`` ..., or the name of a bias.
        wanted: What the network has.
        made: What the codes make.
        unit: Unit of both.
    """

    chip: int
    core: int
    quantity: str
    wanted: float
    made: float
    unit: str

    @property
    def percent(self) -> float:
        """100 (made / wanted - 1)."""
        return 100 * (self.made / self.wanted - 1) if self.wanted else 0.0 if self.made == 0 else float("inf")

    def __str__(self) -> str:
        made, wanted = (show(v, self.unit) if self.unit else f"{v:.4g}" for v in (self.made, self.wanted))
        return f"{self.quantity} {made} for {wanted} ({self.percent:+.2f} %)"


def rounded(mapping: Mapping) -> tuple[Rounded, ...]:
    """For each core: tau = C Ut / (kappa Itau), gain = Igain / Itau, efficacy of a synapse, and all other biases.

    The efficacy of one synapse (or of one spike, for adaptation) is the jump of its current,
    (Igain / Itau) Iw p with p = 1 - exp(-pulse / tau), or p = 1 where there is no pulse width. With switched
    weights it belongs to the single words and is left out; ``Report.switched`` has their error. Receptors that no
    word of the core uses are left out too.
    """
    technology, found = mapping.profile.technology(), []
    cores = np.unique(mapping.placement.core)
    for at, core in zip(cores.tolist(), mapping.settings.cores, strict=True):
        here = mapping.placement.core == at
        biases = mapping.clustering.sets[int(mapping.clustering.kind[here][0])].biases
        parts = {"mem", *(RECEPTORS[r] for r in np.unique(mapping.circuit.receptor[here[mapping.circuit.post]]))}
        parts |= {"ahp"} if biases.get("Iw_ahp", 0.0) > 0 else set()
        wanted = quantities(biases, technology, parts)
        made = quantities(core_values(core, mapping.profile).biases, technology, parts)
        for name, (value, unit) in wanted.items():
            if not (mapping.settings.switched and name.startswith("efficacy")):
                found.append(Rounded(core.chip, core.core, name, value, made[name][0], unit))
    return tuple(found)


def quantities(
    biases: Named[str, float], technology: Technology, parts: Collection[str]
) -> dict[str, tuple[float, str]]:
    """Time constants, gains and efficacies of some parts (``mem``, ``ampa`` ...), and the remaining biases."""
    found: dict[str, tuple[float, str]] = {}
    for part in (p for p in _PARTS if p in parts):
        leak, gain = biases[f"Itau_{part}"], biases[f"Igain_{part}"]
        tau = tau_of(leak, getattr(technology, f"C_{part}"), technology)
        found[f"tau_{part}"] = (tau, "s")
        found[f"gain_{part}"] = (gain / leak, "")
        weight = biases.get(f"Iw_{part}")
        if weight is not None:
            pulse = biases.get("pulse_ahp" if part == "ahp" else "pulse")
            share = 1.0 if pulse is None else efficacy(pulse, tau)
            found[f"efficacy_{part}"] = (gain / leak * weight * share, "A")
    others = ("Idc", "refractory", "Ith", *(("Inmda_thr",) if "nmda" in parts else ()))
    return found | {name: (biases[name], BIASES[name].unit) for name in others}
