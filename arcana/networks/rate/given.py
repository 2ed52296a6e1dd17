"""What a user hands to a rate network beside its configuration: weights, input, first states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch

from arcana.errors import BadInput, Problems
from arcana.limits import MOST, is_whole
from arcana.networks.rate.arrays import Array, note_not_finite, tensor_of
from arcana.networks.rate.config import RateConfig
from arcana.networks.rate.dynamics import RateState
from arcana.networks.rate.inputs import Programmed
from arcana.typing import Tensor

Given: TypeAlias = Array | Callable[[int], Tensor] | None


def input_of(given: Any) -> Any:
    """Input as a tensor; nothing and functions of the step as they are."""
    if given is None or callable(given):
        return given
    return tensor_of("ff_inputs", given, "None, a tensor, an array, or a function of the step")


def batch_of(given: Any, initial: RateState | None, default: int) -> int:
    """How many runs an input and first states mean.

    Raises:
        BadInput: for first states that are none.
    """
    if initial is not None:
        if not isinstance(initial, RateState):
            raise BadInput.one("initial", type(initial).__name__, "a RateState, as network.initial() gives it")
        return len(initial.rates)
    if isinstance(given, Programmed):
        return given.batch
    return len(given) if isinstance(given, torch.Tensor) and given.ndim == 3 else default


def check_draw(batch: int | None, seed: int | None) -> None:
    """Refuse a number of runs, or a seed, that cannot be; None is neither."""
    problems = Problems()
    if batch is not None and not is_whole(batch, 1):
        problems.note("batch", batch, f"a whole number from 1 to {MOST:,}")
    if seed is not None and not is_whole(seed, 0, 1 << 64):
        problems.note("seed", seed, "a whole number >= 0")
    problems.raise_if_any()


def check_input(given: Tensor, runs: int, step: int) -> None:
    """Refuse the input of a step for another number of runs than there are."""
    if given.ndim == 2 and len(given) != runs and 1 not in (len(given), runs):
        allowed = f"({runs}, {given.shape[-1]}), as there are first states"
        raise BadInput.one(f"input of step {step}", tuple(given.shape), allowed, "(shape)")


def check_weights(weights: Tensor, config: RateConfig, problems: Problems) -> None:
    """Note weights of another shape than (N, N), or that are not finite."""
    n = config.neurons
    if tuple(weights.shape) != (n, n):
        problems.note("weights", tuple(weights.shape), f"({n}, {n}), pre by post", "(shape)")
    else:
        note_not_finite("weights", weights, problems)


def currents_of(recurrent: Array, config: RateConfig, dtype: torch.dtype) -> Tensor:
    """First currents (receptors, B, N), also from (B, N) where there is one receptor.

    Raises:
        BadInput: for another shape.
    """
    found = tensor_of("recurrent", recurrent)
    found = found[None] if found.ndim == 2 and not config.nmda else found
    receptors, shape = 1 + config.nmda, tuple(found.shape)
    if len(shape) != 3 or (shape[0], shape[2]) != (receptors, config.neurons):
        raise BadInput.one("recurrent", shape, f"({receptors}, batch, {config.neurons})", "(shape)")
    return found.to(dtype)


def checked(state: RateState, config: RateConfig, dtype: torch.dtype) -> RateState:
    """The state in the numbers of the network, its parts going together.

    Raises:
        BadInput: listing parts of a wrong shape, and those that are not finite.
    """
    problems, n = Problems(), config.neurons
    parts = {
        name: tensor_of(f"initial.{name}", v).to(dtype) for name, v in state._asdict().items() if v is not None
    }
    state = state._replace(**parts)
    for name, value in parts.items():
        wanted = (1 + config.nmda, *state.rates.shape) if name == "currents" else state.rates.shape
        if tuple(value.shape) != tuple(wanted) or value.shape[-1] != n or value.ndim != 2 + (name == "currents"):
            problems.note(f"initial.{name}", tuple(value.shape), f"({n} neurons last, as the rates)", "(shape)")
        else:
            note_not_finite(f"initial.{name}", value, problems)
    problems.raise_if_any()
    return state
