"""Populations of rate units as plain data: what networks of rates produce before neurons are made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from arcana.errors import BadInput, Problems, unknown_name

Place: TypeAlias = Literal["input", "hidden", "output"]
Sign: TypeAlias = Literal["excitatory", "inhibitory", "mixed"]
Effect: TypeAlias = Literal["current", "conductance"]


@dataclass(frozen=True, eq=False)
class RatePopulation:
    """Units of one kind.

    Attributes:
        name: Its name.
        size: Number of units.
        sign: What all of their current synapses do, or ``mixed``.
        place: Whether the units are written from outside, calculated, or only read.
        parameters: Values of each unit by name, (size,).
    """

    name: str
    size: int
    sign: Sign = "mixed"
    place: Place = "hidden"
    parameters: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RateProjection:
    """Synapses from one population to another.

    Attributes:
        source: Name of the population that sends.
        target: Name of the population that receives.
        weight: (target, source), dense or sparse as SciPy has it.
        effect: Whether they add to the drive (``current``) or open a leak (``conductance``).
        plastic: Whether they have short-term plasticity.
    """

    source: str
    target: str
    weight: Any
    effect: Effect = "current"
    plastic: bool = False


@dataclass(frozen=True, eq=False)
class RateGraph:
    """Populations and their projections.

    Raises:
        BadInput: listing names that are used twice, projections that lead nowhere, have the wrong shape or hold
            values that are not finite, and currents against the sign of their source (but for those of outputs).
    """

    populations: tuple[RatePopulation, ...]
    projections: tuple[RateProjection, ...]

    def __post_init__(self) -> None:
        problems, known = Problems(), {p.name: p for p in self.populations}
        for name in sorted({p.name for p in self.populations if known[p.name] is not p}):
            problems.note("populations", name, "each name once")
        for population in self.populations:
            for name, values in population.parameters.items():
                if np.shape(values) != (population.size,):
                    problems.note(f"{population.name}.{name}", np.shape(values), f"({population.size},)", "(shape)")
        for k, p in enumerate(self.projections):
            ends = [known.get(name) for name in (p.target, p.source)]
            for side, end in zip(("target", "source"), ends, strict=True):
                if end is None:
                    problems.append(unknown_name(f"projections[{k}].{side}", str(getattr(p, side)), known))
            if (target := ends[0]) is not None and (source := ends[1]) is not None:
                _check_weight(f"projections[{k}].weight", p, target, source, problems)
        problems.raise_if_any()

    def population(self, name: str) -> RatePopulation:
        """One of them.

        Raises:
            BadInput: for an unknown name.
        """
        for population in self.populations:
            if population.name == name:
                return population
        raise BadInput(unknown_name("population", name, [p.name for p in self.populations]))


def _check_weight(
    where: str, p: RateProjection, target: RatePopulation, source: RatePopulation, problems: Problems
) -> None:
    wanted = (target.size, source.size)
    if tuple(p.weight.shape) != wanted:
        problems.note(where, tuple(p.weight.shape), f"{wanted}: {target.name} by {source.name}", "(shape)")
        return
    values = p.weight.data if hasattr(p.weight, "nnz") else np.asarray(p.weight)
    if not np.isfinite(values).all():
        problems.note(where, f"{int((~np.isfinite(values)).sum())} values", "finite numbers")
    against = {"excitatory": values < 0, "inhibitory": values > 0}.get(source.sign)
    decoded = target.place == "output"  # a read-out weighs as it likes: it is no synapse
    if p.effect == "current" and not decoded and against is not None and against.any():
        sign = "none below 0" if source.sign == "excitatory" else "none above 0"
        problems.note(where, f"{int(against.sum())} weights", f"{sign}: {source.name} is {source.sign}")
