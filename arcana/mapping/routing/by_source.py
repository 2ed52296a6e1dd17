"""SE1: a tag is the sender's place and a (virtual) core number, so places are chosen so that no two tags clash.

A core tells 4 x 256 senders apart: the 8 bits of the place cannot be renamed, the 2 bits of the core can, anew in
each output word. So of all senders that reach a core at most four may have the same place in their own cores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcana.errors import Problem
from arcana.hardware.defects import DefectMap
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.circuit import Circuit, Ints, Layout, Placement
from arcana.mapping.routing import slots
from arcana.mapping.routing.common import Flags, NoRoute, Tags, by_chip, claim

_FREE, _NEVER = -1, -2
_REPAIRS_PER_SENDER = 3  # moves of the repair before it gives up: near full cores more of them do not help


def route(
    circuit: Circuit,
    placement: Placement,
    need: Ints,
    heard: Flags,
    layout: Layout,
    profile: HardwareProfile,
    defects: DefectMap,
    seed: int,
) -> tuple[Ints, Tags]:
    """Places of all neurons, and tags of all senders.

    Senders are placed one by one, those with most cores to reach first, each where its number is least used in the
    cores that hear it. Where none is left, it takes the place that costs least and those in its way look for
    another one.

    Raises:
        NoRoute: if some senders found no place.
    """
    board = _Board.of(circuit, placement, need, heard, layout, profile, defects)
    rng = np.random.default_rng(seed)
    queue = sorted(np.flatnonzero(heard[circuit.inputs :].any(1)).tolist(), key=lambda n: -int(board.reach[n]))
    repairs, stuck = _REPAIRS_PER_SENDER * len(queue) + 100, list[int]()
    while queue:
        neuron = queue.pop(0)
        if board.put(neuron):
            continue
        if repairs <= 0:
            stuck.append(neuron)
            continue
        repairs -= 1
        queue[:0] = board.force(neuron, rng)
    if stuck:
        raise NoRoute([_no_place(n, circuit, placement, layout) for n in stuck[:20]])
    board.fill_rest()
    return board.slot, board.finish()


@dataclass
class _Board:
    """Who has which tag in which core, while places are being given out."""

    circuit: Circuit
    core: Ints
    need: Ints
    heard: Flags
    layout: Layout
    words: Ints
    owner: NDArray[np.int64]  # (cores, virtual cores, places): who is known by that tag
    taken: NDArray[np.int64]  # (cores, places): who sits there
    slot: Ints
    virtual: dict[int, list[tuple[Ints, int]]]
    blame: NDArray[np.float64]
    reach: Ints

    @classmethod
    def of(
        cls,
        circuit: Circuit,
        placement: Placement,
        need: Ints,
        heard: Flags,
        layout: Layout,
        profile: HardwareProfile,
        defects: DefectMap,
    ) -> _Board:
        cores, places = layout.words.shape
        owner = np.full((cores, 1 << (profile.routing.virtual_core_bits or 0), places), _FREE, dtype=np.int64)
        words = layout.words.copy()
        for at, number in profile.routing.reserved_sources:
            owner[:, at, number] = _NEVER
        for k in range(cores):
            for tag in defects.core_tags(int(layout.chip[k]), int(layout.core[k])):
                owner[k, tag // places, tag % places] = _NEVER
        taken = np.where(words < 0, _NEVER, _FREE)
        for at, number in profile.routing.reserved_sources:
            here = (layout.core == at) & (taken[:, number] == _FREE)
            taken[here, number] = _NEVER  # given to a neuron that does not send, at the end
        return cls(
            circuit, placement.core, need, heard, layout, words, owner, taken,
            np.full(circuit.neurons, -1, dtype=np.int64), {}, np.zeros(circuit.neurons),
            heard[circuit.inputs :].sum(1),
        )  # fmt: skip

    def put(self, neuron: int) -> bool:
        """A place where the neuron is in nobody's way; False if there is none."""
        home = self.core[neuron]
        fits = (self.taken[home] == _FREE) & (self.words[home] >= self.need[neuron]) & self._leaves_room(neuron)
        if not fits.any():
            return False
        groups = by_chip(np.flatnonzero(self.heard[self.circuit.inputs + neuron]), self.layout)
        open_tags = [(self.owner[group] == _FREE).all(0) for group in groups]
        simple = fits & np.logical_and.reduce([tags.any(0) for tags in open_tags])
        if simple.any():
            used = sum((self.owner[group] >= 0).sum((0, 1)) for group in groups)
            place = int(np.where(simple, used, np.iinfo(np.int64).max).argmin())
            self._sit(
                neuron,
                place,
                [(g, self._densest(g, t[:, place], place)) for g, t in zip(groups, open_tags, strict=True)],
            )
            return True
        if len(groups) == self.layout.targets:
            return False
        for place in np.flatnonzero(fits).tolist():
            chosen = [part for group in groups for part in self._cover(group, place)]
            if sum(g.size for g, _ in chosen) == self.reach[neuron] and len(chosen) <= self.layout.targets:
                self._sit(neuron, place, chosen)
                return True
        return False

    def force(self, neuron: int, rng: np.random.Generator) -> list[int]:
        """Take the place that costs least; returns the neuron's victims, who need another one."""
        home = self.core[neuron]
        groups = by_chip(np.flatnonzero(self.heard[self.circuit.inputs + neuron]), self.layout)
        cost = np.where(self.taken[home] >= 0, 1.0 + self.blame[self.taken[home]], 0.0)
        cost[(self.taken[home] == _NEVER) | (self.words[home] < self.need[neuron])] = np.inf
        choices = []
        for group in groups:
            owners = self.owner[group]
            price = np.where(owners >= 0, 1.0 + self.blame[owners], np.where(owners == _NEVER, np.inf, 0.0)).sum(0)
            choices.append(price.argmin(0))
            cost += price.min(0)
        if not np.isfinite(cost).any():
            return []
        place = int((cost + rng.random(cost.size) * 0.5).argmin())
        victims = {int(self.taken[home, place])} - {_FREE}
        for group, choice in zip(groups, choices, strict=True):
            victims |= set(self.owner[group, choice[place], place].tolist()) - {_FREE}
        for victim in sorted(victims):
            self._leave(victim)
        self._sit(neuron, place, [(g, int(c[place])) for g, c in zip(groups, choices, strict=True)])
        self.blame[neuron] += 0.3  # so that the same two do not throw each other out for ever
        return sorted(victims)

    def fill_rest(self) -> None:
        """Neurons that do not send get the places that are left, also those that cannot send."""
        for core in range(self.taken.shape[0]):
            mine = np.flatnonzero((self.core == core) & (self.slot < 0))
            left = np.where(np.isin(self.taken[core], (_FREE, _NEVER)), self.words[core], -1)
            self.slot[mine] = slots.assign(self.need[mine], left)
        if (self.slot < 0).any():
            lost = np.flatnonzero(self.slot < 0)
            where = f"{self.circuit.name_of(int(lost[0]))}: input words"
            raise NoRoute([Problem(where, int(self.need[lost[0]]), "a place with as many words that work")])

    def finish(self) -> Tags:
        """Tags of all senders; input lines get what the neurons left over."""
        tags = Tags.empty(self.heard.shape[0], self.heard.shape[1])
        places = self.owner.shape[2]
        for neuron, chosen in self.virtual.items():
            for group, virtual in chosen:
                tags.add(
                    self.circuit.inputs + neuron, group, self.layout, virtual * places + int(self.slot[neuron])
                )
        free = (self.owner == _FREE).reshape(self.owner.shape[0], -1)
        for line in np.argsort(-self.heard[: self.circuit.inputs].sum(1), kind="stable").tolist():
            if not claim(tags, line, np.flatnonzero(self.heard[line]), free, self.layout):
                raise NoRoute([Problem(f"input line {line}", "no tag", "a free tag in each core that it reaches")])
        return tags

    def _leaves_room(self, neuron: int) -> Flags:
        """Places that no neuron of the core will need more: (places,)."""
        home = self.core[neuron]
        words, need = self.words[home], self.need[neuron]
        if (words[words >= 0] >= self.need[self.core == home].max()).all():
            return np.ones(words.size, dtype=bool)
        open_places = np.sort(words[(self.taken[home] == _FREE) | ((self.taken[home] == _NEVER) & (words >= 0))])
        waiting = np.sort(self.need[(self.core == home) & (self.slot < 0)])
        margin = np.array([
            (open_places >= t).sum() - (waiting >= t).sum() for t in range(int(open_places.max(initial=0)) + 1)
        ])  # fmt: skip
        ok = np.zeros(words.size, dtype=bool)
        for place in np.flatnonzero(words >= need):
            ok[place] = (margin[need + 1 : words[place] + 1] >= 1).all()
        return ok

    def _densest(self, group: Ints, open_tags: Flags, place: int) -> int:
        """Of the free virtual cores the one most used elsewhere on the chip: it is of least use to others."""
        chip = self.layout.chip == self.layout.chip[group[0]]
        used = (self.owner[chip][:, :, place] >= 0).sum(0)
        return int(np.where(open_tags, used, -1).argmax())

    def _cover(self, group: Ints, place: int) -> list[tuple[Ints, int]]:
        found = []
        while group.size:
            open_tags = self.owner[group, :, place] == _FREE
            virtual = int(open_tags.sum(0).argmax())
            if not open_tags[:, virtual].any():
                break
            found.append((group[open_tags[:, virtual]], virtual))
            group = group[~open_tags[:, virtual]]
        return found

    def _sit(self, neuron: int, place: int, chosen: list[tuple[Ints, int]]) -> None:
        self.slot[neuron] = place
        self.taken[self.core[neuron], place] = neuron
        self.virtual[neuron] = chosen
        for group, virtual in chosen:
            self.owner[group, virtual, place] = neuron

    def _leave(self, neuron: int) -> None:
        place = self.slot[neuron]
        self.taken[self.core[neuron], place] = _FREE
        for group, virtual in self.virtual.pop(neuron):
            self.owner[group, virtual, place] = _FREE
        self.slot[neuron] = -1


def _no_place(neuron: int, circuit: Circuit, placement: Placement, layout: Layout) -> Problem:
    k = int(placement.core[neuron])
    home = f"C{layout.chip[k]}c{layout.core[k]}"
    return Problem(circuit.name_of(neuron), f"no place in {home}", "one whose number is free in all its targets")
