"""Energy of a run, where the profile knows what an event costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from arcana.errors import NotPublished
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.load import Load

# Key of the profile, and what it is multiplied with
_TERMS = {
    "energy.spike": "spikes",
    "energy.encode": "copies",
    "energy.broadcast_to_core": "broadcasts",
    "energy.route": "hops",
    "energy.pulse_per_match": "matches",
}
_STATIC = "energy.static"


@dataclass(frozen=True)
class Energy:
    """Energy of a run, or what is missing to tell it.

    Attributes:
        counts: Events of the run, by name.
        duration_s: Its length [s].
        unknown: Keys of the profile that are needed and that nobody has published.
        parts: Energy by key of the profile [J]; empty where one that is needed is unknown.
    """

    counts: Mapping[str, float]
    duration_s: float
    unknown: tuple[str, ...]
    parts: Mapping[str, float]

    @property
    def calibrated(self) -> bool:
        """Whether the profile knows all that is needed."""
        return not self.unknown

    @property
    def joules(self) -> float | None:
        """Energy of the run [J]; None where it is uncalibrated."""
        return sum(self.parts.values()) if self.calibrated else None

    @property
    def watts(self) -> float | None:
        """Mean power [W]; None where it is uncalibrated."""
        return None if self.joules is None else self.joules / self.duration_s

    def __str__(self) -> str:
        if self.joules is None:
            return "uncalibrated: the profile does not know " + ", ".join(self.unknown)
        return f"{self.joules:.4g} J in {self.duration_s:g} s, {self.watts:.4g} W"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "status": "calibrated" if self.calibrated else "uncalibrated", "unknown": list(self.unknown),
            "joules": self.joules, "watts": self.watts, "parts": dict(self.parts), "counts": dict(self.counts),
            "duration_s": self.duration_s,
        }  # fmt: skip


def energy(load: Load, profile: HardwareProfile) -> Energy:
    """Energy of a run [J].

    E = spikes E_spike + copies E_encode + broadcasts E_broadcast + hops E_route
        + matches E_pulse + chips P_static t

    Without every number that is needed there is no sum: the rest would look like the whole. A number is not needed
    where nothing is multiplied with it. The static power is taken as that of one chip, and counted for each chip
    that holds neurons (our assumption).

    Args:
        load: From ``count_events``.
        profile: The chip.
    """
    amounts = {key: load.counts[name] for key, name in _TERMS.items()}
    amounts[_STATIC] = load.chips * load.duration_s
    parts, unknown = dict[str, float](), list[str]()
    for key, amount in amounts.items():
        try:
            parts[key] = amount * profile.need(key, "the energy of a run") if amount else 0.0
        except NotPublished:
            unknown.append(key)
    return Energy(load.counts, load.duration_s, tuple(unknown), {} if unknown else parts)
