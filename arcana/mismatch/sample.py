"""Chips drawn from a distribution of mismatch."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from arcana.circuits.names import BIASES
from arcana.errors import Problems, unknown_name
from arcana.mismatch.correlation import Array, check_whole_groups, mixing

if TYPE_CHECKING:
    from arcana.mismatch.model import MismatchModel

KEYS = ("cv", "distribution", "correlation", "n_chips", "seed", "first", "resampled", "only")
OPTIONAL = ("correlation", "resampled", "only")


@dataclass(frozen=True)
class Mismatch:
    """``n_chips`` chips drawn from a model: ln(factor) by population, bias and neuron.

    The numbers follow from (seed, chip, population, bias) alone, so a chip does not depend on the order in which
    it is asked for its parts, nor a bias on which others there are; biases that the model correlates are mixed
    from the draws of all of them. ``to_dict`` and ``from_dict`` save and restore it.

    Attributes:
        model: The distribution.
        n_chips: How many chips.
        seed: Where they come from.
        first: Number of the first one.
        seeds: Biases that come from another seed, in order of their names: made by ``resampled``.
        kept: The biases that spread at all, None for all of them: made by ``only``.
    """

    model: MismatchModel
    n_chips: int = 1
    seed: int = 0
    first: int = 0
    seeds: tuple[tuple[str, int], ...] = ()
    kept: tuple[str, ...] | None = None
    _cache: dict[tuple[str, str, int], Array] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_cache", {})  # never that of the mismatch which this one was made from by replace
        problems = Problems()
        for name, low in (("n_chips", 1), ("seed", 0), ("first", 0)):
            _check_whole(name, getattr(self, name), low, problems)
        for bias, seed in self.seeds:
            _check_bias(bias, problems)
            _check_whole(f"seed of {bias}", seed, 0, problems)
        for bias in self.kept or ():
            _check_bias(bias, problems)
        problems.raise_if_any()
        check_whole_groups(dict(self.seeds), self.model.correlation or {})

    def log_factors(self, population: str, bias: str, n: int) -> Array:
        """Ln f, shape (n_chips, n), of the n neurons of a population."""
        if self.kept is not None and bias not in self.kept:
            return np.zeros((self.n_chips, n))
        if (population, bias, n) not in self._cache:
            self._draw(population, bias, n)
        return self._cache[population, bias, n]

    def resampled(self, biases: Mapping[str, int]) -> Self:
        """The same chips, but for these biases, whose factors come from another seed each.

        For variance-based sensitivity: two sets of chips that have all but one bias in common.

        Args:
            biases: Seed by name of the bias.

        Raises:
            BadInput: for unknown biases and seeds that are none, and if the model correlates a bias with one that
                does not come from the same seed: the pair would lose its correlation.
        """
        changed = replace(self, seeds=tuple(sorted({**dict(self.seeds), **biases}.items())))
        changed._cache.update({key: rows for key, rows in self._cache.items() if key[1] not in biases})
        return changed

    def only(self, *biases: str) -> Self:
        """The same chips with the factor 1 on every bias but these.

        Raises:
            BadInput: for unknown biases.
        """
        kept = tuple(b for b in dict.fromkeys(biases) if self.kept is None or b in self.kept or b not in BIASES)
        changed = replace(self, kept=kept)
        changed._cache.update({key: rows for key, rows in self._cache.items() if key[1] in kept})
        return changed

    def _draw(self, population: str, bias: str, n: int) -> None:
        """Put the rows of a bias, and of those that it is correlated with, into the cache."""
        chips = range(self.first, self.first + self.n_chips)
        names = self.model.correlated.get(bias)
        if names is None:
            rows = [self.model.log_factors(bias, n, self._generator(chip, population, bias)) for chip in chips]
            self._cache[population, bias, n] = np.stack(rows)
            return
        weights = mixing(names, self.model.correlation or {})
        blocks = []
        for chip in chips:
            g = [self._generator(chip, population, name).standard_normal(n) for name in names]
            # One product after the other: a matrix product may round otherwise for another number of neurons
            mixed = [sum(w * one for w, one in zip(row, g, strict=True)) for row in weights]
            blocks.append([self.model.log_factors_of(name, m) for name, m in zip(names, mixed, strict=True)])
        for k, name in enumerate(names):
            self._cache[population, name, n] = np.stack([block[k] for block in blocks])

    def _generator(self, chip: int, population: str, bias: str) -> np.random.Generator:
        seed = dict(self.seeds).get(bias, self.seed)
        return np.random.default_rng([seed, chip, zlib.crc32(population.encode()), zlib.crc32(bias.encode())])

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        found = {**self.model.to_dict(), "n_chips": self.n_chips, "seed": self.seed, "first": self.first}
        if self.seeds:
            found["resampled"] = dict(self.seeds)
        if self.kept is not None:
            found["only"] = list(self.kept)
        return found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Mismatch:
        """The inverse of ``to_dict``; also of what was written before there were correlations.

        Raises:
            BadInput: for missing or unknown keys, and whatever makes no mismatch.
        """
        from arcana.mismatch.model import KEYS as MODEL_KEYS
        from arcana.mismatch.model import MismatchModel, check_keys

        check_keys(data, KEYS, OPTIONAL)
        model = MismatchModel.from_dict({key: data[key] for key in MODEL_KEYS if key in data})
        mismatch = model.sample(data["n_chips"], data["seed"], data["first"])
        problems = Problems()
        seeds, kept = data.get("resampled", {}), data.get("only")
        if not isinstance(seeds, Mapping):
            problems.note("mismatch.resampled", seeds, "seeds by name of the bias")
        if kept is not None and not isinstance(kept, list | tuple):
            problems.note("mismatch.only", kept, "a list of biases")
        problems.raise_if_any()
        mismatch = mismatch.resampled(seeds) if seeds else mismatch
        return mismatch if kept is None else mismatch.only(*kept)


def _check_whole(name: str, value: object, low: int, problems: Problems) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < low:
        problems.note(name, value, f"a whole number >= {low}")


def _check_bias(name: object, problems: Problems) -> None:
    if name not in BIASES:
        problems.append(unknown_name("bias", str(name), BIASES))
