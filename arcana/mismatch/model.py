"""The distribution of mismatch, per bias."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from arcana.circuits.names import BIASES
from arcana.errors import BadInput, Problems, did_you_mean, unknown_name
from arcana.hardware.profile import HardwareProfile
from arcana.mismatch.correlation import Array, Pair, as_table, check_possible, from_rows, groups
from arcana.mismatch.sample import Mismatch
from arcana.mismatch.shapes import DISTRIBUTIONS, lognormal, normal_of, normal_redrawn

KEYS = ("cv", "distribution", "correlation")


@dataclass(frozen=True)
class MismatchModel:
    """I -> I f with a factor f per neuron and bias; CV[f] = ``cv``.

    lognormal: f = exp(s g - s^2 / 2), s^2 = ln(1 + CV^2), g standard normal: mean kept, never negative; what a
    spread of subthreshold gate voltages gives. normal: f = 1 + CV g, redrawn at or below zero. No measured shape,
    CV per bias or correlation has been published for these chips: all are assumptions, and the profile says so;
    ``arcana.mismatch.measured.fit_mismatch`` takes them from a table of measurements.

    Attributes:
        cv: Coefficient of variation of every bias, or one per bias by name (others 0), each 0 to 1.
        distribution: "lognormal" or "normal", or one per bias by name (others "lognormal").
        correlation: Correlation of the g (of ln f, for lognormal) of two biases of the same neuron, by pair of
            names: {("Itau_mem", "Igain_mem"): 0.4}. None: every bias is independent of the others.

    Raises:
        BadInput: for a CV outside [0, 1], an unknown bias or distribution, and correlations that cannot be
            together (their matrix has a negative eigenvalue); all problems together.
    """

    cv: float | Mapping[str, float] = 0.1
    distribution: str | Mapping[str, str] = "lognormal"
    correlation: Mapping[Pair, float] | None = None

    def __post_init__(self) -> None:
        problems = Problems()
        _check_cv(self.cv, problems)
        _check_distribution(self.distribution, problems)
        table = as_table(self.correlation, problems)
        if table:
            check_possible(table, problems)
        problems.raise_if_any()
        object.__setattr__(self, "correlation", table)
        for name in ("cv", "distribution"):  # a copy: what the caller does to his own later changes no chip
            value = getattr(self, name)
            object.__setattr__(self, name, dict(value) if isinstance(value, Mapping) else value)

    @classmethod
    def from_profile(cls, profile: HardwareProfile) -> MismatchModel:
        """The distribution that a hardware profile names, per bias."""
        table = {name: profile.mismatch_cv(name) for name in BIASES}
        return cls(cv=table, distribution=profile.mismatch_distribution)

    def cv_of(self, bias: str) -> float:
        """Coefficient of variation of one bias."""
        return float(self.cv.get(bias, 0.0)) if isinstance(self.cv, Mapping) else float(self.cv)

    def distribution_of(self, bias: str) -> str:
        """Shape of the spread of one bias."""
        shape = self.distribution
        return shape.get(bias, DISTRIBUTIONS[0]) if isinstance(shape, Mapping) else shape

    @cached_property
    def correlated(self) -> dict[str, tuple[str, ...]]:
        """By bias, itself and all that it is correlated with, directly or through others; only biases that are."""
        return {name: names for names in groups(self.correlation or {}) for name in names}

    def scaled(self, factor: float) -> MismatchModel:
        """The same model with every CV multiplied, for studies over the size of mismatch. 0 is no mismatch.

        Raises:
            BadInput: if a CV would exceed 1; the message says which factor is still possible.
        """
        number = isinstance(factor, (int, float, np.integer, np.floating)) and not isinstance(factor, bool)
        if not (number and math.isfinite(factor) and factor >= 0):
            raise BadInput.one("scale", factor, "a finite number >= 0")
        table = self.cv if isinstance(self.cv, Mapping) else {"mismatch": self.cv}
        scaled = {name: float(cv * factor) for name, cv in table.items()}
        problems, largest = Problems(), max(table.values(), default=0.0)
        for name, cv in scaled.items():
            if cv > 1:
                hint = f"the scale is {factor:g}; this model can be scaled by at most {1 / largest:.4g}"
                problems.note(name, cv, "a coefficient of variation from 0 to 1", hint=hint)
        problems.raise_if_any()
        return replace(self, cv=scaled if isinstance(self.cv, Mapping) else scaled["mismatch"])

    def log_factors(self, bias: str, n: int, rng: np.random.Generator) -> Array:
        """Ln f of n neurons for one bias by itself; zeros where the CV is 0."""
        cv = self.cv_of(bias)
        if cv == 0:
            return np.zeros(n)
        if self.distribution_of(bias) == "lognormal":
            return lognormal(cv, rng.standard_normal(n))
        return normal_redrawn(cv, n, rng)

    def log_factors_of(self, bias: str, g: Array) -> Array:
        """Ln f of neurons whose Gaussians g, of mean 0 and variance 1, have been drawn together with others'."""
        cv = self.cv_of(bias)
        if cv == 0:
            return np.zeros(g.shape)
        return lognormal(cv, g) if self.distribution_of(bias) == "lognormal" else normal_of(cv, g)

    def sample(self, n_chips: int = 1, seed: int = 0, first: int = 0) -> Mismatch:
        """Draw chips ``first`` to ``first + n_chips - 1`` of a seed; chip k is the same in every draw.

        Raises:
            BadInput: if one is not a whole number (n_chips >= 1, seed and first >= 0).
        """
        return Mismatch(self, n_chips, seed, first)

    def chip(self, seed: int, index: int) -> Mismatch:
        """One chip alone: the one that ``sample(n, seed)`` has at ``index``.

        Raises:
            BadInput: if one is not a whole number >= 0.
        """
        return Mismatch(self, 1, seed, index)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; correlations as rows [bias, bias, correlation], left out where there are none."""
        cv = dict(self.cv) if isinstance(self.cv, Mapping) else self.cv
        shape = dict(self.distribution) if isinstance(self.distribution, Mapping) else self.distribution
        rows = [[*pair, r] for pair, r in (self.correlation or {}).items()]
        return {"cv": cv, "distribution": shape, **({"correlation": rows} if rows else {})}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MismatchModel:
        """The inverse of ``to_dict``; also of what was written before there were correlations.

        Raises:
            BadInput: for missing or unknown keys, and whatever makes no model.
        """
        check_keys(data, KEYS, optional=("correlation",))
        return cls(data["cv"], data["distribution"], from_rows(data.get("correlation")))


def check_keys(data: Any, known: tuple[str, ...], optional: tuple[str, ...]) -> None:
    """All keys that are needed are there, and no other."""
    if not isinstance(data, Mapping):
        raise BadInput.one("mismatch", data, "a mapping with " + ", ".join(known))
    problems = Problems(unknown_name("mismatch key", str(key), known) for key in data if key not in known)
    for key in known:
        if key not in data and key not in optional:
            problems.note(f"mismatch.{key}", None, "a value")
    problems.raise_if_any()


def _check_cv(cv: Any, problems: Problems) -> None:
    table = cv if isinstance(cv, Mapping) else {"mismatch": cv}
    for name, value in table.items():
        if isinstance(cv, Mapping) and name not in BIASES:
            problems.append(unknown_name("bias", str(name), BIASES))
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not (number and 0 <= value <= 1):
            hint = "10 % is written 0.1" if number and 1 < value <= 100 else ""
            problems.note(str(name), value, "a coefficient of variation from 0 to 1", hint=hint)


def _check_distribution(distribution: Any, problems: Problems) -> None:
    table = distribution if isinstance(distribution, Mapping) else {"": distribution}
    for name, shape in table.items():
        if isinstance(distribution, Mapping) and name not in BIASES:
            problems.append(unknown_name("bias", str(name), BIASES))
        if shape not in DISTRIBUTIONS:
            label = f"distribution of {name}" if name else "distribution"
            hint = did_you_mean(str(shape), DISTRIBUTIONS)
            problems.note(label, shape, "one of " + ", ".join(DISTRIBUTIONS), hint=hint)
