"""What the trained network is worth: as it was trained, quantised, exported, and on mismatched chips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from arcana.config import ChipConfig
from arcana.demo.network import Task, parts, set_whole
from arcana.demo.settings import Settings
from arcana.demo.train import encode, layer_spikes
from arcana.emulate import Emulator
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.configure import configure
from arcana.mismatch import MismatchModel
from arcana.nn.graph import graph_of
from arcana.nn.layer import DPILayer
from arcana.nn.readout import population_rates
from arcana.nn.sequential import Sequential
from arcana.typing import Tensor

# Iw_* are left out: with a pulse of finite width the chip's weight current is another number by design
CURRENTS = ("Itau_mem", "Igain_mem", "Idc", "Itau_ampa", "Itau_gabab", "refractory")
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
        mismatch: The quantised network on virtual chips.
        rates: Mean firing rate of each layer [Hz].
        synapses: Largest number of synapses of a neuron.
        bias_error: Largest relative difference between a trained bias and its code's current.
    """

    train: float
    float_test: float
    whole_test: float
    quantised_test: float
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
    path: Path,
    advance: Callable[[str], None],
) -> tuple[Results, Emulator]:
    """Measure the network, write its settings to ``path``, read them back, and measure the emulated chip.

    Returns:
        The results and the emulated chip (without mismatch).
    """
    train_events, test_events = encode(net, task.train_x), encode(net, task.test_x)
    set_whole(net, False)
    train_score = _score(net, train_events, task.train_y, task, settings)
    float_score = _score(net, test_events, task.test_y, task, settings)
    advance("float network")
    set_whole(net, True)
    whole_score = _score(net, test_events, task.test_y, task, settings)
    advance("whole-number weights")

    config = configure(graph_of(net), profile, seed=settings.seed, note="arcana demo: BasicMotions")
    config.save(path)
    emulator = Emulator.from_config(ChipConfig.load(path), profile)
    quantised_score = _score(emulator.net, test_events, task.test_y, task, settings)
    advance("bias codes, read back from the file")

    rows = []
    for cv in settings.cvs:
        if cv == 0:  # all chips are the same one
            rows.append(MismatchRow(cv, (quantised_score[0],) * settings.chips))
        else:
            rows.append(_on_chips(emulator, test_events, task, settings, cv, advance))
    emulator.set_mismatch(None)
    results = Results(
        train=train_score[0],
        float_test=float_score[0],
        whole_test=whole_score[0],
        quantised_test=quantised_score[0],
        mismatch=tuple(rows),
        rates=_rates(emulator.net, test_events, settings),
        synapses=max(int(_row_sums(layer).max()) for layer in parts(emulator.net)[1:]),
        bias_error=_bias_error(net, emulator.net),
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
        scores += _score(emulator.net, events, task.test_y, task, settings)
        advance(f"mismatch {cv:g}: chip {first + number} of {settings.chips}")
    return MismatchRow(cv, tuple(scores))


def _score(net: Sequential, events: Tensor, classes: Tensor, task: Task, settings: Settings) -> list[float]:
    """Accuracy of each chip; one number without a chips axis."""
    rates = population_rates(layer_spikes(net, events)[1], len(task.class_names), settings.dt)
    right = (rates.argmax(-1) == classes).float().mean(-1)
    return [float(share) for share in right.reshape(-1)]


def _rates(net: Sequential, events: Tensor, settings: Settings) -> tuple[float, ...]:
    hidden, out = layer_spikes(net, events)
    return float(hidden.mean()) / settings.dt, float(out.mean()) / settings.dt


def _row_sums(layer: DPILayer) -> Tensor:
    return torch.cat(list(layer.counts().values()), -1).sum(-1)


def _bias_error(net: Sequential, emulated: Sequential) -> float:
    worst = 0.0
    for before, after in zip(parts(net)[1:], parts(emulated)[1:], strict=True):
        for name in CURRENTS:
            ratio = after.nominal(name) / before.nominal(name)
            worst = max(worst, float((ratio - 1).abs().max()))
    return worst
