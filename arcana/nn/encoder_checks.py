"""What the ADM refuses: settings and signals that no encoder could have meant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from arcana.circuits.adm import RESETS
from arcana.errors import BadInput, Problems, unknown_name
from arcana.nn.checks import inspectable
from arcana.typing import Tensor


def check_settings(problems: Problems, reset: str, *, least: dict[str, tuple[Any, int]]) -> None:
    """Whole numbers with their least value, and the name of the reset rule."""
    for name, (value, low) in least.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            problems.note(name, value, f"a whole number >= {low}")
    if reset not in RESETS:
        problems.append(unknown_name("reset", reset, RESETS))


def read_thresholds(name: str, given: float | Sequence[float] | Tensor, n: int, problems: Problems) -> Tensor:
    """One threshold for each of ``n`` channels, in double precision; empty if anything was refused so far."""
    refused = torch.empty(0)
    allowed = "a finite number > 0 in units of the signal, or one for each channel"
    try:
        value = torch.as_tensor(given, dtype=torch.float64).detach().clone()
    except (TypeError, ValueError, RuntimeError):
        problems.note(name, given, allowed)
        return refused
    n_is_known = isinstance(n, int) and n >= 1
    if value.ndim > 0 and n_is_known and value.shape != (n,):
        problems.note(name, tuple(value.shape), f"one value, or {n} values", "(shape)")
        return refused
    stored = value.to(torch.get_default_dtype())
    wrong = ~(torch.isfinite(stored) & (stored > 0))
    if wrong.any():
        for channel in wrong.nonzero():
            where = f"{name}[{int(channel)}]" if value.ndim else name
            problems.note(where, value[tuple(channel)].item(), "a finite number > 0", "(units of the signal)")
    return refused if problems else value.expand(n).clone()


def check_thresholds(**thresholds: Tensor) -> None:
    """Refuse thresholds that training or a loaded file has pushed out of what is allowed.

    Raises:
        BadInput: listing every channel.
    """
    problems = Problems()
    for name, value in thresholds.items():
        if inspectable(value) and not bool((torch.isfinite(value) & (value > 0)).all()):
            for channel, number in enumerate(value.detach().tolist()):
                if not (math.isfinite(number) and number > 0):
                    hint = "UpdateParams after an optimizer step keeps thresholds legal"
                    where = f"{name}[{channel}]"
                    problems.note(where, number, "a finite number > 0", "(units of the signal)", hint)
    problems.raise_if_any()


def check_series(name: str, given: Tensor, channels: int, what: str) -> None:
    """Refuse what is not a floating-point tensor (..., batch, time, channels) of finite numbers.

    Raises:
        BadInput: with the place of the first number that is wrong.
    """
    shape = f"(batch, time, {channels}) with {what}; further axes in front are allowed"
    if not isinstance(given, torch.Tensor):
        raise BadInput.one(name, type(given).__name__, f"a tensor {shape}")
    problems = Problems()
    if not given.is_floating_point():
        problems.note(name, str(given.dtype), "a floating-point dtype", "(dtype)", f"convert it: {name}.float()")
    if given.ndim < 3 or given.shape[-1] != channels:
        problems.note(name, tuple(given.shape), shape, "(shape)")
    elif 0 in given.shape:
        problems.note(name, tuple(given.shape), "at least one series and one time step", "(shape)")
    problems.raise_if_any()
    # An eighth of the largest number: no difference of two samples overflows.
    limit = torch.finfo(torch.promote_types(given.dtype, torch.float32)).max / 8
    if inspectable(given) and not bool((given.abs() <= limit).all()):
        bad = ~(given.abs() <= limit)
        first = tuple(int(i) for i in bad.nonzero()[0])
        many = int(bad.sum())
        hint = "" if many == 1 else f"the first of {many}"
        where = f"{name}[{', '.join(map(str, first))}]"
        raise BadInput.one(where, given[first].item(), f"a finite number of magnitude <= {limit:.2g}", hint=hint)
