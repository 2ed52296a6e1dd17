"""What is fixed in a run."""

from __future__ import annotations

from typing import NamedTuple

from arcana.engine.compiled.pack import Shape
from arcana.engine.compiled.spec import Spec


class Plan(NamedTuple):
    """The plan of a run.

    Attributes:
        spec: The forward kernel.
        shape: Sizes.
        substeps: Inner steps of a step.
        every: Steps between two checkpoints.
    """

    spec: Spec
    shape: Shape
    substeps: int
    every: int
