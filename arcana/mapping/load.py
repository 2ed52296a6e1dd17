"""What a run costs in events: counted from the routing tables, before anybody multiplies by joules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from arcana.config import ChipConfig
from arcana.errors import Problems, unknown_name
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.rules.board import Board, Ints
from arcana.mapping.rules.tables import Tables

Floats = NDArray[np.float64]


class Link(NamedTuple):
    """From a chip to one of its neighbours; -1 where a way passes a place of the board without a chip."""

    source: int
    target: int


@dataclass(frozen=True)
class CoreLoad:
    """Events of one core: spikes of its neurons, events offered to it, and input words that matched them."""

    spikes: float
    broadcasts: float
    matches: float


@dataclass(frozen=True)
class Load:
    """Events of a run.

    Attributes:
        duration_s: Its length [s].
        chips: Chips that hold neurons.
        spikes: Spikes of all neurons.
        input_events: Events that were sent into the board: one for each row of an input line's table.
        copies: Events that output words made, those for the computer included.
        monitored: Those of them that go to the computer.
        hops: Ways between neighbouring chips that they took (not those for the computer, whose way is not known).
        broadcasts: Events offered to all neurons of a core.
        matches: Input words that matched one of them.
        links: Events on each link that was used.
        cores: Events of each core, by (chip, core).
    """

    duration_s: float
    chips: int
    spikes: float
    input_events: float
    copies: float
    monitored: float
    hops: float
    broadcasts: float
    matches: float
    links: Mapping[Link, float]
    cores: Mapping[tuple[int, int], CoreLoad]

    @property
    def counts(self) -> dict[str, float]:
        """The totals by name."""
        names = ("spikes", "input_events", "copies", "monitored", "hops", "broadcasts", "matches")
        return {name: getattr(self, name) for name in names}

    @property
    def per_second(self) -> dict[str, float]:
        """The totals as rates [1/s]."""
        return {name: count / self.duration_s for name, count in self.counts.items()}

    @property
    def link_rates(self) -> dict[Link, float]:
        """Events on each link [1/s]."""
        return {link: count / self.duration_s for link, count in self.links.items()}

    @property
    def peak_link(self) -> tuple[Link, float] | None:
        """The link with most events, and its rate [1/s]; None where nothing left its chip."""
        rates = self.link_rates
        return max(rates.items(), key=lambda item: (item[1], item[0])) if rates else None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        rates = [{"from": a, "to": b, "events_per_s": rate} for (a, b), rate in self.link_rates.items()]
        cores = [{"chip": chip, "core": core, **vars(load)} for (chip, core), load in self.cores.items()]
        return {
            "duration_s": self.duration_s, "chips": self.chips, "counts": self.counts,
            "per_second": self.per_second, "links": rates, "cores": cores,
        }  # fmt: skip


def count_events(
    config: ChipConfig,
    profile: HardwareProfile,
    spikes_per_neuron: Mapping[str, ArrayLike],
    events_per_line: Mapping[str, ArrayLike],
    duration_s: float,
) -> Load:
    """Follow all events of a run through the tables.

    copies = sum_n s_n words_n; broadcasts = sum over copies and input events of the cores in their mask; matches =
    sum over broadcasts of the words of that core that hold the tag.

    A copy goes along x first, then along y: no source says so, it is our assumption (it decides the links, not the
    number of hops). Words that a driver writes by itself, such as SE1's word for monitoring, are not in the file
    and are not counted.

    Args:
        config: The settings.
        profile: The chip.
        spikes_per_neuron: Spikes of each neuron of a population by its name, one number or (size,); 0 where a
            population is not named. Means over several runs are fine.
        events_per_line: Events on each line of an input by its name, in the same way.
        duration_s: Length of the run [s].

    Raises:
        BadInput: listing names that the settings do not have, counts that are not finite or negative, and a
            duration that is not positive; or for a profile that is no board.
    """
    tables, problems = Tables(config, Board.of(profile)), Problems()
    if not (np.isfinite(duration_s) and duration_s > 0):
        problems.note("duration_s", duration_s, "a finite number > 0", "s")
    sizes = {p.name: p.size for p in config.populations}
    spikes = _given("spikes_per_neuron", spikes_per_neuron, sizes, problems)
    events = _given("events_per_line", events_per_line, {i.name: i.size for i in config.inputs}, problems)
    problems.raise_if_any()
    sent = np.array([spikes[n.population][n.index] for n in tables.neurons])
    arrived = np.array([events[name][k] for name, k in tables.lines])
    return _counted(tables, sent, arrived, float(duration_s))


def _counted(tables: Tables, spikes: Floats, events: Floats, duration: float) -> Load:
    out, offered = tables.outputs, tables.deliveries
    copies = spikes[out.neuron]
    per_delivery: Floats = np.concatenate([spikes, events])[offered.sender]
    number = tables.board.chips * tables.board.cores
    matches = per_delivery * _listeners(tables)
    home = tables.home
    per_core = (
        _summed(home[home >= 0], spikes[home >= 0], number),
        _summed(offered.core, per_delivery, number),
        _summed(offered.core, matches, number),
    )
    cores = {
        divmod(k, tables.board.cores): CoreLoad(*(float(part[k]) for part in per_core))
        for k in np.union1d(home[home >= 0], offered.core).tolist()
    }
    links = _links(tables, copies)
    return Load(
        duration, len(set(tables.chip.tolist())), float(spikes.sum()), float(events[tables.events.line].sum()),
        float(copies.sum()), float(copies[tables.monitoring].sum()), float(sum(links.values())),
        float(per_delivery.sum()), float(matches.sum()), links, cores,
    )  # fmt: skip


def _listeners(tables: Tables) -> Floats:
    """Input words that match each delivery."""
    words, sent, tags = tables.inputs, tables.deliveries, tables.board.tags
    held = np.sort((tables.home[words.neuron] * tags + words.tag)[tables.listens])
    key = sent.core * tags + sent.tag
    return (np.searchsorted(held, key, "right") - np.searchsorted(held, key, "left")).astype(np.float64)


def _links(tables: Tables, copies: Floats) -> dict[Link, float]:
    """Events on each link, in order of links; copies to where there is no chip take none."""
    out, board = tables.outputs, tables.board
    travels = (tables.target >= 0) & (copies > 0)
    ways = np.stack([tables.chip[out.neuron], out.dx, out.dy])[:, travels]
    different, which = np.unique(ways, axis=1, return_inverse=True)
    weight = _summed(which.ravel(), copies[travels], different.shape[1])
    found: dict[Link, float] = {}
    for (chip, dx, dy), events in zip(different.T.tolist(), weight.tolist(), strict=True):
        for link in _way(board, chip, dx, dy):
            found[link] = found.get(link, 0.0) + events
    return dict(sorted(found.items()))


def _way(board: Board, chip: int, dx: int, dy: int) -> list[Link]:
    """The links from a chip to the one (dx, dy) away: along x first."""
    right, down = np.sign(dx), np.sign(dy)
    steps = [(right * k, 0) for k in range(abs(dx) + 1)] + [(dx, down * k) for k in range(1, abs(dy) + 1)]
    x, y = np.array(steps, dtype=np.int64).T
    chips = board.targets(np.full(x.size, chip), x, y).tolist()
    return [Link(*pair) for pair in pairwise(chips)]


def _summed(where: Ints, weight: Floats, size: int) -> Floats:
    return np.bincount(where, weights=weight, minlength=size).astype(np.float64)


def _given(
    kind: str, given: Mapping[str, ArrayLike], sizes: Mapping[str, int], problems: Problems
) -> dict[str, Floats]:
    """(size,) numbers for each name."""
    problems.extend(unknown_name(kind, name, sizes) for name in given if name not in sizes)
    found: dict[str, Floats] = {}
    for name, size in sizes.items():
        field = f"{kind}[{name!r}]"
        try:
            found[name] = np.broadcast_to(np.asarray(given.get(name, 0.0), dtype=np.float64), (size,))
        except (TypeError, ValueError):
            problems.note(field, given[name], f"one number, or {size} numbers")
            continue
        if not (np.isfinite(found[name]) & (found[name] >= 0)).all():
            problems.note(field, given[name], "finite numbers >= 0")
    return found
