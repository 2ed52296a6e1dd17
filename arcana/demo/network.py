"""The network of the demo: encoder, hidden layer, and a read-out population for each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from arcana.data.basic_motions import load_basic_motions
from arcana.data.series import standardised
from arcana.demo.settings import Settings
from arcana.errors import BadInput
from arcana.graph import Solver
from arcana.hardware.profile import HardwareProfile
from arcana.nn.encoder import ADM
from arcana.nn.layer import DPILayer
from arcana.nn.sequential import Sequential
from arcana.typing import Tensor

# Biases to start from [A]: neurons that fire at about 10 Hz without input (so that stillness is a signal too) and
# an input current of at most a few hundred pA, which the sub-steps follow.
START = {"Itau_mem": 2e-12, "Igain_mem": 80e-12, "Idc": 25e-12}
REFRACTORY = 4e-3  # [s]: at most 250 Hz, what set-up guides for the chip suggest
TRAINED = ("Itau_mem", "Igain_mem", "Idc", "Itau_ampa", "Itau_gabab", "Iw_ampa", "Iw_gabab")


@dataclass(frozen=True)
class Task:
    """Standardised recordings and their classes; every series (n, T, channels)."""

    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    class_names: tuple[str, ...]
    channel_names: tuple[str, ...]
    upsample: int


def load_task(settings: Settings) -> Task:
    """The BasicMotions recordings, each channel in standard deviations of its training part.

    Raises:
        BadInput: if the time between two samples, at this speed, is no whole number of steps.
    """
    data = load_basic_motions()
    steps = 1 / (data.sampling_rate * settings.speed * settings.dt)
    if round(steps) < 1 or abs(steps - round(steps)) > 1e-6:
        allowed = f"so that 1 / ({data.sampling_rate:g} Hz * speed * dt) is a whole number"
        raise BadInput.one("speed * dt", settings.speed * settings.dt, allowed, "s")
    train_x, test_x = (torch.from_numpy(x) for x in standardised(data))
    return Task(
        train_x, torch.from_numpy(data.train_y), test_x, torch.from_numpy(data.test_y),
        data.class_names, data.channel_names, round(steps),
    )  # fmt: skip


def build(settings: Settings, task: Task, profile: HardwareProfile) -> Sequential:
    """Encoder and two layers with sparse random synapse counts; float weights until rounding is switched on."""
    generator = torch.Generator().manual_seed(settings.seed)
    channels, classes = task.train_x.shape[-1], len(task.class_names)
    encoder = ADM(channels, settings.threshold, settings.threshold, 0, upsample=task.upsample)
    hidden = _layer(2 * channels, settings.hidden, 0.25e-12, settings, profile)
    readout = _layer(settings.hidden, classes * settings.per_class, 0.6e-12, settings, profile)
    fill(hidden, generator, ampa=(0.4, 6.0), gabab=(0.3, 4.5))
    fill(readout, generator, ampa=(0.35, 1.5), gabab=(0.25, 1.5))
    net = Sequential(encoder, hidden, readout)
    set_whole(net, False)
    return net


def parts(net: Sequential) -> tuple[ADM, DPILayer, DPILayer]:
    """Encoder, hidden layer and read-out of the demo network."""
    encoder, hidden, readout = net
    assert isinstance(encoder, ADM)
    assert isinstance(hidden, DPILayer)
    assert isinstance(readout, DPILayer)
    return encoder, hidden, readout


def set_whole(net: Sequential, whole: bool) -> None:
    """Switch the rounding of synapse counts on or off."""
    for layer in parts(net)[1:]:
        layer.whole_weights = whole


def set_solver(net: Sequential, solver: Solver, substeps: int | None) -> None:
    """Choose the solver of all layers: a cheap one to train with, the accurate one to be judged by."""
    for layer in parts(net)[1:]:
        layer.solver, layer.substeps = solver, substeps


def _layer(n_in: int, n_out: int, weight: float, settings: Settings, profile: HardwareProfile) -> DPILayer:
    options: dict[str, Any] = {f"train_{name}": True for name in TRAINED}
    options |= {**START, "Iw_ampa": weight, "Iw_gabab": weight, "refractory": REFRACTORY}
    return DPILayer(n_in, n_out, settings.dt, profile, train_ampa=True, train_gabab=True, **options)


@torch.no_grad()
def fill(layer: DPILayer, generator: torch.Generator, **receptors: tuple[float, float]) -> None:
    """Counts: each synapse exists with a probability, and is then uniform in 0.5 to 1.5 times a mean."""
    for receptor, (probability, mean) in receptors.items():
        weight: Tensor = getattr(layer, f"W_{receptor}")
        exists = torch.rand(weight.shape, generator=generator) < probability
        weight.copy_(exists * mean * (0.5 + torch.rand(weight.shape, generator=generator)))
