"""The chip, emulated: built from its settings alone, as the silicon would be."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from arcana.config import ChipConfig
from arcana.errors import ArcanaWarning, BadInput, warn_user
from arcana.hardware.defects import DefectMap
from arcana.hardware.profile import HardwareProfile
from arcana.hardware.registry import as_profile
from arcana.mapping.decode import Decoded, decode
from arcana.mapping.drc import require
from arcana.mapping.load import Load, count_events
from arcana.mapping.result import Mapping
from arcana.mismatch import Mismatch
from arcana.nn.checks import as_type_of
from arcana.nn.chips import on_device, remove_mismatch
from arcana.nn.from_graph import Staged, StagedState, set_factors
from arcana.nn.simulate import Trace, check_record
from arcana.typing import Tensor


class EmulationWarning(ArcanaWarning):
    """The settings hold something that is not emulated."""


class Emulator(nn.Module):
    """What a board with these settings does: its codes' currents, the connections of its tables, its own mismatch.

    Build it with ``Emulator.from_config``. ``forward`` takes what the network took: the signal if the settings
    hold an encoder, else events (B, T, lines). The chip has no clock; the emulation has time steps, and a spike
    arrives in its own step in populations of a later stage, in the next step in others.

    Attributes:
        config: The settings.
        profile: The chip.
        decoded: The network that the settings describe.
        net: The same as a module.
    """

    def __init__(self, config: ChipConfig, profile: HardwareProfile, decoded: Decoded) -> None:
        super().__init__()
        self.config, self.profile, self.decoded = config, profile, decoded
        self.net = Staged(decoded.graph, profile)

    @classmethod
    def from_config(
        cls,
        config: ChipConfig | Mapping | str | Path,
        profile: HardwareProfile | str,
        mismatch: Mismatch | None = None,
        defects: DefectMap | None = None,
    ) -> Emulator:
        """Build the emulated board.

        Args:
            config: Settings, the path of their file, or a mapping.
            profile: The profile that the settings were made for, or its name.
            mismatch: One board or several; None is a board without mismatch.
            defects: What does not work on this board: settings that use it are refused.

        Raises:
            BadInput: listing every design rule that the settings break.
        """
        if isinstance(config, Mapping):
            config = config.configuration()
        elif isinstance(config, str | Path):
            config = ChipConfig.load(config)
        elif not isinstance(config, ChipConfig):
            raise BadInput.one("config", type(config).__name__, "a ChipConfig, a Mapping, or the path of a file")
        profile = as_profile(profile)
        if mismatch is not None and not isinstance(mismatch, Mismatch):
            raise BadInput.one("mismatch", mismatch, "None, or MismatchModel(...).sample(...)")
        config.check_profile(profile)
        require(config, profile, defects)
        flagged = sum(bool(row[4]) for n in config.neurons for row in n.cams)
        if flagged:
            warn_user(f"delay and plasticity flags of {flagged} input words are not emulated", EmulationWarning)
        emulator = cls(config, profile, decode(config, profile))
        if mismatch is not None:
            emulator.set_mismatch(mismatch)
        return emulator

    def set_mismatch(self, mismatch: Mismatch | None) -> None:
        """Make it another board (or several), or a board without mismatch.

        ln f belongs to a place: it follows from (seed, board, chip and core, bias, number of the neuron), so the
        same board has the same mismatch whatever network is on it.
        """
        remove_mismatch(self.net)
        if mismatch is None:
            return
        factors = {
            name: {bias: on_device(mismatch, bias, self.decoded.places[name], self.profile) for bias in biases}
            for biases, names in self.net.biases_of_members()
            for name in names
        }
        set_factors(self.net, factors)

    def forward(self, X: Tensor, state: StagedState | None = None) -> tuple[Tensor, StagedState]:
        """Signal or events (B, T, n) -> spikes of the outputs, (B, T, n_out) or (boards, B, T, n_out)."""
        spikes, after, _ = self.net.run(self.encode(X), state)
        return self.read_out(spikes), after

    def encode(self, X: Tensor) -> Tensor:
        """The signal as events; events stay as they are, but for their type. Arrays are taken, too."""
        X = as_type_of(self.net, X)
        return X if self.net.encoder is None else cast(Tensor, self.net.encoder(X))

    def read_out(self, spikes: dict[str, Tensor]) -> Tensor:
        """The spikes of the output lines, from those of all populations."""
        wanted = {name for name, _ in self.decoded.outputs}
        if len(wanted) == 1:  # nothing to put together; and where all are read in order, nothing to copy
            (name,), lines = wanted, [index for _, index in self.decoded.outputs]
            whole = lines == list(range(spikes[name].shape[-1]))
            return spikes[name] if whole else spikes[name][..., lines]
        names = list(spikes)
        start, at = {}, 0
        for name in names:
            start[name], at = at, at + spikes[name].shape[-1]
        rows = [start[name] + index for name, index in self.decoded.outputs]
        everything = torch.cat([spikes[name] for name in names], -1)
        return everything[..., rows]

    @torch.no_grad()
    def load(self, X: Tensor) -> Load:
        """Events of a run on this input, per series on average: see ``arcana.mapping.load.count_events``.

        Raises:
            BadInput: for several boards, whose loads differ.
        """
        return self.load_of_lines(self.encode(X))

    @torch.no_grad()
    def load_of_lines(self, events: Tensor) -> Load:
        """The same for events on the input lines (B, T, lines), past the encoder."""
        spikes, _, _ = self.net.run(events)
        if any(s.ndim != events.ndim for s in spikes.values()):
            raise BadInput.one("emulator", "several boards", "one board", hint="set_mismatch one at a time")
        names = [lines.name for lines in self.config.inputs]
        lines = torch.split(events, [lines.size for lines in self.config.inputs], -1)
        return count_events(
            self.config, self.profile, _per_series(spikes), _per_series(dict(zip(names, lines, strict=True))),
            events.shape[-2] * self.net.dt,
        )  # fmt: skip

    @torch.no_grad()
    def simulate_lines(self, events: Tensor, record: tuple[str, ...] = ("spikes",)) -> dict[str, Tensor]:
        """Records of the output lines for events on the input lines (B, T, lines), past the encoder."""
        wanted = check_record(record)
        _, _, records = self.net.run(events, record=wanted)
        return {what: self.read_out({name: kept[what] for name, kept in records.items()}) for what in wanted}

    @torch.no_grad()
    def simulate(self, X: Tensor, record: tuple[str, ...] = ("spikes",), state: StagedState | None = None) -> Trace:
        """Run with records, one entry for each population (after one for the encoder); see ``arcana.simulate``."""
        wanted = check_record(record)
        events = self.encode(X)
        spikes, after, records = self.net.run(events, state, wanted)
        rows = [records[p.name] for p in self.config.populations]
        if self.net.encoder is not None:
            rows.insert(0, {"spikes": events} if "spikes" in wanted else {})
        return Trace(self.read_out(spikes), after, tuple(rows), self.net.dt)


def _per_series(events: dict[str, Tensor]) -> dict[str, Any]:
    """Events of each line or neuron in one series, the mean over the batch."""
    return {name: e.double().sum(-2).reshape(-1, e.shape[-1]).mean(0).numpy() for name, e in events.items()}
