"""What an importer has found, and how it becomes a settings file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import ValidationError

import arcana
from arcana.config import (
    BiasCode,
    ChipConfig,
    CoreBiases,
    InputLines,
    OutputLines,
    PlacedNeuron,
    PlacedPopulation,
    ProfileId,
    Provenance,
)
from arcana.errors import BadInput
from arcana.hardware.model import problems_of
from arcana.hardware.profile import HardwareProfile
from arcana.limits import STEP_RULE, is_step
from arcana.quantize.bias_lines import RangedCore

Core = tuple[int, int]  # chip, core
Place = tuple[int, int, int]  # chip, core, neuron


@dataclass
class Collected:
    """Settings on their way in; what the form does not hold stays empty.

    Attributes:
        biases: Codes of each core.
        latches: Latches of each core.
        cams: Input words of each neuron.
        srams: Output words of each neuron.
        tau2: Neurons on the second leak.
        names: Population and index of neurons that have one. The others become populations ``C0c1``, one for
            each core, in order of their places.
        inputs: Input lines.
        outputs: Output lines.
    """

    biases: dict[Core, dict[str, BiasCode]] = field(default_factory=dict)
    latches: dict[Core, dict[str, bool]] = field(default_factory=dict)
    cams: dict[Place, list[list[int]]] = field(default_factory=dict)
    srams: dict[Place, list[list[int]]] = field(default_factory=dict)
    tau2: set[Place] = field(default_factory=set)
    names: dict[Place, tuple[str, int]] = field(default_factory=dict)
    inputs: list[InputLines] = field(default_factory=list)
    outputs: list[OutputLines] = field(default_factory=list)

    def add_codes(self, cores: Iterable[RangedCore]) -> None:
        """Take over what a reader of text lines found."""
        for core in cores:
            self.biases[core.chip, core.core] = {
                name: BiasCode(coarse=code.coarse, fine=code.fine, low_range=code.low_range)
                for name, code in core.biases.items()
            }

    def config(self, profile: HardwareProfile, dt: float, note: str) -> ChipConfig:
        """The settings file.

        Args:
            profile: The chip.
            dt: Time step of the emulation [s].
            note: Where the settings come from.

        Raises:
            BadInput: if ``dt`` is no time step, or what was found makes no settings file.
        """
        if not is_step(dt):
            raise BadInput.one("dt", dt, STEP_RULE, "s")
        try:
            return self._config(profile, dt, note)
        except ValidationError as error:
            raise BadInput(problems_of(error)) from error

    def _config(self, profile: HardwareProfile, dt: float, note: str) -> ChipConfig:
        names = self._named()
        sizes: dict[str, int] = {}
        for population, index in names.values():
            sizes[population] = max(sizes.get(population, 0), index + 1)
        cores = sorted({*self.biases, *self.latches, *((chip, core) for chip, core, _ in names)})
        return ChipConfig(
            profile=ProfileId(name=profile.name, hash=profile.hash()),
            provenance=Provenance(arcana_version=arcana.__version__, note=note),
            populations=[PlacedPopulation(name=n, size=size, dt_s=float(dt)) for n, size in sizes.items()],
            inputs=self.inputs,
            outputs=self.outputs,
            cores=[
                CoreBiases(
                    chip=chip,
                    core=core,
                    biases=self.biases.get((chip, core), {}),
                    latches=self.latches.get((chip, core), {}),
                )
                for chip, core in cores
            ],
            neurons=[self._neuron(place, name) for place, name in names.items()],
        )

    def _named(self) -> dict[Place, tuple[str, int]]:
        """Population and index of every neuron, in order of places."""
        found: dict[Place, tuple[str, int]] = {}
        ranks: dict[Core, int] = {}
        for place in sorted({*self.cams, *self.srams, *self.tau2, *self.names}):
            core = place[:2]
            if place in self.names:
                found[place] = self.names[place]
                continue
            found[place] = (core_population(core), ranks.get(core, 0))
            ranks[core] = ranks.get(core, 0) + 1
        return found

    def _neuron(self, place: Place, name: tuple[str, int]) -> PlacedNeuron:
        chip, core, neuron = place
        return PlacedNeuron(
            chip=chip,
            core=core,
            neuron=neuron,
            population=name[0],
            index=name[1],
            tau2=place in self.tau2,
            cams=sorted(self.cams.get(place, [])),
            srams=sorted(self.srams.get(place, [])),
        )


def core_population(core: Core) -> str:
    """Name of the population of a core's neurons that have no other name."""
    return "C{}c{}".format(*core)
