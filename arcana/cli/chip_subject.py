"""What ``arcana robustness`` puts on virtual chips: the settings of a board, or a network before it is mapped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from arcana.analysis.subjects import Given
from arcana.cli.inspection import load_both
from arcana.cli.saved import load_module
from arcana.config import ChipConfig
from arcana.hardware.profile import HardwareProfile
from arcana.hardware.registry import load_profile
from arcana.nn.graph import graph_of
from arcana.nn.sequential import dpi_layers

SAVED = (".pt", ".pth")


@dataclass(frozen=True, eq=False)
class Candidate:
    """Something that can be judged.

    Attributes:
        given: The settings, or the network.
        chip: The profile that it was made for, or that was asked for.
        lines: Channels of its encoder, or input lines where there is none.
        outputs: Output neurons.
        dt: Time step [s].
        upsample: Steps for each sample of the encoder; None where there is none.
    """

    given: Given
    chip: HardwareProfile
    lines: int
    outputs: int
    dt: float
    upsample: int | None


def read_candidate(path: Path, profile: str | None) -> Candidate:
    """The settings in a JSON file, or the network in a ``.pt`` file.

    Raises:
        BadInput: if it cannot be read, or does not go with the profile.
    """
    return _network(path, profile) if path.suffix in SAVED else _settings(*load_both(path, profile))


def _settings(config: ChipConfig, chip: HardwareProfile) -> Candidate:
    lines, encoder = sum(given.size for given in config.inputs), config.encoder
    outputs, dt = sum(len(given.addresses) for given in config.outputs), config.populations[0].dt_s
    if encoder is None:
        return Candidate(config, chip, lines, outputs, dt, None)
    return Candidate(config, chip, encoder.channels, outputs, dt, encoder.upsample)


def _network(path: Path, profile: str | None) -> Candidate:
    net = load_module(path)
    graph = graph_of(net)
    sizes = {population.name: population.size for population in graph.populations}
    outputs, dt = sum(sizes[name] for name in graph.output_names), graph.populations[0].dt
    chip = next(iter(dpi_layers(net).values())).profile if profile is None else load_profile(profile)
    if graph.encoder is None:
        return Candidate(net, chip, sum(source.size for source in graph.sources), outputs, dt, None)
    return Candidate(net, chip, graph.encoder.channels, outputs, dt, graph.encoder.upsample)
