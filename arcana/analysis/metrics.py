"""What a chip is worth, from its output spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from arcana.errors import BadInput
from arcana.nn.readout import population_rates
from arcana.typing import Tensor


class Metric(Protocol):
    """A number for one chip from its output spikes (B, T, n) and the targets; the larger the better."""

    def __call__(self, spikes: Tensor, targets: Any, /) -> Any:
        """Something that ``float`` takes."""
        ...


@dataclass(frozen=True)
class Accuracy:
    """Share of series whose class has the largest spike count, 0 to 1.

    Neighbouring output neurons form the population of a class. A series without any output spike is decided for
    no class: silence is never right.

    Attributes:
        classes: Number of classes; None: every output neuron is a class of its own.
    """

    classes: int | None = None

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
        if targets.shape != spikes.shape[:-2] or targets.dtype.is_floating_point or targets.is_complex():
            given = f"{targets.dtype} {tuple(targets.shape)}"
            raise BadInput.one(
                "targets", given, f"whole numbers {tuple(spikes.shape[:-2])}, a class for each series"
            )
        if bool((targets < 0).any()) or bool((targets >= classes).any()):
            raise BadInput.one("targets", sorted(set(targets.tolist())), f"classes 0 to {classes - 1}")
        return classes


accuracy = Accuracy()
