"""Device mismatch: the distribution per bias, and one or many chips drawn from it."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcana.circuits.names import BIASES
from arcana.errors import Problems, did_you_mean, unknown_name
from arcana.hardware.profile import HardwareProfile

DISTRIBUTIONS = ("lognormal", "normal")
Array = NDArray[np.float64]


@dataclass(frozen=True)
class MismatchModel:
    """I -> I f with a factor f per neuron and bias; CV[f] = ``cv``.

    lognormal: f = exp(s g - s^2 / 2), s^2 = ln(1 + CV^2), g standard normal: mean kept, never negative; what a
    spread of subthreshold gate voltages gives. normal: f = 1 + CV g, redrawn at or below zero. No measured shape
    or CV per bias has been published for these chips: both are assumptions, and the profile says so.

    Attributes:
        cv: Coefficient of variation of every bias, or one per bias by name (others 0), each 0 to 1.
        distribution: "lognormal" or "normal".

    Raises:
        BadInput: for a CV outside [0, 1], an unknown bias or distribution; all problems together.
    """

    cv: float | Mapping[str, float] = 0.1
    distribution: str = "lognormal"

    def __post_init__(self) -> None:
        problems = Problems()
        table = self.cv if isinstance(self.cv, Mapping) else {"mismatch": self.cv}
        for name, value in table.items():
            if isinstance(self.cv, Mapping) and name not in BIASES:
                problems.append(unknown_name("bias", name, BIASES))
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not (number and 0 <= value <= 1):
                problems.note(name, value, "a coefficient of variation from 0 to 1")
        if self.distribution not in DISTRIBUTIONS:
            hint = did_you_mean(str(self.distribution), DISTRIBUTIONS)
            problems.note("distribution", self.distribution, "one of " + ", ".join(DISTRIBUTIONS), hint=hint)
        problems.raise_if_any()

    @classmethod
    def from_profile(cls, profile: HardwareProfile) -> MismatchModel:
        """The distribution that a hardware profile names, per bias."""
        table = {name: profile.mismatch_cv(name) for name in BIASES}
        return cls(cv=table, distribution=profile.mismatch_distribution)

    def cv_of(self, bias: str) -> float:
        """Coefficient of variation of one bias."""
        return float(self.cv.get(bias, 0.0)) if isinstance(self.cv, Mapping) else float(self.cv)

    def scaled(self, factor: float) -> MismatchModel:
        """The same model with every CV multiplied, for studies over the size of mismatch."""
        if isinstance(self.cv, Mapping):
            return replace(self, cv={name: cv * factor for name, cv in self.cv.items()})
        return replace(self, cv=self.cv * factor)

    def log_factors(self, bias: str, n: int, rng: np.random.Generator) -> Array:
        """Ln f of n neurons for one bias; zeros where the CV is 0."""
        cv = self.cv_of(bias)
        if cv == 0:
            return np.zeros(n)
        if self.distribution == "lognormal":
            s = math.sqrt(math.log1p(cv * cv))
            return np.asarray(s * rng.standard_normal(n) - s * s / 2)
        factors = 1 + cv * rng.standard_normal(n)
        while (low := factors <= 0).any():
            factors[low] = 1 + cv * rng.standard_normal(int(low.sum()))
        return np.asarray(np.log(factors))

    def sample(self, n_chips: int = 1, seed: int = 0, first: int = 0) -> Mismatch:
        """Draw chips ``first`` to ``first + n_chips - 1`` of a seed; chip k is the same in every draw.

        Raises:
            BadInput: if one is not a whole number (n_chips >= 1, seed and first >= 0).
        """
        return Mismatch(self, n_chips, seed, first)


@dataclass(frozen=True)
class Mismatch:
    """``n_chips`` chips drawn from a model: ln(factor) by population, bias and neuron.

    The numbers follow from (seed, chip, population, bias) alone, so a chip does not depend on the order in which
    it is asked for its parts. ``to_dict`` and ``from_dict`` save and restore it.
    """

    model: MismatchModel
    n_chips: int = 1
    seed: int = 0
    first: int = 0
    _cache: dict[tuple[str, str, int], Array] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        problems = Problems()
        for name, low in (("n_chips", 1), ("seed", 0), ("first", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < low:
                problems.note(name, value, f"a whole number >= {low}")
        problems.raise_if_any()

    def log_factors(self, population: str, bias: str, n: int) -> Array:
        """Ln f, shape (n_chips, n), of the n neurons of a population."""
        key = (population, bias, n)
        if key not in self._cache:
            names = [zlib.crc32(population.encode()), zlib.crc32(bias.encode())]
            rows = [
                self.model.log_factors(bias, n, np.random.default_rng([self.seed, chip, *names]))
                for chip in range(self.first, self.first + self.n_chips)
            ]
            self._cache[key] = np.stack(rows)
        return self._cache[key]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        cv = dict(self.model.cv) if isinstance(self.model.cv, Mapping) else self.model.cv
        draw = {"n_chips": self.n_chips, "seed": self.seed, "first": self.first}
        return {"cv": cv, "distribution": self.model.distribution, **draw}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Mismatch:
        """The inverse of ``to_dict``."""
        known = ("cv", "distribution", "n_chips", "seed", "first")
        problems = Problems(unknown_name("mismatch key", key, known) for key in data if key not in known)
        for key in known:
            if key not in data:
                problems.note(f"mismatch.{key}", None, "a value")
        problems.raise_if_any()
        return cls(MismatchModel(data["cv"], data["distribution"]), data["n_chips"], data["seed"], data["first"])
