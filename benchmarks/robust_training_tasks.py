"""The two recordings of benchmarks/robust_training.py: who moves how, and who says "ae"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from arcana.data.japanese_vowels import load_japanese_vowels, stretched
from arcana.demo import network as demo
from arcana.demo.settings import Settings
from arcana.demo.train import RATE_UNIT, encode, rate_cost
from arcana.hardware import load_profile
from arcana.nn.layer import DPILayer
from arcana.nn.readout import population_rates
from arcana.nn.sequential import Sequential

CHIP = "dynapse1"
FOLDS = 3  # of the training part, for choosing


@dataclass(frozen=True)
class Task:
    """Events and classes of one recording, and the network that is trained on it.

    Attributes:
        name: Of the recording.
        classes: Number of classes.
        dt: Time step [s].
        train: Events (series, T, lines) and classes.
        test: Likewise.
        build: Makes the network of a seed.
        options: Of ``harden``, the same for every method.
        chips: Fresh ones of an update, where there are some.
        unit: Rate difference that is one unit of the logits [Hz].
    """

    name: str
    classes: int
    dt: float
    train: tuple[torch.Tensor, torch.Tensor]
    test: tuple[torch.Tensor, torch.Tensor]
    build: Callable[[int], Sequential]
    options: Mapping[str, Any] = field(default_factory=dict)
    chips: int = 2
    unit: float = RATE_UNIT

    def loss(self, hidden: torch.Tensor, out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Cross-entropy of the class rates, and the demo's cost of silent and of saturated neurons."""
        rates = population_rates(out, self.classes, self.dt)
        return cross_entropy(rates / self.unit, y) + rate_cost(hidden, out, self.dt)

    def developed(self, fold: int) -> Task:
        """The same with one third of its training part in the place of the test part, which is not touched."""
        (X, y), held = self.train, torch.from_numpy(folds(self.train[1].numpy()) == fold)
        return replace(self, train=(X[~held], y[~held]), test=(X[held], y[held]))


def folds(y: NDArray[Any], n: int = FOLDS) -> NDArray[np.int64]:
    """A fold for each series; classes are spread evenly."""
    rng, found = np.random.default_rng(0), np.zeros(len(y), dtype=np.int64)
    for k in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == k))
        found[members] = np.arange(len(members)) % n
    return found


def basic_motions() -> Task:
    """The demo's recording, encoder and network."""
    settings = Settings()
    given = demo.load_task(settings)

    def build(seed: int) -> Sequential:
        return Sequential(*demo.parts(demo.build(replace(settings, seed=seed), given, load_profile(CHIP)))[1:])

    adm = demo.parts(demo.build(settings, given, load_profile(CHIP)))[0]
    parts = [(encode(adm, x), y) for x, y in ((given.train_x, given.train_y), (given.test_x, given.test_y))]
    return Task(
        "BasicMotions",
        len(given.class_names),
        settings.dt,
        *parts,
        build,
        {"updates": 120, "window": settings.window},
    )


SAMPLES, STEPS = 20, 5  # of an utterance; of a sample
DT, RATE = 2e-3, 80.0  # s; Hz of a line at one standard deviation
HIDDEN, PER_CLASS = 96, 8


def japanese_vowels() -> Task:
    """Each coefficient becomes two lines, above and below its mean, whose rate is its distance from there."""
    data = load_japanese_vowels()
    inside = np.arange(data.train_x.shape[1]) < data.train_lengths[:, None]
    mean, sd = data.train_x[inside].mean(0), data.train_x[inside].std(0)  # of the training part alone

    def events(x: NDArray[Any], lengths: NDArray[np.int64]) -> torch.Tensor:
        z = (stretched(x, lengths, SAMPLES) - mean) / sd
        drive = np.concatenate([np.maximum(z, 0), np.maximum(-z, 0)], -1).repeat(STEPS, 1) * RATE * DT
        level = np.floor(np.cumsum(drive, 1) + 0.5)  # an event whenever another one is due
        return torch.from_numpy(np.minimum(np.diff(level, axis=1, prepend=0 * level[:, :1]), 1)).float()

    parts = [
        (events(data.train_x, data.train_lengths), torch.from_numpy(data.train_y)),
        # Every second one: 185 utterances are enough to tell networks apart, and a thousand chips are many
        (events(data.test_x[::2], data.test_lengths[::2]), torch.from_numpy(data.test_y[::2])),
    ]
    options = {"updates": 240, "batch": 60}
    return Task("JapaneseVowels", len(data.class_names), DT, *parts, speakers, options, chips=4, unit=4.0)


def speakers(seed: int) -> Sequential:
    """A network as the demo's, for 24 lines and nine speakers."""
    generator, profile = torch.Generator().manual_seed(seed), load_profile(CHIP)
    biases: dict[str, Any] = {f"train_{name}": True for name in demo.TRAINED}
    biases |= demo.START | {"refractory": demo.REFRACTORY, "train_ampa": True, "train_gabab": True}
    sizes = ((24, HIDDEN, 0.25e-12), (HIDDEN, 9 * PER_CLASS, 0.6e-12))
    hidden, readout = (DPILayer(i, o, DT, profile, Iw_ampa=w, Iw_gabab=w, **biases) for i, o, w in sizes)
    demo.fill(hidden, generator, ampa=(0.4, 6.0), gabab=(0.3, 4.5))
    demo.fill(readout, generator, ampa=(0.35, 1.5), gabab=(0.25, 1.5))
    return Sequential(hidden, readout)


TASKS = {"basic_motions": basic_motions, "japanese_vowels": japanese_vowels}
