"""How much a board holds."""

from __future__ import annotations

from arcana.errors import Problems
from arcana.hardware.profile import HardwareProfile


def check_board(neurons: int, profile: HardwareProfile, problems: Problems) -> None:
    """Note more neurons than a board of this chip has: better now than after training."""
    available = profile.chips * profile.cores_per_chip * profile.neurons_per_core
    if neurons > available:
        cores = f"{profile.chips} chips of {profile.cores_per_chip} cores of {profile.neurons_per_core}"
        problems.note("neurons", neurons, f"at most {available}", hint=f"a board of {profile.name} has {cores}")
