"""What a mapping found, and the settings file that it makes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import arcana
from arcana.config import (
    ChipConfig,
    EncoderSettings,
    InputLines,
    OutputLines,
    PlacedNeuron,
    PlacedPopulation,
    ProfileId,
    Provenance,
)
from arcana.graph import Encoder, NetworkGraph
from arcana.hardware.defects import DefectMap
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.circuit import Circuit, Layout, Placement
from arcana.mapping.cluster import Clustering
from arcana.mapping.quantise import CoreSettings
from arcana.mapping.report import Report
from arcana.mapping.route import Routing
from arcana.mapping.split import SplitCost
from arcana.mapping.whole import Counted


@dataclass(frozen=True, eq=False)
class Mapping:
    """A network on a board: what each pass found. ``configuration()`` is the file, ``report()`` the account.

    Attributes:
        profile: The chip.
        network: The network as it was given.
        circuit: The same as flat arrays, with whole counts and after splitting.
        clustering: Bias set of each neuron.
        placement: Core of each neuron.
        settings: Settings of the cores.
        routing: The tables.
        layout: The board.
        defects: What does not work on it.
        split: What splitting cost; None if nothing had to be split.
        counted: Weights that had to be made whole first.
        seed: Seed of the searches.
        note: The user's own words.
    """

    profile: HardwareProfile
    network: NetworkGraph
    circuit: Circuit
    clustering: Clustering
    placement: Placement
    settings: CoreSettings
    routing: Routing
    layout: Layout
    defects: DefectMap
    split: SplitCost | None
    counted: tuple[Counted, ...]
    seed: int
    note: str

    def configuration(self) -> ChipConfig:
        """The settings of the board."""
        return self._configuration

    def report(self) -> Report:
        """What is used of what, where everything is, what was moved and rounded."""
        return Report.of(self)

    @cached_property
    def _configuration(self) -> ChipConfig:
        graph, start = self.circuit.graph, self.circuit.starts
        inputs = {s.name: (start[s.name], s.size) for s in graph.sources}
        return ChipConfig(
            profile=ProfileId(name=self.profile.name, hash=self.profile.hash()),
            provenance=Provenance(arcana_version=arcana.__version__, seed=self.seed, note=self.note),
            encoder=None if graph.encoder is None else _encoder(graph.encoder),
            populations=[
                PlacedPopulation(
                    name=p.name, size=p.size, dt_s=p.dt, solver=p.solver, leak_saturation=p.leak_saturation,
                    substeps=p.substeps, stage=int(self.circuit.stage[start[p.name]]),
                )
                for p in graph.populations
            ],
            inputs=[
                InputLines(
                    name=name, size=size,
                    events=[
                        [e.line - first, *e[1:]] for e in self.routing.inputs if first <= e.line < first + size
                    ],
                )
                for name, (first, size) in inputs.items()
            ],
            outputs=[
                OutputLines(name=name, neurons=[list(a) for a in rows])
                for name, rows in self.routing.outputs.items()
            ],
            cores=list(self.settings.cores),
            neurons=[self._neuron(p.name, k) for p in graph.populations for k in range(p.size)],
        )  # fmt: skip

    def _neuron(self, population: str, index: int) -> PlacedNeuron:
        neuron = self.circuit.starts[population] + index
        core = int(self.placement.core[neuron])
        return PlacedNeuron(
            chip=int(self.layout.chip[core]), core=int(self.layout.core[core]),
            neuron=int(self.routing.slot[neuron]), population=population, index=index,
            tau2=bool(self.clustering.second[neuron]),
            cams=[list(row) for row in self.routing.cams[neuron]],
            srams=[list(row) for row in self.routing.srams[neuron]],
        )  # fmt: skip


def _encoder(encoder: Encoder) -> EncoderSettings:
    return EncoderSettings(
        channels=encoder.channels,
        threshold_up=list(encoder.threshold_up),
        threshold_down=list(encoder.threshold_down),
        refractory_steps=encoder.refractory,
        reset=encoder.reset,
        events_per_step=encoder.events_per_step,
        upsample=encoder.upsample,
    )
