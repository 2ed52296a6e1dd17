"""The account of a mapping: what is used of what, where everything is, what was moved and rounded."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from arcana.mapping.cluster import Moved
from arcana.mapping.quantise import SwitchedCore
from arcana.mapping.rounding import Rounded, rounded
from arcana.mapping.route import traffic
from arcana.mapping.split import SplitCost
from arcana.mapping.whole import Counted
from arcana.mapping.wiring import deliveries

if TYPE_CHECKING:
    from arcana.mapping.result import Mapping


@dataclass(frozen=True)
class Used:
    """Some of a resource."""

    resource: str
    used: int
    available: int

    @property
    def share(self) -> float:
        """Part that is used, 0 to 1."""
        return self.used / self.available if self.available else 0.0


@dataclass(frozen=True)
class CoreUse:
    """One core that is used.

    Attributes:
        chip: Its chip.
        core: Its number there.
        neurons: Neurons on it.
        places: Neurons that it holds.
        populations: Whose neurons they are.
        words: Input words in use.
        most_words: Largest number of input words of one neuron.
        tags: Senders that it hears.
        senders: Neurons on it that send to any core.
    """

    chip: int
    core: int
    neurons: int
    places: int
    populations: tuple[str, ...]
    words: int
    most_words: int
    tags: int
    senders: int


@dataclass(frozen=True)
class Line:
    """An input line or an output: its name and where it is on the board.

    Attributes:
        name: ``input[3]`` or ``layer1[0]``.
        chip: Chip of an output; chips that an input is sent to.
        core: Core of an output; cores that hear an input, as (chip, core).
        slot: Place of an output; None for an input.
        tag: Tag of the event; an input may need several, one for each event that is sent.
    """

    name: str
    chip: tuple[int, ...]
    core: tuple[tuple[int, int], ...]
    slot: int | None
    tag: tuple[int, ...]


@dataclass(frozen=True)
class Report:
    """What ``mapping.report()`` gives. ``str(report)`` is for reading, ``to_dict`` for programs.

    Attributes:
        profile: Name of the chip.
        positions: Column and row of each chip on the board.
        resources: What is used of what there is.
        cores: The cores that are used.
        between_cores: Senders from each core (row) to each core (column).
        between_chips: The same for chips.
        cost: Sum over senders of rate * destination cores; see ``Placement``.
        hops: Sum over senders of rate * hops.
        bound: Proven lower bound of ``cost``, if there is one.
        method: How the placement was found.
        moved: What sharing of biases changed.
        biases: What rounding to codes changed.
        switched: How well weight currents of cores make their weights (SE2 with switched weights).
        counted: How well whole numbers make weights that were fractions.
        split: What splitting of neurons changed.
        inputs: Where each input line goes.
        outputs: Where each output is.
    """

    profile: str
    positions: tuple[tuple[int, int], ...]
    resources: tuple[Used, ...]
    cores: tuple[CoreUse, ...]
    between_cores: tuple[tuple[int, ...], ...]
    between_chips: tuple[tuple[int, ...], ...]
    cost: float
    hops: float
    bound: float | None
    method: str
    moved: tuple[Moved, ...]
    biases: tuple[Rounded, ...]
    switched: tuple[SwitchedCore, ...]
    counted: tuple[Counted, ...]
    split: SplitCost | None
    inputs: tuple[Line, ...]
    outputs: tuple[Line, ...]

    @classmethod
    def of(cls, mapping: Mapping) -> Report:
        """The report of a mapping."""
        cores = _cores(mapping)
        between_cores, between_chips = traffic(mapping.circuit, mapping.placement, mapping.layout)
        return cls(
            mapping.profile.name, mapping.profile.topology.chip_positions[: mapping.profile.chips],
            _resources(mapping, cores), cores,
            tuple(map(tuple, between_cores.tolist())), tuple(map(tuple, between_chips.tolist())),
            mapping.placement.cost, mapping.placement.hops, mapping.placement.bound, mapping.placement.method,
            mapping.clustering.moved, rounded(mapping), mapping.settings.switched, mapping.counted, mapping.split,
            _inputs(mapping), _outputs(mapping),
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        from arcana.mapping.report_text import report_text

        return report_text(self)

    def picture(self) -> bytes:
        """A picture (PNG) of the board: occupancy of the cores, and traffic between cores and chips.

        Raises:
            BadInput: if matplotlib is not installed.
        """
        from arcana.mapping.picture import board_picture

        return board_picture(self)


def _cores(mapping: Mapping) -> tuple[CoreUse, ...]:
    circuit, layout, routing = mapping.circuit, mapping.layout, mapping.routing
    events = deliveries(mapping.configuration(), mapping.profile)
    heard = np.unique(np.stack([events.core, events.sender]), axis=1)[0]
    sends = np.array([len(tags) > 0 for tags in routing.srams])
    owner = np.repeat([p.name for p in circuit.graph.populations], [p.size for p in circuit.graph.populations])
    found = []
    for core in np.unique(mapping.placement.core).tolist():
        mine = np.flatnonzero(mapping.placement.core == core)
        words = [len(routing.cams[n]) for n in mine]
        found.append(
            CoreUse(
                int(layout.chip[core]), int(layout.core[core]), mine.size, int((layout.words[core] >= 0).sum()),
                tuple(dict.fromkeys(owner[mine].tolist())), sum(words), max(words), int((heard == core).sum()),
                int(sends[mine].sum()),
            )
        )  # fmt: skip
    return tuple(found)


def _resources(mapping: Mapping, cores: tuple[CoreUse, ...]) -> tuple[Used, ...]:
    profile, layout = mapping.profile, mapping.layout
    routed = sum(len(rows) for rows in mapping.routing.srams)
    places = int((layout.words >= 0).sum())
    return (
        Used("chips", len({c.chip for c in cores}), profile.chips),
        Used("cores", len(cores), layout.chip.size),
        Used("neurons", mapping.circuit.neurons, places),
        Used("input words (CAM)", sum(c.words for c in cores), int(layout.words.clip(min=0).sum())),
        Used("input words of one neuron", max(c.most_words for c in cores), int(layout.words.max())),
        Used(
            "output words (SRAM)", routed, places * profile.need("topology.destinations_per_neuron", "the report")
        ),
        Used("tags of one core", max(c.tags for c in cores), int(layout.tags.max())),
    )


def _inputs(mapping: Mapping) -> tuple[Line, ...]:
    per_chip = range(mapping.profile.cores_per_chip)
    found = []
    for source in mapping.circuit.graph.sources:
        first = mapping.circuit.starts[source.name]
        for k in range(source.size):
            events = [e for e in mapping.routing.inputs if e.line == first + k]
            cores = tuple((e.chip, c) for e in events for c in per_chip if e.cores >> c & 1)
            tags = tuple(e.tag for e in events)
            found.append(Line(f"{source.name}[{k}]", tuple(sorted({e.chip for e in events})), cores, None, tags))
    return tuple(found)


def _outputs(mapping: Mapping) -> tuple[Line, ...]:
    return tuple(
        Line(f"{name}[{k}]", (a.chip,), ((a.chip, a.core),), a.neuron, (a.tag,))
        for name, rows in mapping.routing.outputs.items()
        for k, a in enumerate(rows)
    )
