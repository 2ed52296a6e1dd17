"""What a chip can hold and do, as data: profiles read from TOML files. Nothing here needs torch."""

from __future__ import annotations

from arcana.hardware.biases import ChipBias
from arcana.hardware.profile import HardwareProfile
from arcana.hardware.registry import load_profile, profile_names

__all__ = ["ChipBias", "HardwareProfile", "load_profile", "profile_names"]
