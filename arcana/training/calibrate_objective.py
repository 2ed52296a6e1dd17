"""What calibration makes smaller: numbers from spikes alone, smooth where accuracy has steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch.nn.functional import cross_entropy

from arcana.config import ChipConfig
from arcana.errors import BadInput, Problems
from arcana.nn.readout import population_rates
from arcana.typing import Tensor

OBJECTIVES = ("cross_entropy", "core_rates")
Custom: TypeAlias = Callable[[Tensor, Tensor | None], float]
Objective: TypeAlias = "str | Custom"
_FLOOR = 1.0  # [Hz]: rates below are compared as if they were this high


@dataclass(frozen=True, eq=False)
class Seen:
    """One run of a board.

    Attributes:
        out: Spikes of the output lines (B, T, n_out).
        classes: Rate of each class [Hz], (B, classes); None where classes are not known.
        cores: Mean rate of each population on each core [Hz], (B, parts).
    """

    out: Tensor
    classes: Tensor | None
    cores: Tensor


class Reader:
    """Reads runs of a board: which neurons are outputs, and on which core each neuron is.

    Args:
        config: The settings.
        classes: Number of groups of neighbouring output lines; None where there are none.
    """

    def __init__(self, config: ChipConfig, classes: int | None) -> None:
        at = {(n.chip, n.core, n.neuron): (n.population, n.index) for n in config.neurons}
        self.outputs = [at[a.chip, a.core, a.neuron] for lines in config.outputs for a in lines.addresses]
        self.sizes = {p.name: p.size for p in config.populations}
        self.dt = config.populations[0].dt_s
        self.classes = classes
        self._parts: dict[tuple[str, int, int], list[int]] = {}
        for n in config.neurons:
            self._parts.setdefault((n.population, n.chip, n.core), []).append(n.index)

    def read(self, spikes: Mapping[str, Tensor], series: int) -> Seen:
        """What objectives need of the spikes by population.

        Raises:
            BadInput: listing populations that are missing or have another shape than (series, steps, size).
        """
        problems = Problems()
        for name in dict.fromkeys([*(name for name, _ in self.outputs), *spikes]):
            if name not in spikes:
                problems.note(f"board.run()[{name!r}]", None, "spikes of a population that is read out")
            elif name not in self.sizes:
                problems.note("board.run()", name, "populations: " + ", ".join(self.sizes))
            elif (found := tuple(spikes[name].shape))[:1] + found[2:] != (series, self.sizes[name]):
                allowed = f"({series}, steps, {self.sizes[name]})"
                problems.note(f"board.run()[{name!r}]", found, allowed, "(shape)")
        problems.raise_if_any()
        out = torch.stack([spikes[name][..., index] for name, index in self.outputs], -1).float()
        classes = None if self.classes is None else population_rates(out, self.classes, self.dt)
        parts = [
            spikes[name][..., index].float().mean((-2, -1)) / self.dt
            for (name, *_), index in self._parts.items()
            if name in spikes
        ]
        return Seen(out, classes, torch.stack(parts, -1))


def _number(value: object) -> float:
    """What an objective of the user's gave, as a number."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        raise BadInput.one(
            "objective", getattr(value, "shape", type(value).__name__), "a function that gives one number"
        ) from None


def objective_of(objective: Objective, labels: Tensor | None, model: Seen) -> Callable[[Seen], float]:
    """The function of a run that is to become small.

    cross_entropy: mean of -ln softmax(r / u)[class] over the series; r are class rates, u half their mean in the
    model's run. core_rates: mean (r - r_model)^2 / mean r_model^2 of the rates of cores, series by series.

    Args:
        objective: One of ``OBJECTIVES``, or a function of the output spikes (B, T, n_out) and the labels.
        labels: Class of each series; ``core_rates`` does not look at them.
        model: The run of the emulated settings without mismatch.
    """
    if callable(objective):
        custom = objective
        return lambda seen: _number(custom(seen.out, labels))
    if objective == "cross_entropy":
        assert labels is not None
        unit, known = max(float(class_rates(model).mean()) / 2, _FLOOR), labels
        return lambda seen: float(cross_entropy(class_rates(seen).double() / unit, known))
    wanted = model.cores.double()
    scale = max(float((wanted**2).mean()), _FLOOR**2)
    return lambda seen: float(((seen.cores.double() - wanted) ** 2).mean()) / scale


def class_rates(seen: Seen) -> Tensor:
    """The rates of the classes, where they are known."""
    assert seen.classes is not None
    return seen.classes
