"""Proofs that a network cannot be placed, each from one limit alone, with what is needed and what there is."""

from __future__ import annotations

import numpy as np

from arcana.errors import Problems
from arcana.mapping.circuit import Circuit, Ints, Layout
from arcana.mapping.placing.task import sends

_SHOWN = 10  # neurons or groups that are named; the rest is counted


def require_sense(circuit: Circuit, kind: Ints, need: Ints, layout: Layout, groups: Ints) -> None:
    """Raise unless the arguments fit each other.

    Raises:
        BadInput: listing all that do not.
    """
    problems, shape = Problems(), (circuit.neurons,)
    for name, values in (("kind", kind), ("need", need), ("groups", groups)):
        if values.shape != shape or values.dtype.kind not in "iu":
            problems.note(name, f"{values.dtype} of shape {values.shape}", f"whole numbers of shape {shape}")
        elif values.size and values.min() < 0:
            problems.note(name, int(values.min()), "numbers >= 0")
    rate = np.asarray(circuit.rate)
    if rate.shape != (circuit.inputs + circuit.neurons,) or not (np.isfinite(rate) & (rate >= 0)).all():
        problems.note("rate", f"{rate.dtype} of shape {rate.shape}", "a finite number >= 0 for each sender")
    if not (layout.words >= 0).any():
        problems.note("places", 0, "at least one that can be used")
    problems.raise_if_any()


def require_possible(circuit: Circuit, kind: Ints, need: Ints, layout: Layout, groups: Ints) -> None:
    """Raise if one of the limits cannot be kept, whatever the placement.

    Raises:
        BadInput: listing all such limits.
    """
    problems = Problems()
    places = np.sort((layout.words >= 0).sum(1))[::-1]
    if need.size > places.sum():
        problems.note("neurons", need.size, f"at most {places.sum()}, the places that can be used")
    _cores(kind, places, problems)
    _words(circuit, need, layout, problems)
    _senders(circuit, layout, problems)
    _chips(circuit, layout, int(places[0]), problems)
    _groups(circuit, kind, groups, layout, problems)
    problems.raise_if_any()


def _cores(kind: Ints, places: Ints, problems: Problems) -> None:
    """Each kind needs at least as many cores as if it had the largest for itself."""
    most, usable = np.cumsum(places), int((places > 0).sum())
    needed = [int(np.searchsorted(most, n)) + 1 for n in np.unique(kind, return_counts=True)[1].tolist()]
    if sum(needed) > usable:
        hint = f"a core holds neurons of one bias set, at most {places[0]}"
        given = f"{sum(needed)}, for neurons of {len(needed)} bias sets"
        problems.note("cores", given, f"at most {usable}", hint=hint)


def _words(circuit: Circuit, need: Ints, layout: Layout, problems: Problems) -> None:
    most = int(layout.words.max())
    over = np.flatnonzero(need > most)
    for neuron in over[:_SHOWN].tolist():
        problems.note(
            f"{circuit.name_of(neuron)}: input words", int(need[neuron]), f"at most {most}, what the best place has"
        )
    if over.size > _SHOWN:
        problems.note("neurons that need too many input words", int(over.size), "none")
    levels = np.unique(layout.words[layout.words >= 0])
    for below, level in zip(levels[:-1].tolist(), levels[1:].tolist(), strict=True):
        count, there = int((need > below).sum()), int((layout.words >= level).sum())
        if count > there:
            allowed = f"at most {there}, the places with at least {level}"
            problems.note(f"neurons that need more than {below} input words", count, allowed)


def _senders(circuit: Circuit, layout: Layout, problems: Problems) -> None:
    count, there = sends(circuit).size, int(np.minimum(layout.senders, (layout.words >= 0).sum(1)).sum())
    if count > there:
        problems.note("neurons that send", count, f"at most {there}, the places that can send")
    heard, tags = np.unique(circuit.pre).size, int(layout.tags.sum())
    if heard > tags:
        problems.note("senders", heard, f"at most {tags}, the tags of all cores")


def _chips(circuit: Circuit, layout: Layout, places: int, problems: Problems) -> None:
    """A neuron with more targets than ``targets`` chips have places."""
    inside = circuit.pre >= circuit.inputs
    pairs = np.unique(np.stack([circuit.pre[inside] - circuit.inputs, circuit.post[inside]]), axis=1)
    fan_out = np.bincount(pairs[0], minlength=circuit.neurons)
    on_chip = [int((layout.words[layout.chip == c] >= 0).sum()) for c in np.unique(layout.chip)]
    most = sum(sorted(on_chip)[-layout.targets :]) if layout.targets else 0
    over = np.flatnonzero(fan_out > most)
    hint = f"a neuron sends to at most {layout.targets} chips, with {most} places"
    for neuron in over[:_SHOWN].tolist():
        problems.note(
            f"{circuit.name_of(neuron)}: neurons that it sends to",
            int(fan_out[neuron]),
            f"at most {most}",
            hint=hint,
        )
    if over.size > _SHOWN:
        problems.note("neurons that send to too many", int(over.size), "none")


def _groups(circuit: Circuit, kind: Ints, groups: Ints, layout: Layout, problems: Problems) -> None:
    """Groups (a neuron alone is one, too) that fit no core."""
    names, size = np.unique(groups, return_counts=True)
    places, tags = int((layout.words >= 0).sum(1).max()), int(layout.tags.max())
    pairs = np.unique(np.stack([np.searchsorted(names, groups)[circuit.post], circuit.pre]), axis=1)
    heard = np.bincount(pairs[0], minlength=names.size)
    mixed = (
        np.array([np.unique(kind[groups == g]).size for g in names]) if names.size < groups.size else size * 0 + 1
    )
    rows = (
        ("neurons", size, places, "places of the largest core"),
        ("senders that it hears", heard, tags, "tags of the core with most"),
        ("bias sets", mixed, 1, "bias set of a core"),
    )
    for what, count, most, why in rows:
        wrong = np.flatnonzero(count > most)
        for at in wrong[:_SHOWN].tolist():
            problems.note(f"group {names[at]}: {what}", int(count[at]), f"at most {most}, the {why}")
        if wrong.size > _SHOWN:
            problems.note(f"groups with too many {what}", int(wrong.size), "none")
