"""Biases of a neuron that spread together: a table of correlations, its check, and the mixing of Gaussians."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from arcana.circuits.names import BIASES
from arcana.errors import BadInput, Problems, unknown_name

Array: TypeAlias = NDArray[np.float64]
Pair: TypeAlias = tuple[str, str]
Table: TypeAlias = dict[Pair, float]

ROUNDING = 1e-9  # an eigenvalue above minus this is zero


def as_table(given: Any, problems: Problems) -> Table | None:
    """The correlations by pair, names in order, without those that are 0; None if nothing is left.

    Everything that is wrong is noted; what is right is returned all the same, so that it can be checked further.
    """
    if given is None:
        return None
    if not isinstance(given, Mapping):
        problems.note("correlation", given, "a mapping such as {('Itau_mem', 'Igain_mem'): 0.4}")
        return None
    table: Table = {}
    for key, value in given.items():
        if not (isinstance(key, tuple) and len(key) == 2 and key[0] != key[1]):
            problems.note("correlation", key, "two different biases, such as ('Itau_mem', 'Igain_mem')")
            continue
        unknown = [unknown_name("bias", str(name), BIASES) for name in key if name not in BIASES]
        problems.extend(unknown)
        label = f"correlation of {key[0]} and {key[1]}"
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not (number and -1 <= value <= 1):
            problems.note(label, value, "a number from -1 to 1")
        elif not unknown:
            pair = (min(key), max(key))
            if pair in table:
                problems.note(label, value, "each pair once", hint="the order of the two names does not matter")
            table[pair] = float(value)
    return {pair: table[pair] for pair in sorted(table) if table[pair]} or None


def from_rows(rows: Any) -> Any:
    """The mapping that rows [bias, bias, correlation] of a file mean; anything else as it is, for the checks."""
    good = isinstance(rows, Sequence) and not isinstance(rows, str)
    if good and all(isinstance(row, Sequence) and len(row) == 3 for row in rows):
        pairs = [(str(a), str(b)) for a, b, _ in rows]
        if len(set(pairs)) == len(pairs):
            return {pair: row[2] for pair, row in zip(pairs, rows, strict=True)}
    return rows


def groups(pairs: Iterable[Pair]) -> list[tuple[str, ...]]:
    """Biases that hang together, directly or through others; names in order."""
    found: list[set[str]] = []
    for pair in pairs:
        joined = {*pair}.union(*(group for group in found if not group.isdisjoint(pair)))
        found = [group for group in found if group.isdisjoint(pair)] + [joined]
    return sorted(tuple(sorted(group)) for group in found)


def matrix(names: Sequence[str], table: Mapping[Pair, float]) -> Array:
    """The correlations of these biases, (k, k), with ones on the diagonal."""
    R = np.eye(len(names))
    for i, a in enumerate(names):
        for j, b in enumerate(names[:i]):
            R[i, j] = R[j, i] = table.get((min(a, b), max(a, b)), 0.0)
    return R


def check_possible(table: Mapping[Pair, float], problems: Problems) -> None:
    """No numbers have these correlations unless their matrix is positive semi-definite."""
    for names in groups(table):
        smallest = float(np.linalg.eigvalsh(matrix(names, table))[0])
        if smallest < -ROUNDING:
            most = np.floor(1e3 / (1 - smallest)) / 1e3  # (1 - t) 1 + t R has the smallest eigenvalue 1 - t (1 - l)
            label, found = "correlation of " + ", ".join(names), f"a matrix with the eigenvalue {smallest:.4g}"
            hint = f"all of them times {most:.3f} can be"
            problems.note(label, found, "correlations that can be together: no eigenvalue below 0", hint=hint)


def mixing(names: Sequence[str], table: Mapping[Pair, float]) -> Array:
    """The symmetric root M = R^(1/2): M g has the correlations R if the g are independent, standard normal.

    The symmetric root treats all biases alike: in another order of the names every bias gets the same numbers.
    """
    values, vectors = np.linalg.eigh(matrix(names, table))
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def check_whole_groups(seeds: Mapping[str, int], table: Mapping[Pair, float]) -> None:
    """Correlated biases come from one seed.

    Raises:
        BadInput: listing the groups of which only a part would come from another seed.
    """
    problems = Problems()
    for names in groups(table):
        if len({seeds.get(name) for name in names}) > 1:
            given = {name: seeds[name] for name in names if name in seeds}
            hint = "the model correlates them: resample all of them from one seed, or drop the correlation"
            problems.note("resampled", given, "all or none of " + ", ".join(names), hint=hint)
    if problems:
        raise BadInput(problems)
