"""A network as plain data: what layers produce and the mapper consumes. Neither knows the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from arcana.circuits.names import BIASES, RECEPTORS, Receptor
from arcana.circuits.technology import Technology
from arcana.errors import BadInput, Problems, unknown_name
from arcana.limits import MOST, NAME_RULE, STEP_RULE, is_name, is_step, is_whole

Solver: TypeAlias = Literal["rk4", "heun", "euler"]
Delay: TypeAlias = Literal["none", "precise", "mismatched"]
DELAYS: tuple[Delay, ...] = ("none", "precise", "mismatched")
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Source:
    """Input lines from outside the chip (an encoder, a sensor, a spike generator)."""

    name: str
    size: int


@dataclass(frozen=True)
class Population:
    """Neurons with their biases [A, s, 1/A]: one value for all, or one for each neuron.

    Attributes:
        name: Its name.
        size: Number of neurons.
        dt: Time step [s], 1e-7 to 0.1.
        biases: Biases of the neuron model by name.
        solver: Solver.
        leak_saturation: Whether the leak saturates near rest.
        substeps: Inner steps; None leaves the choice to the solver.
        stage: A spike reaches neurons of a later stage in its own time step, and those of its own stage in the
            next one. None: populations that reach each other share a stage, and follow those that reach them.
    """

    name: str
    size: int
    dt: float
    biases: Mapping[str, float | tuple[float, ...]]
    solver: Solver = "rk4"
    leak_saturation: bool = True
    substeps: int | None = None
    stage: int | None = None

    def values(self, bias: str) -> NDArray[np.float64]:
        """A bias of each neuron, (size,)."""
        return np.broadcast_to(np.asarray(self.biases[bias], dtype=np.float64), (self.size,))


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses of one receptor between two parts: ``count[k]`` synapses from ``pre[k]`` to ``post[k]``.

    Counts are whole numbers, or, for a chip with weight switches, any positive number of weight currents.
    """

    source: str
    target: str
    receptor: Receptor
    pre: Ints
    post: Ints
    count: NDArray[Any]
    delay: Delay = "none"

    @classmethod
    def of(
        cls,
        source: str,
        target: str,
        receptor: Receptor,
        synapses: Iterable[tuple[int, int, float]],
        delay: Delay = "none",
    ) -> Projection:
        """From (pre, post, count) triples.

        Raises:
            BadInput: for anything else than triples of numbers that fit 64 bits.
        """
        try:
            rows = sorted(synapses)
            pre, post = (np.array([row[k] for row in rows], dtype=np.int64) for k in (0, 1))
            count = np.array([row[2] for row in rows]) if rows else np.zeros(0, dtype=np.int64)
        except (TypeError, ValueError, IndexError, OverflowError) as error:
            where = f"{source} -> {target} ({receptor})"
            raise BadInput.one(where, synapses, "(pre, post, count) triples of numbers", hint=str(error)) from error
        if count.dtype.kind not in "iuf":
            given, allowed = max(count.tolist(), key=repr), f"numbers > 0, at most {MOST}"
            raise BadInput.one(f"{source} -> {target} ({receptor}): count", given, allowed)
        return cls(source, target, receptor, pre, post, _whole(count), delay)

    @classmethod
    def from_matrix(
        cls, source: str, target: str, receptor: Receptor, counts: ArrayLike, delay: Delay = "none"
    ) -> Projection:
        """From a matrix (post, pre) of counts, the form of a layer's weights.

        Raises:
            BadInput: for a wrong shape, and for counts that are negative or not finite.
        """
        table = np.asarray(counts)
        if table.ndim != 2 or table.dtype.kind not in "biuf":
            raise BadInput.one("counts", f"{table.dtype} of shape {table.shape}", "a matrix (post, pre) of numbers")
        if not (np.isfinite(table) & (table >= 0)).all():
            wrong = table[~(np.isfinite(table) & (table >= 0))][0]
            raise BadInput.one("counts", wrong.item(), "finite numbers >= 0")
        pre, post = np.nonzero(table.T)
        return cls(source, target, receptor, pre, post, _whole(table[post, pre]), delay)

    @property
    def synapses(self) -> tuple[tuple[int, int, float], ...]:
        """The same as (pre, post, count) triples in ascending order."""
        return tuple(sorted(zip(self.pre.tolist(), self.post.tolist(), self.count.tolist(), strict=True)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Projection):
            return NotImplemented
        mine, theirs = ((p.source, p.target, p.receptor, p.delay) for p in (self, other))
        return mine == theirs and self.synapses == other.synapses

    def __hash__(self) -> int:
        return hash((self.source, self.target, self.receptor, self.delay, self.pre.size))


def _whole(count: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers as integers, others (and those that are too large for it) as they are."""
    rounded = np.rint(count)
    whole = (rounded == count) & (np.abs(rounded) < 2.0**53)
    return rounded.astype(np.int64) if whole.all() else np.asarray(count, dtype=np.float64)


@dataclass(frozen=True)
class Encoder:
    """The delta modulator in front of the network."""

    channels: int
    threshold_up: tuple[float, ...]
    threshold_down: tuple[float, ...]
    refractory: int
    reset: Literal["level", "signal"]
    events_per_step: int
    upsample: int


@dataclass(frozen=True)
class NetworkGraph:
    """All parts of a network, in the order in which signals pass through them.

    A name is a letter or _, then any of letters (A to Z), digits and _ . : - >; a part has at most a million lines
    or neurons.

    Attributes:
        sources: Input lines.
        populations: Neurons.
        projections: Synapses.
        encoder: Delta modulator in front of the only source.
        outputs: Populations whose spikes are read; empty means the last one.
        technology: Constants that the biases were chosen with; None if that is not known.
    """

    sources: tuple[Source, ...]
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    encoder: Encoder | None = None
    outputs: tuple[str, ...] = ()
    technology: Technology | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        problems = Problems()
        names = [part.name for part in self.parts]
        for wrong in (name for name in names if not is_name(name)):
            problems.note("name", wrong, NAME_RULE)
        problems.raise_if_any()
        for name in sorted({n for n in names if names.count(n) > 1}):
            problems.note("name", name, "names used once")
        sizes = {part.name: part.size for part in self.parts}
        targets = {p.name for p in self.populations}
        for name, size in sizes.items():
            if not is_whole(size, 1):
                problems.note(f"{name}: size", size, f"a whole number from 1 to {MOST}")
        for name in self.outputs:
            if name not in targets:
                problems.note("outputs", name, "populations: " + ", ".join(sorted(targets)))
        if not self.populations:
            problems.note("populations", (), "at least one")
        problems.raise_if_any()
        if (lines := sum(source.size for source in self.sources)) > MOST:
            problems.note("sources", f"{lines} lines", f"at most {MOST}")
        for population in self.populations:
            _check_population(population, problems)
        for p in self.projections:
            _check_projection(p, sizes, targets, problems)
        problems.raise_if_any()

    @property
    def parts(self) -> list[Source | Population]:
        """Everything that sends: sources, then populations."""
        return [*self.sources, *self.populations]

    @property
    def output_names(self) -> tuple[str, ...]:
        """Populations whose spikes are read."""
        return self.outputs or (self.populations[-1].name,)


def _check_population(p: Population, problems: Problems) -> None:
    if not is_step(p.dt):
        problems.note(f"{p.name}: dt", p.dt, STEP_RULE, "s")
    if p.solver not in get_args(Solver):
        problems.note(f"{p.name}: solver", p.solver, "one of " + ", ".join(get_args(Solver)))
    if p.leak_saturation not in (True, False):
        problems.note(f"{p.name}: leak_saturation", p.leak_saturation, "True or False")
    for name, value, low in (("substeps", p.substeps, 1), ("stage", p.stage, 0)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < low):
            problems.note(f"{p.name}: {name}", value, f"None, or a whole number >= {low}")
    for name, given in p.biases.items():
        if name not in BIASES:
            problems.append(unknown_name(f"{p.name}: bias", name, BIASES))
            continue
        try:
            values = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError):
            problems.note(f"{p.name}.{name}", given, f"a number, or {p.size} numbers", BIASES[name].unit)
            continue
        if values.shape not in ((), (p.size,)):
            problems.note(f"{p.name}.{name}", f"{values.size} values", f"one, or {p.size}: one for each neuron")
            continue
        info, every = BIASES[name], np.broadcast_to(values, (p.size,))
        wrong = ~(np.isfinite(every) & ((every >= 0) if info.zero_allowed else (every > 0)))
        if wrong.any():
            at, allowed = int(wrong.argmax()), f"a finite number {'>= 0' if info.zero_allowed else '> 0'}"
            problems.note(f"{p.name}[{at}].{name}", every[at].item(), allowed, info.unit)


def _check_projection(p: Projection, sizes: Mapping[str, int], targets: set[str], problems: Problems) -> None:
    where = f"{p.source} -> {p.target} ({p.receptor})"
    if p.source not in sizes or p.target not in targets:
        problems.note("projection", where, "from one of " + ", ".join(sizes) + ", to a population")
        return
    for name, values, size in (("pre", p.pre, sizes[p.source]), ("post", p.post, sizes[p.target])):
        if values.size and not (values.min() >= 0 and values.max() < size):
            worst = values[(values < 0) | (values >= size)][0]
            problems.note(f"{where}: {name}", worst.item(), f"0 to {size - 1}")
    wrong = ~((p.count > 0) & (p.count <= MOST))
    if wrong.any():
        problems.note(f"{where}: count", p.count[wrong][0].item(), f"finite numbers > 0, at most {MOST}")
    if p.receptor not in RECEPTORS:
        problems.append(unknown_name(f"{p.source} -> {p.target}: receptor", p.receptor, RECEPTORS))
    if p.delay not in DELAYS:
        problems.note(f"{where}: delay", p.delay, "one of " + ", ".join(DELAYS))
