"""What a user hands to a rate network beside its configuration: weights, input, first states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch

from arcana.errors import BadInput, Problems
from arcana.limits import MOST, is_whole
from arcana.networks.rate.arrays import Array
from arcana.networks.rate.config import RateConfig
from arcana.networks.rate.dynamics import RateState
from arcana.networks.rate.inputs import Programmed
from arcana.typing import Tensor

Given: TypeAlias = Array | Callable[[int], Tensor] | None


def batch_of(given: Any, initial: RateState | None, default: int) -> int:
    """How many runs an input and first states mean."""
    if initial is not None:
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


def check_weights(weights: Any, config: RateConfig, problems: Problems) -> None:
    """Note weights of another shape than (N, N), or that are not finite."""
    n = config.neurons
    if not isinstance(weights, torch.Tensor) or tuple(weights.shape) != (n, n):
        given = tuple(getattr(weights, "shape", ())) or type(weights).__name__
        problems.note("weights", given, f"a tensor or an array ({n}, {n}), pre by post", "(shape)")
    elif not bool(torch.isfinite(weights).all()):
        problems.note("weights", f"{int((~torch.isfinite(weights)).sum())} values", "finite numbers")


def currents_of(recurrent: Any, config: RateConfig, dtype: torch.dtype) -> Tensor:
    """First currents (receptors, B, N), also from (B, N) where there is one receptor.

    Raises:
        BadInput: for another shape.
    """
    wanted = (1 + config.nmda, "B", config.neurons)
    shape = tuple(recurrent.shape) if isinstance(recurrent, torch.Tensor) else type(recurrent).__name__
    if len(shape) == 2 and not config.nmda:
        recurrent, shape = recurrent[None], (1, *shape)
    if not isinstance(shape, tuple) or len(shape) != 3 or (shape[0], shape[2]) != (wanted[0], wanted[2]):
        raise BadInput.one("recurrent", shape, f"({wanted[0]}, batch, {wanted[2]})", "(shape)")
    found: Tensor = recurrent.to(dtype)
    return found


def checked(state: RateState, config: RateConfig) -> RateState:
    """The state, whose parts go together.

    Raises:
        BadInput: listing parts of a wrong shape, and those that are not finite.
    """
    problems, n = Problems(), config.neurons
    for name, value in state._asdict().items():
        if value is None:
            continue
        wanted = (1 + config.nmda, *state.rates.shape) if name == "currents" else state.rates.shape
        if tuple(value.shape) != tuple(wanted) or value.shape[-1] != n or value.ndim != 2 + (name == "currents"):
            problems.note(f"initial.{name}", tuple(value.shape), f"({n} neurons last, as the rates)", "(shape)")
        elif not bool(torch.isfinite(value).all()):
            problems.note(f"initial.{name}", "values that are not finite", "finite numbers")
    problems.raise_if_any()
    return state
