"""Pass 2: neurons that can share biases. A core has one set of them (on SE1 with two leaks to choose from)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from arcana.circuits.names import BIASES, RECEPTORS
from arcana.errors import BadInput, Problems
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.circuit import Circuit, Floats, Ints
from arcana.mapping.decode import second_leak
from arcana.quantize.codes import CoreCodes, encode_biases

Share: TypeAlias = Literal["nearest", "refuse"]
_LEAK = "Itau_mem"
_WEIGHTS = tuple(f"Iw_{r}" for r in RECEPTORS)
_MISSING = -1.0  # no bias is negative
_BELOW_SMALLEST = 0.1  # where a bias of 0 stands among logarithms: this far below the smallest that is not 0


@dataclass(frozen=True)
class Moved:
    """A bias that neurons of a population had to give up for that of their core.

    Attributes:
        population: Their population.
        bias: Name of the bias.
        neurons: How many neurons have another value now.
        largest: Largest relative change: 0.1 is 10 %.
        mean: Mean relative change over these neurons.
    """

    population: str
    bias: str
    neurons: int
    largest: float
    mean: float


@dataclass(frozen=True)
class BiasSet:
    """Biases that a core can have [A, s, 1/A]; ``tau2`` is the second leak of the membrane [A]."""

    biases: Mapping[str, float]
    tau2: float | None
    codes: CoreCodes | None


@dataclass(frozen=True, eq=False)
class Clustering:
    """Which set of biases each neuron has.

    Attributes:
        kind: Position in ``sets``, (neurons,).
        second: Whether the neuron uses the second leak, (neurons,).
        sets: The sets.
        moved: What sharing changed; empty where every neuron keeps its biases.
    """

    kind: Ints
    second: NDArray[np.bool_]
    sets: tuple[BiasSet, ...]
    moved: tuple[Moved, ...]


def cluster(
    circuit: Circuit,
    profile: HardwareProfile,
    cores: int,
    places: int,
    *,
    exact: bool = False,
    switched: bool = False,
    share: Share = "nearest",
) -> Clustering:
    """Sort neurons into bias sets: equal codes share a set; where sets are more than cores, near ones are joined.

    Joined sets get the geometric mean of their neurons' biases; they are chosen by Ward's method on ln I, so that
    the sum of squared relative changes is small. Sets that differ only in the membrane's leak share a core in
    pairs on a chip with a second leak.

    Args:
        circuit: The network.
        profile: The chip.
        cores: Cores of the board.
        places: Neurons that a core holds.
        exact: Keep the biases as they are, without codes (for emulation only).
        switched: Weight currents are chosen per core later, so they do not tell neurons apart.
        share: "nearest" joins sets, "refuse" does not.

    Raises:
        BadInput: listing every bias that the chip cannot have; or, with "refuse", that sets are more than cores.
    """
    names, wanted = _table(circuit)
    values = wanted
    kinds = _Kinds(circuit, names, profile, exact, switched)
    found = kinds.of(values)
    needed = _cores_needed(found.kind, places)
    if needed > cores:
        if share == "refuse":
            hint = "pass share='nearest', or train with bias_groups so that neurons share biases from the start"
            given = f"{len(found.sets)} bias sets, which need {needed} cores"
            raise BadInput.one("biases", given, f"at most {cores} cores, each with one set", hint=hint)
        values = _joined(values, cores, places)
        found = kinds.of(values)
    return Clustering(found.kind, found.second, found.sets, _moved(circuit, names, wanted, values))


def _table(circuit: Circuit) -> tuple[list[str], Floats]:
    """Names of the biases, and their values (neurons, biases); -1 where a neuron does not have one."""
    populations = circuit.graph.populations
    names = [name for name in BIASES if any(name in p.biases for p in populations)]
    rows = [
        np.stack([p.values(n) if n in p.biases else np.full(p.size, _MISSING) for n in names], axis=1)
        for p in populations
    ]
    return names, np.concatenate(rows)


def _cores_needed(kind: Ints, places: int) -> int:
    return int(sum(-(-n // places) for n in np.bincount(kind).tolist()))


@dataclass(frozen=True)
class _Kinds:
    """Finds the sets of a table of biases."""

    circuit: Circuit
    names: list[str]
    profile: HardwareProfile
    exact: bool
    switched: bool

    def of(self, values: Floats) -> Clustering:
        rows, seen, row_of = np.unique(values, axis=0, return_index=True, return_inverse=True)
        order = np.argsort(seen)  # sets and problems come in the order of the neurons
        rows, row_of = rows[order], np.argsort(order)[row_of.ravel()]
        biases = [{n: v for n, v in zip(self.names, row, strict=True) if v != _MISSING} for row in rows.tolist()]
        keys, leaks, codes = self._keys(biases, row_of)
        kind, second, sets = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=bool), list[BiasSet]()
        for key in dict.fromkeys(keys):
            mine = [k for k in range(len(rows)) if keys[k] == key]
            distinct = sorted({leaks[k] for k in mine})
            per_set = 2 if second_leak(self.profile) else max(len(distinct), 1)
            for at in range(0, len(distinct), per_set):
                pair = distinct[at : at + per_set]
                members = [k for k in mine if leaks[k] in pair]
                first = next(k for k in members if leaks[k] == pair[0])
                last = next(k for k in members if leaks[k] == pair[-1])
                kind[members] = len(sets)
                second[[k for k in members if leaks[k] != pair[0]]] = True
                tau2 = biases[last][_LEAK] if len(pair) > 1 else None
                sets.append(BiasSet(biases[first], tau2, codes[first]))
        return Clustering(kind[row_of], second[row_of], tuple(sets), ())

    def _keys(
        self, biases: list[dict[str, float]], row_of: Ints
    ) -> tuple[list[object], list[Any], list[CoreCodes | None]]:
        """What tells sets apart, what tells leaks apart, and the codes, for each row."""
        problems, keys, leaks = Problems(), list[object](), list[Any]()
        codes: list[CoreCodes | None] = []
        ignored = set(_WEIGHTS if self.switched else ()) | ({_LEAK} if second_leak(self.profile) else set())
        for k, row in enumerate(biases):
            if self.exact:
                keys.append(tuple((n, v) for n, v in row.items() if n not in ignored))
                leaks.append(row[_LEAK] if _LEAK in ignored else 0)
                codes.append(None)
                continue
            name = self.circuit.name_of(int(np.flatnonzero(row_of == k)[0]))
            try:
                mine = encode_biases(row, self.profile, f"{name}.")
            except BadInput as error:
                problems.extend(error.problems)
                continue
            chip_names = {b.name for n in ignored if (b := self.profile.chip_bias_for(n)) is not None}
            leak = self.profile.chip_bias_for(_LEAK)
            kept = tuple(sorted((n, c) for n, c in mine.codes.items() if n not in chip_names))
            keys.append((kept, tuple(sorted(mine.latches.items()))))
            leaks.append(mine.codes[leak.name] if leak is not None and _LEAK in ignored else 0)
            codes.append(mine)
        problems.raise_if_any()
        return keys, leaks, codes


def _joined(values: Floats, cores: int, places: int) -> Floats:
    """The same table with as many different rows as the cores can hold: geometric means of what was joined."""
    logs = _logs(values)
    tree = linkage(logs, method="ward")
    for number in range(min(cores, len(np.unique(values, axis=0))), 0, -1):
        label = fcluster(tree, number, criterion="maxclust") - 1
        if _cores_needed(label, places) <= cores:
            break
    joined = np.empty_like(values)
    for k in np.unique(label):
        mine = label == k
        same = (values[mine] == values[mine][0]).all(0)  # also where all are 0 or missing
        joined[mine] = np.where(same, values[mine][0], np.exp(logs[mine].mean(0)))
    return joined


def _logs(values: Floats) -> Floats:
    positive = values > 0
    lowest = np.where(positive, values, np.inf).min(0)
    lowest = np.where(np.isfinite(lowest), lowest, 1.0) * _BELOW_SMALLEST
    logs: Floats = np.log(np.where(positive, values, lowest))
    return logs


def _moved(circuit: Circuit, names: list[str], before: Floats, after: Floats) -> tuple[Moved, ...]:
    found = []
    for population in circuit.graph.populations:
        start = circuit.starts[population.name]
        rows = slice(start, start + population.size)
        for k, name in enumerate(names):
            old, new = before[rows, k], after[rows, k]
            changed = old != new
            if changed.any():
                with np.errstate(divide="ignore"):
                    change = np.where(old[changed] > 0, np.abs(new[changed] / old[changed] - 1), np.inf)
                found.append(
                    Moved(population.name, name, int(changed.sum()), float(change.max()), float(change.mean()))
                )
    return tuple(found)
