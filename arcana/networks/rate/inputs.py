"""Feed-forward input in units of J_a0, unscaled: a step at a time, or as a whole."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch

from arcana.errors import Problems
from arcana.networks.rate.arrays import note_not_finite, tensor_of
from arcana.networks.rate.config import RateConfig
from arcana.networks.rate.connectivity import angles
from arcana.networks.rate.memory import check_free
from arcana.typing import Tensor

NOISE = 4  # kind of stream, after those of connectivity


class Source(Protocol):
    """Input of a step, (N,), (1, N) or (B, N), unscaled."""

    def __call__(self, step: int) -> Tensor:
        """For step 0, 1, 2 ..."""
        ...


class Programmed:
    """What a configuration says, one step at a time: its memory does not grow with the length of a run.

    u_a = J_a0, or J_a0 / sqrt(K) before the first stimulus where it is held; on the first population, between onset
    and end of a stimulus, I0 (1 + tuning cos(theta - phase)) more; noise of the given variance, new in each step,
    and the same for every run of the seed.

    Args:
        config: The configuration.
        batch: Runs side by side, each with noise of its own.
        dtype: Of what is given.
        strength_in: J_a0 of each run, (batch, populations); None takes the configuration's for all.
    """

    def __init__(
        self, config: RateConfig, batch: int, dtype: torch.dtype, strength_in: Tensor | None = None
    ) -> None:
        self.config, self.batch, self.dtype = config, batch, dtype
        given = torch.tensor(config.strength_in, dtype=dtype) if strength_in is None else strength_in
        self.open = given.to(dtype).repeat_interleave(torch.tensor(config.sizes), -1)
        held = torch.tensor(config.of_neurons("held_until_stimulus") > 0)
        self.held = torch.where(held, self.open / math.sqrt(config.inputs), self.open)
        self.sd = torch.tensor(np.sqrt(config.of_neurons("input_variance")), dtype=dtype)
        on, off = ([config.before + round(t / config.dt_s) for t in times]
                   for times in (config.stimulus_on_s, config.stimulus_off_s))  # fmt: skip
        self.spans = list(zip(on, off, strict=True))
        self.first = min(on, default=0)
        theta = angles(config.sizes[0])
        self.bumps = [
            torch.tensor(strength * (1 + tuning * np.cos(theta - math.radians(phase))), dtype=dtype)
            for strength, tuning, phase in zip(
                config.stimulus_strength, config.stimulus_tuning, config.stimulus_phase_deg, strict=True
            )
        ]

    def __call__(self, step: int) -> Tensor:
        """See ``Source``."""
        level = self.held if step < self.first else self.open
        shown = [bump for (on, off), bump in zip(self.spans, self.bumps, strict=True) if on <= step < off]
        if shown:
            level = level.clone()
            level[..., : len(shown[0])] += torch.stack(shown).sum(0)
        if not bool(self.sd.any()):
            return level
        rng = np.random.default_rng([self.config.seed, NOISE, step])
        noise = torch.from_numpy(rng.standard_normal((self.batch, self.config.neurons)))
        return level + self.sd * noise.to(self.dtype)

    def whole(self) -> Tensor:
        """All steps at once, (batch, steps, N): the same numbers.

        Raises:
            BadInput: if they do not fit into the free memory.
        """
        size = self.batch * self.config.steps * self.config.neurons * self.dtype.itemsize
        check_free({"input": size}, "step by step, as it is, it takes nothing")
        found = torch.empty(self.batch, self.config.steps, self.config.neurons, dtype=self.dtype)
        for step in range(self.config.steps):
            found[:, step] = self(step)
        return found


def as_source(given: Tensor | Callable[[int], Tensor] | None, default: Programmed, steps: int | None) -> Source:
    """Whatever a user gave, as something that gives steps.

    Args:
        given: None, a function of the step, or a tensor (steps, N) or (B, steps, N).
        default: What None stands for.
        steps: Steps that a tensor must have; None takes any number.

    Raises:
        BadInput: for a wrong shape, and values that are not finite.
    """
    if given is None:
        return default
    if not isinstance(given, torch.Tensor):
        return given if isinstance(given, Programmed) else Checked(given, default.config.neurons)
    n, problems = default.config.neurons, Problems()
    if given.ndim not in (2, 3) or given.shape[-1] != n or steps not in (None, given.shape[-2]) or 0 in given.shape:
        wanted = "steps" if steps is None else str(steps)
        problems.note("ff_inputs", tuple(given.shape), f"({wanted}, {n}) or (batch, {wanted}, {n})", "(shape)")
    else:
        note_not_finite("ff_inputs", given, problems)
    problems.raise_if_any()
    series = given.unbind(-2)
    return lambda step: series[step]


class Checked:
    """A function of the user's, whose values are looked at."""

    def __init__(self, function: Callable[[int], Tensor], n: int) -> None:
        self.function, self.n = function, n

    def __call__(self, step: int) -> Tensor:
        """See ``Source``."""
        return checked_step(f"ff_inputs({step})", self.function(step), self.n)


def checked_step(name: str, given: Any, n: int) -> Tensor:
    """Input of a step, (N,) or (B, N).

    Raises:
        BadInput: for another shape, and values that are not finite.
    """
    found, problems = tensor_of(name, given), Problems()
    if found.ndim not in (1, 2) or found.shape[-1] != n:
        problems.note(name, tuple(found.shape), f"({n},) or (batch, {n})", "(shape)")
    else:
        note_not_finite(name, found, problems)
    problems.raise_if_any()
    return found
