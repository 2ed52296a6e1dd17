"""All numbers of the demo in one place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from arcana.errors import Problems


@dataclass(frozen=True)
class Settings:
    """What the demo runs.

    Attributes:
        profile: The chip that is trained for.
        also: Another chip that the trained network is mapped on, if its constants are the same.
        seed: Start weights, training windows, and the virtual chips.
        speed: How many times faster than life the recordings are played (the wrist moves at 1-5 Hz, the chip's
            synapses and membranes are made for 10-100 ms).
        dt: Time step [s].
        threshold: ADM threshold, in standard deviations of the training signal of a channel.
        hidden: Hidden neurons.
        per_class: Read-out neurons for each class; their rates are averaged.
        updates: Optimiser steps; whole-number weights from ``rounding_from`` of them on.
        window: Steps of the random window that one update sees.
        training_cv: Mismatch in training: every update sees another virtual chip.
        weight_rate: Learning rate of the synapse counts.
        bias_rate: Learning rate of the logarithms of the biases.
        chips: Virtual chips for each size of mismatch.
        cvs: Coefficients of variation of every bias.
    """

    profile: str = "dynapse1"
    also: str = "dynapse2"
    seed: int = 0
    speed: float = 10.0
    dt: float = 2e-3
    threshold: float = 0.2
    hidden: int = 96
    per_class: int = 16
    updates: int = 60
    rounding_from: float = 0.6
    window: int = 200
    training_cv: float = 0.1
    weight_rate: float = 0.3
    bias_rate: float = 0.01
    chips: int = 32
    cvs: tuple[float, ...] = (0.0, 0.1, 0.2)

    def __post_init__(self) -> None:
        problems = Problems()
        for name in ("hidden", "per_class", "updates", "window", "chips"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                problems.note(name, value, "a whole number >= 1")
        for name, unit in (("speed", ""), ("dt", "s"), ("threshold", "standard deviations")):
            number: Any = getattr(self, name)
            if not (isinstance(number, (int, float)) and math.isfinite(number) and number > 0):
                problems.note(name, number, "a finite number > 0", unit)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            problems.note("seed", self.seed, "a whole number >= 0")
        problems.raise_if_any()
