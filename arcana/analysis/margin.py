"""How clearly a network decides: a metric that sees chips get worse long before they are wrong."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from arcana.errors import BadInput
from arcana.nn.readout import population_rates
from arcana.typing import Tensor


@dataclass(frozen=True)
class Margin:
    """(r - o) / (r + o), mean over the series: r spikes of the right class, o of the strongest other one.

    1 where only the right class spikes, -1 where only another does, 0 where two classes tie or nothing spikes.
    Neighbouring output neurons form the population of a class.

    Attributes:
        classes: Number of classes, at least 2; None: every output neuron is a class of its own.
    """

    classes: int | None = None

    def __call__(self, spikes: Tensor, targets: Tensor) -> float:
        """Mean margin, -1 to 1; spikes (B, T, n), targets (B,).

        Raises:
            BadInput: for fewer than two classes, or targets that are none of them.
        """
        classes = spikes.shape[-1] if self.classes is None else self.classes
        if classes < 2:
            raise BadInput.one("classes", classes, "at least 2")
        if bool((targets < 0).any()) or bool((targets >= classes).any()):
            raise BadInput.one("targets", sorted(set(targets.tolist())), f"classes 0 to {classes - 1}")
        rates, own = population_rates(spikes, classes, 1.0).double(), targets.unsqueeze(-1)
        right = rates.gather(-1, own).squeeze(-1)
        other = rates.scatter(-1, own, -1.0).amax(-1)
        tiny = torch.finfo(rates.dtype).tiny
        return float(((right - other) / (right + other).clamp_min(tiny)).mean())
