"""Between numbers of the world and states of neurons: the bounded affine maps of the original circuit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from arcana.errors import Problems
from arcana.graded import is_number
from arcana.typing import Tensor


@dataclass(frozen=True)
class Interface:
    """A signed number carried by two neurons.

    Attributes:
        positive: Neuron of what lies above the valley.
        negative: Neuron of what lies below.
        valley: Where one neuron takes over from the other.
        low: Smallest value (< 0 for an input).
        high: Largest value.
        low_state: State that stands for nothing.
        high_state: State that stands for the extreme.

    Raises:
        BadInput: listing names that are no text, and values that are not finite or out of order.
    """

    positive: str
    negative: str
    valley: float
    low: float
    high: float
    low_state: float = -10.0
    high_state: float = 10.0

    def __post_init__(self) -> None:
        problems = Problems()
        for name in ("positive", "negative"):
            if not isinstance(getattr(self, name), str):
                problems.note(name, getattr(self, name), "the name of a neuron")
        for name in ("valley", "low", "high", "low_state", "high_state"):
            value = getattr(self, name)
            if not is_number(value):
                problems.note(name, value, "a finite number")
        if not problems:
            if not self.low < 0 < self.high:
                problems.note("low, high", (self.low, self.high), "low < 0 < high")
            elif not self.low <= self.valley <= self.high:
                problems.note("valley", self.valley, f"a number from {self.low:g} to {self.high:g}")
            if not self.low_state < self.high_state:
                problems.note("low_state, high_state", (self.low_state, self.high_state), "in rising order")
        problems.raise_if_any()

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the names of the original files."""
        return {
            "pos": self.positive, "neg": self.negative, "valley": self.valley, "min": self.low, "max": self.high,
            "minState": self.low_state, "maxState": self.high_state,
        }  # fmt: skip

    def encode(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """States of the positive and of the negative neuron.

            value >= valley:  positive = (high_state - low_state) value / high + low_state,  negative = low_state
            value <  valley:  negative = (high_state - low_state) value / low + low_state,   positive = low_state

        They are not clamped: between a negative valley and 0 a state lies below ``low_state``, as in the original.
        """
        span, rest = self.high_state - self.low_state, torch.full_like(value, self.low_state)
        above = value >= self.valley
        positive = torch.where(above, span * (value / self.high) + self.low_state, rest)
        return positive, torch.where(above, rest, span * (value / self.low) + self.low_state)

    def decode(self, positive: Tensor, negative: Tensor) -> Tensor:
        """The number high f(E+) + low f(E-), f affine from the states to 0 ... 1 and clamped.

        For the circuit's own output, from -1 to 1: f(E_FWD) - f(E_REV).
        """
        return self.high * self._share(positive) + self.low * self._share(negative)

    def _share(self, state: Tensor) -> Tensor:
        return ((state - self.low_state) / (self.high_state - self.low_state)).clamp(0, 1)
