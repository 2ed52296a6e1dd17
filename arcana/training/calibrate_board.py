"""What calibration needs of a board: settings it holds, codes that can be set, spikes that can be read."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import torch

from arcana.config import ChipConfig, CoreBiases
from arcana.emulate import Emulator
from arcana.engine.stiffness import StiffDriveWarning
from arcana.errors import Problems
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.decode import decode
from arcana.nn.from_graph import Staged
from arcana.nn.layer import DPILayer
from arcana.nn.parameter import CountParameter
from arcana.typing import Tensor


class Board(Protocol):
    """A board, real or emulated: all that calibration sees of a chip goes through these four."""

    @property
    def config(self) -> ChipConfig:
        """The settings that the board holds before calibration."""

    @property
    def profile(self) -> HardwareProfile:
        """The chip that they were made for."""

    def set_codes(self, cores: Sequence[CoreBiases]) -> None:
        """Program the bias codes of all cores; nothing else changes."""

    def run(self, X: Tensor) -> Mapping[str, Tensor]:
        """Play the series and return spikes per step by population, each (B, T, n).

        Populations that are read out must be there. Others may be: those that the monitor of the board shows.
        Neurons of a population stand in the order of their ``index`` in the settings.
        """


class EmulatorBoard:
    """An emulator as a board. It works on a copy: the emulator that is given stays as it is.

    A trial may drive the neurons harder than the emulation's sub-steps follow; here that is silent. An emulator
    that is built from the calibrated settings says it.

    Raises:
        BadInput: for several boards at once.
    """

    def __init__(self, emulator: Emulator) -> None:
        problems = Problems()
        check_one_board(emulator, problems)
        problems.raise_if_any()
        kept = (emulator.profile, emulator.config, emulator.decoded)  # frozen; a copied profile is slow to look up
        self._emulator = copy.deepcopy(emulator, {id(part): part for part in kept})
        self._switched = any(word.switches for n in self.config.neurons for word in n.cam_words)
        self._currents_only = _without_tables(self.config)
        self._played: tuple[Tensor, Tensor] | None = None

    @property
    def config(self) -> ChipConfig:
        """The settings of the emulator."""
        return self._emulator.config

    @property
    def profile(self) -> HardwareProfile:
        """The chip of the emulator."""
        return self._emulator.profile

    def set_codes(self, cores: Sequence[CoreBiases]) -> None:
        """The currents of these codes, in place; where words have weight switches, their weights as well."""
        net, settings = self._emulator.net, self.config if self._switched else self._currents_only
        graph = decode(settings.model_copy(update={"cores": list(cores)}), self.profile).graph
        for layer, names in zip(layers(net), net.members, strict=True):
            together = [p for p in graph.populations if p.name in names]
            for bias in layer.bias_names():
                values = np.concatenate([p.values(bias) for p in together])
                same = (values == values[0]).all()
                layer.set_bias(bias, float(values[0]) if same else torch.from_numpy(values))
        if self._switched:  # the weight of a word is a sum of currents, in units of one of them
            for layer, other in zip(layers(net), layers(Staged(graph, self.profile)), strict=True):
                for name, weight in other.named_parameters():
                    if isinstance(weight, CountParameter):
                        getattr(layer, name).data.copy_(weight)

    @torch.no_grad()
    def run(self, X: Tensor) -> Mapping[str, Tensor]:
        """Spikes of all populations."""
        if self._played is None or self._played[0] is not X:
            self._played = (X, self._emulator.encode(X))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", StiffDriveWarning)
            spikes, _, _ = self._emulator.net.run(self._played[1])
        return spikes


def check_one_board(emulator: Emulator, problems: Problems) -> None:
    """Note an emulator of several boards."""
    factors = (f for layer in layers(emulator.net) for f in layer.mismatch_factors().values())
    if any(f.ndim > 1 for f in factors):
        hint = "each board has its own codes: set_mismatch one at a time"
        problems.note("emulator", "several boards", "one board", hint=hint)


def layers(net: Staged) -> list[DPILayer]:
    """The layers of an emulated board."""
    return [layer for layer in net.layers if isinstance(layer, DPILayer)]


def _without_tables(config: ChipConfig) -> ChipConfig:
    """The settings without connections: their currents are decoded in a tenth of the time."""
    neurons = [n.model_copy(update={"cams": [], "srams": []}) for n in config.neurons]
    inputs = [lines.model_copy(update={"events": []}) for lines in config.inputs]
    return config.model_copy(update={"neurons": neurons, "inputs": inputs})
