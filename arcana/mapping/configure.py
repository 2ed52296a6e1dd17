"""A network's biases as codes of a chip's cores: the first form of the export, one population a core."""

from __future__ import annotations

from collections import Counter

import arcana
from arcana.config import (
    BiasCode,
    ChipConfig,
    Connection,
    CoreBiases,
    EncoderSettings,
    InputLines,
    PlacedPopulation,
    ProfileId,
    Provenance,
)
from arcana.errors import BadInput, Problems
from arcana.graph import Encoder, NetworkGraph, Population
from arcana.hardware.profile import HardwareProfile
from arcana.hardware.registry import load_profile
from arcana.quantize.codes import CoreCodes, encode_biases


def configure(
    graph: NetworkGraph, profile: HardwareProfile | str, seed: int | None = None, note: str = ""
) -> ChipConfig:
    """Quantise the biases of every population and put each on a core of its own.

    Args:
        graph: From ``arcana.nn.graph.graph_of``.
        profile: The chip, or its name.
        seed: Recorded in the file, for the user's own book-keeping.
        note: Likewise.

    Raises:
        BadInput: listing everything the chip cannot do: biases out of range, biases that differ between neurons
            of one core, too many neurons, too many synapses.
    """
    profile = load_profile(profile) if isinstance(profile, str) else profile
    problems = Problems()
    if profile.biasgen.kind == "continuous":
        raise BadInput.one("profile", profile.name, "one with bias codes, such as dynapse1")
    cores = _places(graph, profile, problems)
    codes: list[CoreCodes] = []
    for population in graph.populations:
        try:
            codes.append(encode_biases(_shared(population, problems), profile, f"{population.name}."))
        except BadInput as error:
            problems.extend(error.problems)
    _check_fan_in(graph, profile, problems)
    problems.raise_if_any()
    return ChipConfig(
        profile=ProfileId(name=profile.name, hash=profile.hash()),
        provenance=Provenance(arcana_version=arcana.__version__, seed=seed, note=note),
        inputs=[InputLines(name=s.name, size=s.size) for s in graph.sources],
        encoder=None if graph.encoder is None else _encoder(graph.encoder),
        populations=[
            PlacedPopulation(
                name=p.name, size=p.size, chip=chip, core=core, dt_s=p.dt, solver=p.solver,
                leak_saturation=p.leak_saturation, substeps=p.substeps,
            )
            for p, (chip, core) in zip(graph.populations, cores, strict=True)
        ],
        connections=[
            Connection(
                source=p.source, target=p.target, receptor=p.receptor, synapses=sorted(map(list, p.synapses))
            )
            for p in graph.projections
        ],
        cores=[
            CoreBiases(
                chip=chip, core=core, latches=dict(sorted(core_codes.latches.items())),
                biases={n: BiasCode(coarse=c.coarse, fine=c.fine) for n, c in sorted(core_codes.codes.items())},
            )
            for core_codes, (chip, core) in zip(codes, cores, strict=True)
        ],
    )  # fmt: skip


def _places(graph: NetworkGraph, profile: HardwareProfile, problems: Problems) -> list[tuple[int, int]]:
    per_chip, chips, neurons = profile.cores_per_chip, profile.chips, profile.neurons_per_core
    if len(graph.populations) > per_chip * chips:
        allowed = f"at most {per_chip * chips}, one for each core of {chips} chips"
        problems.note("populations", len(graph.populations), allowed)
    for p in graph.populations:
        if p.size > neurons:
            problems.note(f"{p.name}: neurons", p.size, f"at most {neurons}, the size of a core of {profile.name}")
    return [divmod(k, per_chip) for k in range(len(graph.populations))]


def _shared(population: Population, problems: Problems) -> dict[str, float]:
    """One value for each bias: the neurons of a core share it, so differences are refused, not averaged."""
    shared: dict[str, float] = {}
    for name, value in population.biases.items():
        values = value if isinstance(value, tuple) else (value,)
        shared[name] = values[0]
        if len(set(values)) > 1:
            given = f"{len(set(values))} values from {min(values):g} to {max(values):g}"
            problems.note(f"{population.name}.{name}", given, "one value: the neurons of a core share it")
    return shared


def _check_fan_in(graph: NetworkGraph, profile: HardwareProfile, problems: Problems) -> None:
    used: Counter[tuple[str, int]] = Counter()
    for projection in graph.projections:
        for _, post, count in projection.synapses:
            used[projection.target, post] += count
    for (name, neuron), count in sorted(used.items()):
        if count > profile.fan_in:
            problems.note(f"{name}: synapses of neuron {neuron}", count, f"at most {profile.fan_in}")


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
