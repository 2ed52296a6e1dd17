"""The chip, emulated: built from its settings alone, as the silicon would be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from arcana.circuits.names import RECEPTORS
from arcana.config import ChipConfig, EncoderSettings, PlacedPopulation
from arcana.errors import BadInput, Problems
from arcana.hardware.profile import HardwareProfile
from arcana.hardware.registry import load_profile
from arcana.mismatch import Mismatch
from arcana.nn.chips import apply_mismatch, remove_mismatch
from arcana.nn.encoder import ADM
from arcana.nn.layer import DPILayer
from arcana.nn.sequential import NetworkState, Sequential
from arcana.nn.simulate import Trace, simulate
from arcana.quantize.biasgen import Code
from arcana.quantize.codes import CoreCodes, decode_biases
from arcana.typing import Tensor


class Emulator(nn.Module):
    """What a chip with these settings does: quantised currents, whole synapses, and its own mismatch.

    Build it with ``Emulator.from_config``. ``forward`` takes what the network took: the signal if the settings
    hold an encoder, else events (B, T, n).
    """

    def __init__(self, net: Sequential, config: ChipConfig, profile: HardwareProfile) -> None:
        super().__init__()
        self.net, self.config, self.profile = net, config, profile

    @classmethod
    def from_config(
        cls, config: ChipConfig | str | Path, profile: HardwareProfile | str, mismatch: Mismatch | None = None
    ) -> Emulator:
        """Build the emulated chip.

        Args:
            config: Settings, or the path of their file.
            profile: The profile that the settings were made for, or its name.
            mismatch: One chip or several; None is a chip without mismatch.

        Raises:
            BadInput: if the settings were made for another profile, or do not describe a chain of populations.
        """
        if not isinstance(config, ChipConfig):
            config = ChipConfig.load(config)
        profile = load_profile(profile) if isinstance(profile, str) else profile
        if mismatch is not None and not isinstance(mismatch, Mismatch):
            raise BadInput.one("mismatch", mismatch, "None, or MismatchModel(...).sample(...)")
        config.check_profile(profile)
        modules: list[nn.Module] = [] if config.encoder is None else [_encoder(config.encoder)]
        _check_chain(config)
        _check_fits(config, profile)
        cores = {(c.chip, c.core): c for c in config.cores}
        width = config.inputs[0].size
        for population in config.populations:
            core = cores[population.chip, population.core]
            codes = {name: Code(code.coarse, code.fine) for name, code in core.biases.items()}
            biases = decode_biases(CoreCodes(codes, core.latches), profile)
            modules.append(_layer(population, width, biases, config, profile))
            width = population.size
        emulator = cls(Sequential(*modules), config, profile)
        if mismatch is not None:
            emulator.set_mismatch(mismatch)
        return emulator

    def set_mismatch(self, mismatch: Mismatch | None) -> None:
        """Make it another chip (or several), or a chip without mismatch."""
        remove_mismatch(self.net)
        if mismatch is not None:
            apply_mismatch(self.net, mismatch)

    def forward(self, X: Tensor, state: NetworkState | None = None) -> tuple[Tensor, NetworkState]:
        """Signal or events (B, T, n) -> spikes of the last population, (B, T, n_out) or (chips, B, T, n_out)."""
        out, after = self.net(X, state)
        return cast(Tensor, out), after

    def simulate(self, X: Tensor, record: tuple[str, ...] = ("spikes",)) -> Trace:
        """Run with records; see ``arcana.simulate``."""
        return simulate(self.net, X, record)


def _check_chain(config: ChipConfig) -> None:
    problems = Problems()
    if len(config.inputs) != 1 or not config.populations:
        given = f"{len(config.inputs)} inputs, {len(config.populations)} populations"
        raise BadInput.one("config", given, "one input and at least one population")
    if len({p.dt_s for p in config.populations}) > 1:
        problems.note("dt_s", [p.dt_s for p in config.populations], "one time step for all populations", "s")
    names = [config.inputs[0].name, *(p.name for p in config.populations)]
    for k, c in enumerate(config.connections):
        step = names.index(c.target) - names.index(c.source)
        if step not in (0, 1) or c.target == names[0]:
            problems.note(f"connections[{k}]", f"{c.source} -> {c.target}", "to the next population, or to itself")
    problems.raise_if_any()


def _check_fits(config: ChipConfig, profile: HardwareProfile) -> None:
    """Places, neurons and synapses that the chip has: a file may have been edited since it was exported."""
    problems = Problems()
    neurons: Counter[tuple[int, int]] = Counter()
    for p in config.populations:
        neurons[p.chip, p.core] += p.size
        for what, value, count in (("chip", p.chip, profile.chips), ("core", p.core, profile.cores_per_chip)):
            if value >= count:
                problems.note(f"populations.{p.name}.{what}", value, f"0 to {count - 1} on {profile.name}")
    for (chip, core), used in neurons.items():
        if used > profile.neurons_per_core:
            problems.note(f"neurons on chip {chip} core {core}", used, f"at most {profile.neurons_per_core}")
    synapses: Counter[tuple[str, int]] = Counter()
    for c in config.connections:
        for _, post, count in c.synapses:
            synapses[c.target, post] += count
    for (name, neuron), used in synapses.items():
        if used > profile.fan_in:
            problems.note(f"{name}: synapses of neuron {neuron}", used, f"at most {profile.fan_in}")
    problems.raise_if_any()


def _encoder(settings: EncoderSettings) -> ADM:
    return ADM(
        settings.channels, settings.threshold_up, settings.threshold_down, settings.refractory_steps,
        reset=settings.reset, events_per_step=settings.events_per_step, upsample=settings.upsample,
    )  # fmt: skip


def _layer(
    population: PlacedPopulation, n_in: int, biases: Mapping[str, Any], config: ChipConfig, profile: HardwareProfile
) -> DPILayer:
    mine = [c for c in config.connections if c.target == population.name]
    recurrent = any(c.source == c.target for c in mine)
    layer = DPILayer(
        n_in, population.size, population.dt_s, profile=profile, recurrent=recurrent, solver=population.solver,
        leak_saturation=population.leak_saturation, substeps=population.substeps, **biases,
    )  # fmt: skip
    with torch.no_grad():
        for receptor in RECEPTORS:
            getattr(layer, f"W_{receptor}").zero_()
        for c in mine:
            weights = getattr(layer, f"{'R' if c.source == c.target else 'W'}_{c.receptor}")
            for pre, post, count in c.synapses:
                weights[post, pre] += count
    return layer
