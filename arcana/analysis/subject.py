"""What a study runs: a network, or the settings of a board, on several virtual chips at once."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from arcana.analysis.conditions import Conditions
from arcana.analysis.draws import Chips, disturbed, noisy, stream
from arcana.analysis.identity import told_settings
from arcana.config import ChipConfig
from arcana.emulate import Emulator
from arcana.errors import BadInput
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.decode import decode
from arcana.nn.checks import as_type_of
from arcana.nn.chips import on_chips
from arcana.nn.sequential import Sequential, dpi_layers
from arcana.nn.temperature import set_temperature
from arcana.typing import Tensor


class Subject(ABC):
    """Something with input lines and output lines that can be put on virtual chips. It can be pickled."""

    dt: float
    has_encoder: bool  # whether a signal comes in, not events

    @abstractmethod
    def identity(self) -> bytes:
        """The same for the same subject: what a checkpoint is recognised by."""

    @abstractmethod
    def encode(self, X: Tensor) -> Tensor:
        """What comes in, as events (..., B, T, lines)."""

    @abstractmethod
    def spikes(self, events: Tensor, chips: Chips, conditions: Conditions) -> Tensor:
        """Output spikes of each chip, (chips, B, T, n); events (B, T, lines), or (chips, B, T, lines)."""

    def run(self, X: Tensor, chips: Chips, conditions: Conditions) -> Tensor:
        """Output spikes (chips, B, T, n) for a signal or events (B, T, channels)."""
        return self.spikes(self._input(X, chips, conditions), chips, conditions)

    def _input(self, X: Tensor, chips: Chips, c: Conditions) -> Tensor:
        if not c.disturbs_input:
            return self.encode(X)
        rows = []
        for chip in range(chips.first, chips.first + chips.n_chips):
            signal = X
            if c.noise:
                signal = torch.from_numpy(noisy(X.double().numpy(), c.noise, chips.seed, chip)).to(X)
            events = self.encode(signal)
            if c.jitter or c.dropped or c.spurious:
                kinds = {"jitter": c.jitter, "dropped": c.dropped, "spurious": c.spurious}
                events = torch.from_numpy(disturbed(events.numpy(), chips.seed, chip, dt=self.dt, **kinds)).to(
                    events
                )
            rows.append(events)
        return torch.stack(rows)


class NetSubject(Subject):
    """A network as it was trained; whatever comes before its first DPI layer is its encoder."""

    def __init__(self, net: nn.Module) -> None:
        layers = dpi_layers(net)
        if not layers:
            raise BadInput.one("net", type(net).__name__, "a network with at least one DPI layer")
        # Of their own: a study must not find what somebody does to the network meanwhile
        self.net = copy.deepcopy(net).eval()
        modules = list(self.net) if isinstance(self.net, Sequential) else [self.net]
        first = next((k for k, module in enumerate(modules) if dpi_layers(module)), 0)
        self.front, self.back = modules[:first], modules[first:]
        self.dt, self.has_encoder = next(iter(layers.values())).dt, bool(self.front)

    def identity(self) -> bytes:
        """See ``Subject``."""
        state = self.net.state_dict()
        parts = [told_settings(self.net).encode()]
        for name in sorted(state):
            parts += [name.encode(), state[name].detach().cpu().numpy().tobytes()]
        return b"|".join(parts)

    def encode(self, X: Tensor) -> Tensor:
        """See ``Subject``."""
        X = as_type_of(self.net, X)
        for module in self.front:
            X = module(X)
        return X

    def spikes(self, events: Tensor, chips: Chips, conditions: Conditions) -> Tensor:
        """See ``Subject``."""
        with on_chips(self.net, chips), set_temperature(self.net, conditions.temperature):
            for module in self.back:
                out: Any = module(events)
                events = out[0] if isinstance(out, tuple) else out
        return _per_chip(events, chips)


class BoardSubject(Subject):
    """The settings of a board, emulated from their tables."""

    def __init__(self, config: ChipConfig, profile: HardwareProfile) -> None:
        self.config, self.profile = config, profile
        self.dt, self.has_encoder = config.populations[0].dt_s, config.encoder is not None
        self._emulator: Emulator | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_emulator": None}  # built again from the settings, by whoever needs it

    def identity(self) -> bytes:
        """See ``Subject``."""
        return f"{self.config.to_json()}{self.profile.hash()}".encode()

    @property
    def emulator(self) -> Emulator:
        """The emulated board, built when first used."""
        if self._emulator is None:
            self._emulator = Emulator(self.config, self.profile, decode(self.config, self.profile))
        return self._emulator

    def encode(self, X: Tensor) -> Tensor:
        """See ``Subject``."""
        return self.emulator.encode(X)

    def spikes(self, events: Tensor, chips: Chips, conditions: Conditions) -> Tensor:
        """See ``Subject``."""
        if not conditions.dead_cams:
            return self._spikes(self.emulator, events, chips, conditions)
        outputs = []
        for k in range(chips.n_chips):  # the tables of each chip are its own
            one = replace(chips, n_chips=1, first=chips.first + k)
            config = without_words(self.config, conditions.dead_cams, one.seed, one.first)
            emulator = Emulator(config, self.profile, decode(config, self.profile))
            outputs.append(self._spikes(emulator, events[k] if events.ndim > 3 else events, one, conditions))
        return torch.cat(outputs)

    def _spikes(self, emulator: Emulator, events: Tensor, chips: Chips, conditions: Conditions) -> Tensor:
        emulator.set_mismatch(chips)
        with set_temperature(emulator.net, conditions.temperature):
            return _per_chip(emulator.simulate_lines(events)["spikes"], chips)


def without_words(config: ChipConfig, share: float, seed: int, chip: int) -> ChipConfig:
    """The settings without the input words that do not work on this chip.

    Which word of which neuron does not work follows from (seed, chip, place of the neuron, number of the word).
    """
    neurons = []
    for neuron in config.neurons:
        random = stream(seed, chip, "cam", f"C{neuron.chip}c{neuron.core}n{neuron.neuron}").random(len(neuron.cams))
        kept = [word for word, number in zip(neuron.cams, random, strict=True) if number >= share]
        neurons.append(neuron.model_copy(update={"cams": kept}))
    return config.model_copy(update={"neurons": neurons})


def _per_chip(spikes: Tensor, chips: Chips) -> Tensor:
    """With the axis of chips, also where there is one chip."""
    return spikes if spikes.ndim > 3 else spikes.unsqueeze(0).expand(chips.n_chips, *spikes.shape)
