"""A real study for tests with real processes: a small random network, and metrics that see every output spike."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from works import note

import arcana
from arcana.analysis import RobustnessStudy
from arcana.engine.dispatch import settings

START = {"Itau_mem": 2e-12, "Igain_mem": 8e-11, "Idc": 4e-11, "Iw_ampa": 1e-12, "refractory": 4e-3}
MODEL = arcana.MismatchModel(0.2)
SCALES = (0.5, 1.0)


@dataclass
class Pattern:
    """A number in which each output spike counts by its place.

    Attributes:
        folder: Where each call is written down, and waits: see ``works.note``.
    """

    folder: Path | None = field(default=None, repr=False)  # no part of what it is

    def __call__(self, spikes: torch.Tensor, targets: Any) -> Any:
        note(self.folder)
        places = torch.arange(spikes.numel(), dtype=torch.float64).sin()
        return float((spikes.double().flatten() * places).sum())


@dataclass
class Refuses(Pattern):
    """Gives something else for the chip that has a certain value.

    Attributes:
        at: The value.
        shape: Shape of what it gives: () is NaN.
    """

    at: float = math.inf
    shape: tuple[int, ...] = ()

    def __call__(self, spikes: torch.Tensor, targets: Any) -> Any:
        value = super().__call__(spikes, targets)
        if value != self.at:
            return value
        return torch.full(self.shape, value) if self.shape else math.nan


class OnlyReference(torch.nn.Module):
    """Lets events through where the reference engine is set."""

    def forward(self, events: torch.Tensor) -> torch.Tensor:
        return events * (settings().engine == "reference")


def network(substeps: int | None = None) -> arcana.Sequential:
    """4 lines, 7 neurons, 3 neurons, with weights that are no whole numbers."""
    generator = torch.Generator().manual_seed(3)
    layers = [arcana.DPILayer(n, m, profile="dynapse1", substeps=substeps, **START) for n, m in ((4, 7), (7, 3))]
    with torch.no_grad():
        for layer in layers:
            layer.whole_weights = False
            layer.W_ampa.copy_(3 * torch.rand(layer.W_ampa.shape, generator=generator))
    return arcana.Sequential(*layers)


def data() -> tuple[torch.Tensor, torch.Tensor]:
    """Three series of events."""
    generator = torch.Generator().manual_seed(4)
    return (torch.rand(3, 150, 4, generator=generator) < 0.1).float(), torch.zeros(3)


def study(metric: Any = None, n_chips: int = 30, seed: int = 3, net: Any = None, **more: Any) -> RobustnessStudy:
    """Two scales, and input that is disturbed differently on each chip."""
    return RobustnessStudy(
        network() if net is None else net, Pattern() if metric is None else metric, data(), MODEL,
        scale=SCALES, jitter=2e-3, n_chips=n_chips, seed=seed, **more,
    )  # fmt: skip


def rows(report: Any) -> dict[tuple[int, int], float]:
    """Values by (point, chip)."""
    return {(p, chip): value for p, point in enumerate(report.points) for chip, value in enumerate(point.values)}
