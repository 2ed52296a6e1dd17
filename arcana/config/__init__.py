"""``ChipConfig``: the settings of a board as a file. Canonical JSON: save, load and save give the same bytes."""

from __future__ import annotations

from arcana.config.chip import FORMAT, VERSION, ChipConfig
from arcana.config.parts import (
    BiasCode,
    CoreBiases,
    EncoderSettings,
    InputLines,
    OutputLines,
    PlacedNeuron,
    PlacedPopulation,
    ProfileId,
    Provenance,
)
from arcana.config.words import CamWord, InputEvent, OutputAddress, SramWord

__all__ = [
    "FORMAT",
    "VERSION",
    "BiasCode",
    "CamWord",
    "ChipConfig",
    "CoreBiases",
    "EncoderSettings",
    "InputEvent",
    "InputLines",
    "OutputAddress",
    "OutputLines",
    "PlacedNeuron",
    "PlacedPopulation",
    "ProfileId",
    "Provenance",
    "SramWord",
]
