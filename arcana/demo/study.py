"""What the trained network is worth: as it was trained, quantised, exported, and on mismatched chips."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from arcana.config import ChipConfig
from arcana.demo.mapped import MappedRow, map_on
from arcana.demo.network import Task, parts, set_whole
from arcana.demo.settings import Settings
from arcana.demo.train import encode, layer_spikes
from arcana.emulate import Emulator
from arcana.hardware.profile import HardwareProfile
from arcana.hardware.registry import load_profile
from arcana.mismatch import MismatchModel
from arcana.nn.readout import population_rates
from arcana.nn.sequential import Sequential
from arcana.typing import Tensor

TEST_SEED = 1000  # chips that training has not seen
CHIPS_AT_ONCE = 8  # keeps memory small and the progress bar moving


@dataclass(frozen=True)
class MismatchRow:
    """Test accuracy of all chips at one size of mismatch."""

    cv: float
    accuracies: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the chips."""
        return sum(self.accuracies) / len(self.accuracies)

    @property
    def worst(self) -> float:
        """The worst chip."""
        return min(self.accuracies)


@dataclass(frozen=True)
class Results:
    """Accuracies on the test recordings, and what was measured beside them.

    Attributes:
        train: Of the float network on the training recordings.
        float_test: Float weights and currents.
        whole_test: Whole-number weights, float currents.
        quantised_test: Whole-number weights and bias codes, read back from the file.
        mapped: The same before export and after, on each chip.
        mismatch: The quantised network on virtual chips.
        rates: Mean firing rate of each layer [Hz].
        synapses: Largest number of synapses of a neuron.
        bias_error: Largest relative change of a time constant, gain, efficacy or current by its codes.
    """

    train: float
    float_test: float
    whole_test: float
    quantised_test: float
    mapped: tuple[MappedRow, ...]
    mismatch: tuple[MismatchRow, ...]
    rates: tuple[float, ...]
    synapses: int
    bias_error: float


@torch.inference_mode()
def study(
    net: Sequential,
    task: Task,
    settings: Settings,
    profile: HardwareProfile,
    files: Mapping[str, Path],
    advance: Callable[[str], None],
) -> tuple[Results, Emulator]:
    """Measure the network, map it on each chip, read the settings back, and measure the emulated chips.

    Args:
        net: The trained network.
        task: The recordings.
        settings: What to run.
        profile: The chip that the network was trained for.
        files: Where to write the settings, by the name of the chip.
        advance: Called after each measurement with its name.

    Returns:
        The results, and the emulated chip (without mismatch) that the network was trained for.
    """
    adm, _, _ = parts(net)
    train_events, test_events = encode(adm, task.train_x), encode(adm, task.test_x)
    set_whole(net, False)
    train_score = _score(net, train_events, task.train_y, task, settings)
    float_score = _score(net, test_events, task.test_y, task, settings)
    advance("float network")
    set_whole(net, True)
    whole_score = _score(net, test_events, task.test_y, task, settings)
    advance("whole-number weights")

    mapped: list[MappedRow] = []
    for name, path in files.items():
        chip = profile if name == profile.name else load_profile(name)
        mapping = map_on(net, chip, settings.seed)
        before = Emulator.from_config(mapping.configuration(), chip)
        mapping.configuration().save(path)
        after = Emulator.from_config(ChipConfig.load(path), chip)
        scores = (_score(e, test_events, task.test_y, task, settings)[0] for e in (before, after))
        mapped.append(MappedRow.of(mapping, *scores))
        advance(f"{name}: mapped, written, read back")
        if not mapped[1:]:
            emulator, report = after, mapping.report()
    rows = []
    for cv in settings.cvs:
        if cv == 0:  # all chips are the same one
            rows.append(MismatchRow(cv, (mapped[0].after,) * settings.chips))
        else:
            rows.append(_on_chips(emulator, test_events, task, settings, cv, advance))
    emulator.set_mismatch(None)
    results = Results(
        train=train_score[0],
        float_test=float_score[0],
        whole_test=whole_score[0],
        quantised_test=mapped[0].after,
        mapped=tuple(mapped),
        mismatch=tuple(rows),
        rates=_rates(emulator, test_events, settings),
        synapses=max(core.most_words for core in report.cores),
        bias_error=max(abs(bias.percent) for bias in report.biases) / 100,
    )
    return results, emulator


def _on_chips(
    emulator: Emulator, events: Tensor, task: Task, settings: Settings, cv: float, advance: Callable[[str], None]
) -> MismatchRow:
    scores: list[float] = []
    model = MismatchModel(cv)
    # Chip k of a seed is the same however many are drawn, so a batch of chips is a slice of the whole draw
    for first in range(0, settings.chips, CHIPS_AT_ONCE):
        number = min(CHIPS_AT_ONCE, settings.chips - first)
        emulator.set_mismatch(model.sample(number, seed=settings.seed + TEST_SEED, first=first))
        scores += _score(emulator, events, task.test_y, task, settings)
        advance(f"mismatch {cv:g}: chip {first + number} of {settings.chips}")
    return MismatchRow(cv, tuple(scores))


def _score(
    net: Sequential | Emulator, events: Tensor, classes: Tensor, task: Task, settings: Settings
) -> list[float]:
    """Accuracy of each chip; one number without a chips axis."""
    rates = population_rates(_spikes(net, events)[1], len(task.class_names), settings.dt)
    right = (rates.argmax(-1) == classes).float().mean(-1)
    return [float(share) for share in right.reshape(-1)]


def _spikes(net: Sequential | Emulator, events: Tensor) -> tuple[Tensor, Tensor]:
    if isinstance(net, Sequential):
        return layer_spikes(net, events)
    hidden, out = net.net.run(events)[0].values()
    return hidden, out


def _rates(emulator: Emulator, events: Tensor, settings: Settings) -> tuple[float, ...]:
    hidden, out = _spikes(emulator, events)
    return float(hidden.mean()) / settings.dt, float(out.mean()) / settings.dt
