"""Which chips a study of sensitivity needs, and which biases are worth a study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

import torch

from arcana.analysis.conditions import Conditions
from arcana.analysis.work import Point, StudyWork
from arcana.circuits.names import BIASES
from arcana.mismatch import MismatchModel
from arcana.typing import Tensor

Key: TypeAlias = tuple[str, str]  # what is done, and to which bias

ALL, OTHER = ("all", ""), ("other", "")
METHODS = ("one", "without", "sobol")
PROBED = 2  # chips on which a bias that matters must change a spike


def plan(
    model: MismatchModel, biases: Iterable[str], methods: Sequence[str], conditions: Conditions, seed: int
) -> dict[Key, Point]:
    """The points to run, by what they are for.

    Args:
        model: Mismatch of all biases.
        biases: Those to be judged.
        methods: Of ``METHODS``.
        conditions: Of all chips, scale 1.
        seed: Of the chips; ``seed + 1`` is that of the second set of chips.

    Returns:
        ("all", ""): mismatch of all biases (set A); for each bias b, ("one", b): only that of b, and
        ("without", b): all but that of b; for Sobol indices ("other", ""): chips of another seed (set B), and
        ("sobol", b): chips of set A with the factors of b from set B. Chip k has the same factors wherever it has
        them at all, so that differences are those of one chip.
    """
    spreading = spreads(model)
    points = {ALL: Point(conditions, model)}
    for bias in biases:
        if "one" in methods:
            points["one", bias] = Point(conditions, kept(model, [bias]))
        if "without" in methods:
            points["without", bias] = Point(conditions, kept(model, [b for b in spreading if b != bias]))
        if "sobol" in methods:
            points["sobol", bias] = Point(conditions, model, ((bias, seed + 1),))
    if "sobol" in methods:
        points[OTHER] = Point(conditions, model, tuple((bias, seed + 1) for bias in spreading))
    return points


def spreads(model: MismatchModel) -> tuple[str, ...]:
    """The biases whose CV is not 0."""
    return tuple(bias for bias in BIASES if model.cv_of(bias))


def kept(model: MismatchModel, biases: Iterable[str]) -> MismatchModel:
    """The model with the CV of all other biases 0; what is left is drawn as before."""
    return replace(model, cv={bias: model.cv_of(bias) for bias in biases})


def undisturbed(model: MismatchModel, conditions: Conditions) -> Point:
    """The chip without mismatch: the last point of any study."""
    return Point(replace(conditions, scale=0.0), model.scaled(0.0))


def without_effect(work: StudyWork, biases: Iterable[str]) -> tuple[str, ...]:
    """The biases whose mismatch, alone, changes not one output spike of the first two chips.

    The current of a synapse that nobody uses, for one. It is found by running them, so it holds for any network.

    Args:
        work: With two points: all mismatch, and none.
        biases: Those to try.
    """
    everything, clean = work.points

    def spikes(alone: Iterable[str]) -> Tensor:
        point = replace(everything, model=kept(everything.model, alone))
        return replace(work, points=(point, clean)).spikes(0, 0, PROBED)

    still = spikes([])
    return tuple(bias for bias in biases if torch.equal(spikes([bias]), still))
