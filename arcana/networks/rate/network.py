"""``RateNetwork``: populations of rate units, simulated and trained from a configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from arcana.errors import BadInput, Problems, unknown_name
from arcana.networks.rate.arrays import Array, note_not_finite, tensor_of
from arcana.networks.rate.blocks import Block, fingerprint
from arcana.networks.rate.config import RateConfig
from arcana.networks.rate.connectivity import drawn, stored
from arcana.networks.rate.dynamics import Dynamics, RateState
from arcana.networks.rate.files import read_config
from arcana.networks.rate.given import (
    Given,
    batch_of,
    check_draw,
    check_input,
    check_weights,
    checked,
    currents_of,
    input_of,
)
from arcana.networks.rate.graph import graph_of
from arcana.networks.rate.inputs import Programmed, Source, as_source, checked_step
from arcana.networks.rate.memory import check_fits, check_free
from arcana.networks.rate.trained import TRAINABLE, TrainedWeights
from arcana.rate_graph import RateGraph
from arcana.typing import Tensor

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
        weights: Array | None = None,
        *,
        train: str | Sequence[str] = (),
        dtype: torch.dtype | None = None,
        **overrides: Any,
    ) -> RateNetwork:
        """A network from a file, a table, or a configuration.

        Args:
            config: See ``read_config``; field names are ours, or those of the NeuroTorch programs.
            weights: All weights (pre, post), a tensor or an array, scaled already; None draws them from the seed.
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
        matrix = None if weights is None else tensor_of("weights", weights)
        names = (train,) if isinstance(train, str) else train
        if not isinstance(names, (tuple, list, set)):
            raise BadInput.one("train", train, "names out of " + ", ".join(TRAINABLE) + ", or ()")
        problems.extend(unknown_name("train", str(name), TRAINABLE) for name in names if name not in TRAINABLE)
        dtype = dtype or (torch.float32 if matrix is None else torch.float64)
        if dtype not in KINDS:
            problems.note("dtype", str(dtype), "torch.float32 or torch.float64")
        if matrix is not None:
            check_weights(matrix, read, problems)
        problems.raise_if_any()
        check_fits(read, dtype=dtype, trained=names)
        blocks = drawn(read, dtype) if matrix is None else stored(matrix.to(dtype), read)
        return cls(read, blocks, tuple(names), dtype)

    def initial(self, batch: int | None = None, seed: int | None = None, first: Array | None = None) -> RateState:
        """First states: currents standard normal from the seed, rates phi(input + fast currents).

        Args:
            batch: How many; None takes the configuration's.
            seed: Another seed than the configuration's.
            first: Input of the first step in units of J_a0, (N,) or (batch, N); None takes the configuration's.

        Raises:
            BadInput: for a batch that is no whole number from 1, and a seed that is none from 0.
        """
        check_draw(batch, seed)
        rng = np.random.default_rng([self.config.seed if seed is None else seed, INITIAL])
        size = (self.config.batch if batch is None else batch, 1 + self.config.nmda, self.config.neurons)
        drawn_ = rng.standard_normal(size)  # run by run: the first ones are the same in any batch
        currents = torch.from_numpy(drawn_).to(self.dtype).transpose(0, 1)
        given = Programmed(self.config, size[0], self.dtype)(0)
        if first is not None:
            given = checked_step("first", first, self.config.neurons).to(self.dtype)
            check_input(given, size[0], 0)
        return self.dynamics.rest(given * self.config.scale_in * self._gains(), currents)

    def program(self, strength_in: Array | None = None, batch: int | None = None) -> Programmed:
        """The configured input, unscaled, for a ``forward`` of its own: as it is, step by step, or ``whole()``.

        Args:
            strength_in: J_a0 of each run, (batch, populations); None takes the configuration's.
            batch: How many runs; None takes as many as there are strengths, or as are configured.

        Raises:
            BadInput: for strengths of another shape, or not finite.
        """
        check_draw(batch, None)
        runs = self.config.batch if batch is None else batch
        if strength_in is None:
            return Programmed(self.config, runs, self.dtype)
        strengths, problems = tensor_of("strength_in", strength_in), Problems()
        wanted, shape = len(self.config.sizes), tuple(strengths.shape)
        runs = max(len(strengths), 1) if batch is None and strengths.ndim else runs
        if shape != (runs, wanted):
            problems.note("strength_in", shape, f"({'batch' if batch is None else batch}, {wanted})", "(shape)")
        else:
            note_not_finite("strength_in", strengths, problems)
        problems.raise_if_any()
        return Programmed(self.config, runs, self.dtype, strengths)

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
        given = input_of(ff_inputs)
        batch = batch_of(given, initial, c.batch)
        source = as_source(given, Programmed(c, batch, self.dtype), c.steps)
        if initial is None:
            first = source(0)
            batch = len(first) if batch == 1 and first.ndim == 2 else batch
            check_input(first, batch, 0)
            initial = self.initial(batch, first=first)
        state = checked(initial, c, self.dtype)
        shown = slice(0, c.sizes[0]) if c.record == "first" else slice(None)
        size = 2 * len(state.rates) * c.samples * len(range(c.neurons)[shown]) * self.dtype.itemsize
        check_free({"samples": size}, "fewer runs, longer windows, record='first'")
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
        ff: Array | Callable[[int], Tensor],
        *,
        rates: Array | None = None,
        recurrent: Array | None = None,
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
        given, start = input_of(ff), None if rates is None else tensor_of("rates", rates)
        currents = None if recurrent is None else currents_of(recurrent, self.config, self.dtype)
        scale = 1.0 if scaled else self.config.scale_in
        steps = given.shape[-2] if isinstance(given, torch.Tensor) and given.ndim > 1 else self.config.steps
        batch = batch_of(given, None, 1 if currents is None else currents.shape[1])
        source = as_source(given, Programmed(self.config, batch, self.dtype), None)
        first = source(0).to(self.dtype) * scale * self._gains()
        currents = self.initial(batch).currents if currents is None else currents
        state = self.dynamics.rest(first, currents)
        if start is not None:
            one = tuple(start.shape) in ((self.config.neurons,), (1, self.config.neurons))
            start = start.to(self.dtype)
            state = state._replace(rates=start.expand(currents.shape[1:]) if one else start)
        state = checked(state, self.config, self.dtype)
        size = 2 * len(state.rates) * steps * self.config.neurons * self.dtype.itemsize
        check_free({"rates": size if every_step else 0}, "fewer steps, or every_step=False")
        kept: list[Tensor] = []
        for state in self._run(source, state, steps, scale):  # noqa: B020
            if every_step:
                kept.append(state.rates)
        return torch.stack(kept if every_step else [state.rates], 1)

    def graph(self) -> RateGraph:
        """Populations and projections as plain data, with the weights that act now."""
        return graph_of(self.config, self.weights())

    def get_extra_state(self) -> dict[str, str]:
        """For ``state_dict``: what the stored weights are recognised by."""
        return {"stored weights": fingerprint(self.blocks)}

    def set_extra_state(self, state: Mapping[str, str]) -> None:
        """From ``load_state_dict``: weights that are not among the parameters have to be there already.

        Raises:
            BadInput: if the network that was saved had others.
        """
        stored = self.trained is None or self.trained.magnitude is None
        if stored and state != self.get_extra_state():
            hint = "make the network from the same configuration and seed, or the same weights, and load then"
            raise BadInput.one("state_dict", "of a network with other weights", "weights as here", hint=hint)

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
            check_input(given, len(state.rates), step)
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
