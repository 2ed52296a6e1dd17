"""What a chip is worth, from its output spikes."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import torch

from arcana.errors import BadInput
from arcana.limits import MOST, is_whole
from arcana.nn.readout import population_rates
from arcana.typing import Tensor


class Metric(Protocol):
    """A number for one chip from its output spikes (B, T, n) and the targets; the larger the better.

    One that has an attribute ``bounds`` (least, largest) is not given a threshold beyond them.
    """

    def __call__(self, spikes: Tensor, targets: Any, /) -> Any:
        """Something that ``float`` takes."""
        ...


@dataclass(frozen=True)
class Accuracy:
    """Share of series whose class has the largest spike count, 0 to 1.

    Neighbouring output neurons form the population of a class. A series without any output spike is decided for
    no class: silence is never right.

    Attributes:
        classes: Number of classes, 2 or more; None: every output neuron is a class of its own.

    Raises:
        BadInput: for another number of classes.
    """

    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)

    classes: int | None = None

    def __post_init__(self) -> None:
        if self.classes is not None and not is_whole(self.classes, 2):
            raise BadInput.one("classes", self.classes, f"a whole number from 2 to {MOST:,}, or None")

    def __call__(self, spikes: Tensor, targets: Tensor) -> float:
        """Share of right series; spikes (B, T, n), targets (B,).

        Raises:
            BadInput: for targets that are not one class for each series.
        """
        self._check(spikes, targets)
        return float((self.decide(spikes) == targets).double().mean())

    def decide(self, spikes: Tensor) -> Tensor:
        """Class of each series, (..., B); -1 where no neuron spiked."""
        rates = population_rates(spikes, spikes.shape[-1] if self.classes is None else self.classes, 1.0)
        return rates.argmax(-1).masked_fill(rates.sum(-1) == 0, -1)

    def confusion(self, spikes: Tensor, targets: Tensor) -> list[list[int]]:
        """Series of class i (row) taken for class j (column); the last column counts the undecided."""
        classes = self._check(spikes, targets)
        table = [[0] * (classes + 1) for _ in range(classes)]
        for true, taken in zip(targets.tolist(), self.decide(spikes).tolist(), strict=True):
            table[true][taken] += 1
        return table

    def _check(self, spikes: Tensor, targets: Tensor) -> int:
        classes = spikes.shape[-1] if self.classes is None else self.classes
        if not isinstance(targets, torch.Tensor):
            raise BadInput.one("targets", type(targets).__name__, "a tensor or an array of whole numbers")
        if targets.shape != spikes.shape[:-2] or targets.dtype.is_floating_point or targets.is_complex():
            given = f"{targets.dtype} {tuple(targets.shape)}"
            raise BadInput.one(
                "targets", given, f"whole numbers {tuple(spikes.shape[:-2])}, a class for each series"
            )
        if bool((targets < 0).any()) or bool((targets >= classes).any()):
            raise BadInput.one("targets", sorted(set(targets.tolist())), f"classes 0 to {classes - 1}")
        return classes


accuracy = Accuracy()


def takes_two(metric: Metric) -> bool:
    """Whether it can be called with spikes and targets; True where Python cannot tell."""
    try:
        inspect.signature(metric).bind(None, None)
    except TypeError:
        return False
    except ValueError:  # of a built-in function
        return True
    return True
