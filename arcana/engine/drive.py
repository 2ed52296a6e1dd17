"""What a run of a population is given, and what it gives back: the same for every route."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch

from arcana.circuits import equations as eq
from arcana.circuits.dpi import DPIState
from arcana.circuits.names import RECEPTORS
from arcana.circuits.technology import Technology
from arcana.typing import Surrogate, Tensor

RECORDABLE = ("spikes", "spike_times", *DPIState._fields)
_NONE: tuple[Tensor | None, ...] = (None,) * len(RECEPTORS)


class Drive(NamedTuple):
    """The input of a whole sequence; None where there is none.

    Attributes:
        X: Events (..., batch, time, n_in).
        feed: Synapse counts (n_out, n_in) for AMPA, NMDA, GABA_A, GABA_B.
        recurrent: The same between the neurons (n_out, n_out): a spike reaches its targets at the start of the
            next step.
        external: Current into each neuron [A], (..., batch, time, n_out).
    """

    X: Tensor
    feed: tuple[Tensor | None, ...] = _NONE
    recurrent: tuple[Tensor | None, ...] = _NONE
    external: Tensor | None = None

    def receiving(self) -> tuple[bool, ...]:
        """Which of the four receptors can receive anything."""
        return tuple(f is not None or r is not None for f, r in zip(self.feed, self.recurrent, strict=True))


@dataclass(frozen=True)
class Job:
    """A whole run: input, state, coefficients, and what to record."""

    drive: Drive
    state: DPIState
    c: eq.Coefficients
    technology: Technology
    dt: float
    surrogate_fn: Surrogate
    record: Sequence[str] = ()

    @property
    def steps(self) -> int:
        """Number of time steps."""
        return self.drive.X.shape[-2]

    @property
    def n_out(self) -> int:
        """Number of neurons."""
        return max(field.shape[-1] for field in self.state)

    @cached_property
    def coefficients(self) -> dict[str, Tensor]:
        """The coefficients by their dotted names (``gain``, ``ampa.jump`` ...), without the constants."""
        named: dict[str, Tensor] = {}
        for name, value in zip(self.c._fields, self.c, strict=True):
            if isinstance(value, eq.Integrator):
                named |= {f"{name}.{part}": number for part, number in zip(value._fields, value, strict=True)}
            elif isinstance(value, torch.Tensor):
                named[name] = value
        return named

    @property
    def c_leading(self) -> tuple[int, ...]:
        """Shape of the coefficients before n_out."""
        return broadcast(value.shape[:-1] for value in self.coefficients.values())

    @cached_property
    def leading(self) -> tuple[int, ...]:
        """Shape of everything before (time, n_out): virtual chips, then the batch."""
        shapes = [self.drive.X.shape[:-2], *(field.shape[:-1] for field in self.state), self.c_leading]
        return broadcast(shapes if self.drive.external is None else [*shapes, self.drive.external.shape[:-2]])


class Result(NamedTuple):
    """Spikes (..., batch, time, n_out), the state at the end, and the records that were asked for."""

    spikes: Tensor
    state: DPIState
    records: dict[str, Tensor]


def broadcast(shapes: Iterable[Sequence[int]]) -> tuple[int, ...]:
    """The shape that all of these broadcast to."""
    distinct = {tuple(shape) for shape in shapes}
    return distinct.pop() if len(distinct) == 1 else np.broadcast_shapes(*distinct)
