"""``RateNetwork``: populations of rate units, simulated and trained from a configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from arcana.errors import BadInput, Problems, unknown_name
from arcana.networks.rate.blocks import Block
from arcana.networks.rate.config import RateConfig
from arcana.networks.rate.connectivity import drawn, stored
from arcana.networks.rate.dynamics import Dynamics, RateState
from arcana.networks.rate.files import read_config
from arcana.networks.rate.graph import graph_of
from arcana.networks.rate.inputs import Programmed, Source, as_source
from arcana.networks.rate.memory import check_fits
from arcana.networks.rate.trained import TRAINABLE, TrainedWeights
from arcana.rate_graph import RateGraph
from arcana.typing import Tensor

Given = Tensor | Callable[[int], Tensor] | None
Progress = Callable[[int, int], None]
KINDS = (torch.float32, torch.float64)
INITIAL = 5  # kind of stream, after those of connectivity and input


class RateNetwork(nn.Module):
    """Rates of N units in populations: see ``arcana.networks.rate.dynamics`` for the equations.

    Build it with ``from_config``.

    Attributes:
        config: The configuration.
        blocks: Weights from each population, sparse or dense as is cheaper; of a network that is not trained.
        trained: Parameters, if anything is trained.
    """

    def __init__(
        self, config: RateConfig, blocks: Sequence[Block], train: Sequence[str], dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.config, self.dtype = config, dtype
        self.blocks = tuple(blocks)
        self.trained = TrainedWeights(config, self.blocks, train, dtype) if train else None
        self.dynamics = Dynamics(config, torch.zeros((), dtype=dtype))

    @classmethod
    def from_config(
        cls,
        config: str | Path | Mapping[str, Any] | RateConfig,
        weights: Tensor | None = None,
        *,
        train: str | Sequence[str] = (),
        dtype: torch.dtype | None = None,
        **overrides: Any,
    ) -> RateNetwork:
        """A network from a file, a table, or a configuration.

        Args:
            config: See ``read_config``; field names are ours, or those of the NeuroTorch programs.
            weights: All weights (pre, post), scaled already; None draws them from the seed.
            train: What is trained: ``recurrent`` weights (those that are not 0), a ``low_rank`` part of the weights
                within the first population, ``feed_forward`` gains of the input. Dale's law is kept.
            dtype: Of all numbers. None is float32, and float64 where weights are given: a run that is held against
                a stored one should not add rounding of its own.
            **overrides: Fields that differ, by either name.

        Raises:
            BadInput: listing everything that is wrong with the configuration; for weights of another shape, or not
                finite; for a network that is larger than the free memory.
        """
        read, problems = read_config(config, **overrides), Problems()
        names = (train,) if isinstance(train, str) else tuple(train)
        problems.extend(unknown_name("train", str(name), TRAINABLE) for name in names if name not in TRAINABLE)
        dtype = dtype or (torch.float32 if weights is None else torch.float64)
        if dtype not in KINDS:
            problems.note("dtype", str(dtype), "torch.float32 or torch.float64")
        if weights is not None:
            _check_weights(weights, read, problems)
        problems.raise_if_any()
        if weights is None:
            check_fits(read)
        blocks = drawn(read, dtype) if weights is None else stored(weights.to(dtype), read)
        return cls(read, blocks, names, dtype)

    def initial(self, batch: int | None = None, seed: int | None = None, first: Tensor | None = None) -> RateState:
        """First states: currents standard normal from the seed, rates phi(input + fast currents).

        Args:
            batch: How many; None takes the configuration's.
            seed: Another seed than the configuration's.
            first: Input of the first step in units of J_a0, (N,) or (batch, N); None takes the configuration's.
        """
        rng = np.random.default_rng([self.config.seed if seed is None else seed, INITIAL])
        size = (self.config.batch if batch is None else batch, 1 + self.config.nmda, self.config.neurons)
        drawn_ = rng.standard_normal(size)  # run by run: the first ones are the same in any batch
        currents = torch.from_numpy(drawn_).to(self.dtype).transpose(0, 1)
        given = Programmed(self.config, size[0], self.dtype)(0) if first is None else first.to(self.dtype)
        return self.dynamics.rest(given * self.config.scale_in * self._gains(), currents)

    def program(self, strength_in: Tensor | None = None, batch: int | None = None) -> Programmed:
        """The configured input, unscaled, for a ``forward`` of its own: as it is, step by step, or ``whole()``.

        Args:
            strength_in: J_a0 of each run, (batch, populations); None takes the configuration's.
            batch: How many runs; None takes as many as there are strengths, or as are configured.

        Raises:
            BadInput: for strengths of another shape, or not finite.
        """
        runs = self.config.batch if batch is None else batch
        if strength_in is None:
            return Programmed(self.config, runs, self.dtype)
        wanted, shape = len(self.config.sizes), tuple(strength_in.shape)
        runs = len(strength_in) if batch is None and strength_in.ndim else runs
        if shape != (runs, wanted) or not bool(torch.isfinite(strength_in).all()):
            allowed = f"finite numbers ({'batch' if batch is None else batch}, {wanted})"
            raise BadInput.one("strength_in", shape, allowed, "(shape)")
        return Programmed(self.config, runs, self.dtype, strength_in)

    def forward(
        self, ff_inputs: Given = None, initial: RateState | None = None, progress: Progress | None = None
    ) -> Tensor:
        """A whole run: rates (batch, samples, neurons), each sample the mean over a window after the warm-up.

        Args:
            ff_inputs: Input in units of J_a0: None is what the configuration says, step by step; a tensor
                (steps, N) or (B, steps, N); or a function of the step. It is scaled here, with M0 sqrt(K).
            initial: First state; None draws its currents from the seed.
            progress: Called with steps done, and all.

        Raises:
            BadInput: for input and states of a wrong shape, or that are not finite.
        """
        c = self.config
        batch = _batch_of(ff_inputs, initial, c.batch)
        source = as_source(ff_inputs, Programmed(c, batch, self.dtype), c.steps)
        if initial is None:
            first = source(0)
            batch = len(first) if batch == 1 and first.ndim == 2 else batch
            _check_batch(first, batch, 0)
            initial = self.initial(batch, first=first)
        state = self._checked(initial)
        shown = slice(0, c.sizes[0]) if c.record == "first" else slice(None)
        samples, total, filled = [], torch.zeros((), dtype=self.dtype), 0
        if progress is not None:
            progress(0, c.steps)
        for step, state in enumerate(self._run(source, state, c.steps, c.scale_in)):  # noqa: B020
            if progress is not None:
                progress(step + 1, c.steps)
            if step < c.before:
                continue
            total, filled = total + state.rates[:, shown], filled + 1
            if filled == c.stride:
                samples.append(total / filled)
                total, filled = torch.zeros((), dtype=self.dtype), 0
        return torch.stack(samples, 1)

    def run(
        self,
        ff: Tensor | Callable[[int], Tensor],
        *,
        rates: Tensor | None = None,
        recurrent: Tensor | None = None,
        scaled: bool = True,
        every_step: bool = True,
    ) -> Tensor:
        """A run from a stored state with a stored input: rates of all neurons after every step, (B, steps, N).

        Args:
            ff: Input (steps, N) or (B, steps, N); or a function of the step, for as many steps as are configured.
            rates: First rates (N,) or (B, N); None: those that input and currents make.
            recurrent: First currents (receptors, B, N), or (B, N) where there is one receptor; None draws them.
            scaled: Whether the input is the current itself, as in stored runs, or in units of J_a0.
            every_step: False keeps the last step only, (B, 1, N).

        Raises:
            BadInput: for wrong shapes, and values that are not finite.
        """
        scale = 1.0 if scaled else self.config.scale_in
        steps = ff.shape[-2] if isinstance(ff, torch.Tensor) and ff.ndim > 1 else self.config.steps
        batch = _batch_of(ff, None, 1 if recurrent is None else recurrent.shape[-2] if recurrent.ndim > 1 else 1)
        source = as_source(ff, Programmed(self.config, batch, self.dtype), None)
        first = source(0).to(self.dtype) * scale * self._gains()
        currents = self.initial(batch).currents if recurrent is None else recurrent.to(self.dtype)
        currents = currents[None] if currents.ndim == 2 and not self.config.nmda else currents
        state = self.dynamics.rest(first, self._currents(currents))
        if rates is not None:
            one = tuple(rates.shape) in ((self.config.neurons,), (1, self.config.neurons))
            first_rates = rates.to(self.dtype)
            state = state._replace(rates=first_rates.expand(currents.shape[1:]) if one else first_rates)
        state = self._checked(state)
        kept: list[Tensor] = []
        for state in self._run(source, state, steps, scale):  # noqa: B020
            if every_step:
                kept.append(state.rates)
        return torch.stack(kept if every_step else [state.rates], 1)

    def graph(self) -> RateGraph:
        """Populations and projections as plain data, with the weights that act now."""
        return graph_of(self.config, self.weights())

    # ------------------------------------------------------------------ inside

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> RateNetwork:
        """Conversions would reach the parameters alone, and neither stored weights nor constants."""
        there = fn(torch.zeros((), dtype=self.dtype))
        if (there.dtype, there.device.type) != (self.dtype, "cpu"):
            hint = "from_config(..., dtype=...) makes a network of another type"
            raise BadInput.one("network.to", f"{there.dtype} on {there.device}", f"{self.dtype} on cpu", hint=hint)
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    def _run(self, source: Source, state: RateState, steps: int, scale: float) -> Iterator[RateState]:
        blocks, gains = self.weights(), self._gains()
        for step in range(steps):
            given = source(step)
            _check_batch(given, len(state.rates), step)
            state = self.dynamics(state, given.to(self.dtype) * scale * gains, blocks)
            if not bool(torch.isfinite(state.rates).all()):
                hint = f"they grow without bound until step {step} of {steps}: less gain, or a shorter dt"
                raise BadInput.one("rates", "infinite", "finite numbers", hint=hint)
            yield state

    def weights(self) -> Sequence[Block]:
        """The weights from each population that act now."""
        return self.blocks if self.trained is None else self.trained.blocks()

    def _gains(self) -> Tensor | float:
        return 1.0 if self.trained is None else self.trained.gains()

    def _currents(self, currents: Tensor) -> Tensor:
        wanted = (1 + self.config.nmda, "B", self.config.neurons)
        if currents.ndim != 3 or currents.shape[0] != wanted[0] or currents.shape[2] != wanted[2]:
            raise BadInput.one("recurrent", tuple(currents.shape), f"({wanted[0]}, batch, {wanted[2]})", "(shape)")
        return currents

    def _checked(self, state: RateState) -> RateState:
        problems, n = Problems(), self.config.neurons
        for name, value in state._asdict().items():
            if value is None:
                continue
            wanted = (1 + self.config.nmda, *state.rates.shape) if name == "currents" else state.rates.shape
            if (
                tuple(value.shape) != tuple(wanted)
                or value.shape[-1] != n
                or value.ndim != 2 + (name == "currents")
            ):
                problems.note(f"initial.{name}", tuple(value.shape), f"({n} neurons last, as the rates)", "(shape)")
            elif not bool(torch.isfinite(value).all()):
                problems.note(f"initial.{name}", "values that are not finite", "finite numbers")
        problems.raise_if_any()
        return state


def _batch_of(given: Given, initial: RateState | None, default: int) -> int:
    if initial is not None:
        return len(initial.rates)
    if isinstance(given, Programmed):
        return given.batch
    return len(given) if isinstance(given, torch.Tensor) and given.ndim == 3 else default


def _check_batch(given: Tensor, runs: int, step: int) -> None:
    if given.ndim == 2 and len(given) != runs and 1 not in (len(given), runs):
        allowed = f"({runs}, {given.shape[-1]}), as there are first states"
        raise BadInput.one(f"input of step {step}", tuple(given.shape), allowed, "(shape)")


def _check_weights(weights: Any, config: RateConfig, problems: Problems) -> None:
    n = config.neurons
    if not isinstance(weights, torch.Tensor) or tuple(weights.shape) != (n, n):
        given = tuple(getattr(weights, "shape", ())) or type(weights).__name__
        problems.note("weights", given, f"a tensor ({n}, {n}), pre by post", "(shape)")
    elif not bool(torch.isfinite(weights).all()):
        problems.note("weights", f"{int((~torch.isfinite(weights)).sum())} values", "finite numbers")
