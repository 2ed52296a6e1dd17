"""The input words of all neurons: which word holds which tag."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from arcana.circuits.names import RECEPTORS
from arcana.errors import Problem
from arcana.hardware.defects import DefectMap
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.circuit import Circuit, Ints, Layout, Placement
from arcana.mapping.routing.common import NoRoute, Tags


def input_words(
    circuit: Circuit,
    placement: Placement,
    slot: Ints,
    tags: Tags,
    words: Ints,
    switches: Ints,
    layout: Layout,
    profile: HardwareProfile,
    defects: DefectMap,
) -> list[list[list[int]]]:
    """Rows (word, tag, receptor, switches, flags) of each neuron, in order of tag and receptor.

    Args:
        circuit: The network.
        placement: Core of each neuron.
        slot: Place of each neuron.
        tags: What each core knows each sender by.
        words: Input words of each synapse group.
        switches: Weight switches of each synapse group.
        layout: The board.
        profile: The chip.
        defects: Words that do not work are left out.

    Raises:
        NoRoute: if a neuron's tags cannot be put into the words that work for them.
    """
    codes = np.array([profile.synapse.receptor[name].code for name in RECEPTORS])
    tag = tags.of[circuit.pre, placement.core[circuit.post]]
    rows = np.stack([circuit.post, tag, codes[circuit.receptor], switches, circuit.flags])
    rows = np.repeat(rows, words, axis=1)
    rows = rows[:, np.lexsort(rows[::-1])]
    ends = np.searchsorted(rows[0], np.arange(circuit.neurons), side="right")
    per_neuron = np.split(rows[1:].T, ends[:-1])
    problems, found, whole = [], [], _Faults(layout, profile, defects)
    for neuron, mine in enumerate(per_neuron):
        numbers = whole.numbers(int(placement.core[neuron]), int(slot[neuron]), mine[:, 0])
        if numbers is None:
            allowed = "a set of words that work for its tags"
            problems.append(Problem(circuit.name_of(neuron), f"{len(mine)} words", allowed))
            continue
        table = np.column_stack([numbers, mine])
        found.append(table[np.argsort(numbers)].tolist())
    if problems:
        raise NoRoute(problems[:20])
    return found


class _Faults:
    """Looks up which words of a place work, and for which tags."""

    def __init__(self, layout: Layout, profile: HardwareProfile, defects: DefectMap) -> None:
        self.fan_in = profile.fan_in
        self.good, self.bad_tags = [], []
        for chip, core in zip(layout.chip.tolist(), layout.core.tolist(), strict=True):
            self.good.append(defects.words(chip, core, profile.neurons_per_core, profile.fan_in))
            by_place: dict[int, list[tuple[int, int]]] = {}
            for neuron, word, tag in defects.word_tags(chip, core):
                by_place.setdefault(neuron, []).append((word, tag))
            self.bad_tags.append(by_place)

    def numbers(self, core: int, place: int, tags: Ints) -> Ints | None:
        """A word for each tag; None if there is no such assignment."""
        good = np.flatnonzero(self.good[core][place])
        bad = self.bad_tags[core].get(place, []) + self.bad_tags[core].get(-1, [])
        if not any(tag in tags for _, tag in bad):
            return good[: tags.size] if good.size >= tags.size else None
        fits = np.tile(self.good[core][place], (tags.size, 1))
        for word, tag in bad:
            fits[
                np.ix_(tags == tag, np.ones(self.fan_in, bool) if word < 0 else np.arange(self.fan_in) == word)
            ] = False
        chosen = maximum_bipartite_matching(csr_matrix(fits), perm_type="column")
        return None if (chosen < 0).any() else chosen.astype(np.int64)
