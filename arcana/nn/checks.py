"""What a layer refuses: inputs and states that no chip could have meant."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import nn

from arcana.circuits.dpi import DPIState
from arcana.errors import BadInput, Problems
from arcana.typing import Tensor


def inspectable(tensor: Tensor) -> bool:
    """Whether values may be looked at: not inside vmap and the other functional transforms."""
    return not torch._C._functorch.is_functorch_wrapped_tensor(tensor)


def as_type_of(module: nn.Module, X: Any) -> Any:
    """Numbers, a tensor or an array, in the floating-point type of a module; anything else as it is."""
    if isinstance(X, np.ndarray) and X.dtype.kind in "fiub":
        X = torch.from_numpy(np.require(X, requirements=["C", "W"]))
    if not isinstance(X, torch.Tensor) or X.is_complex():
        return X
    tensors = chain(module.parameters(), module.buffers())
    return X.to(next((t.dtype for t in tensors if t.is_floating_point()), X.dtype))


def check_events(X: Tensor, n_in: int, dtype: torch.dtype) -> None:
    """Refuse a wrong shape, dtype, an empty batch, and NaN, infinite or negative events.

    Raises:
        BadInput: with what was given and what was allowed.
    """
    if not isinstance(X, torch.Tensor):
        raise BadInput.one("X", type(X).__name__, "a tensor (batch, time, n_in)")
    if X.layout != torch.strided or X.is_meta:
        raise BadInput.one("X", "meta" if X.is_meta else str(X.layout), "a dense tensor with values", "(layout)")
    if X.ndim < 2 or X.shape[-1] != n_in:
        raise BadInput.one("X", tuple(X.shape), f"(batch, time, {n_in})", "(shape)")
    if 0 in X.shape:
        raise BadInput.one("X", tuple(X.shape), "at least one series and one time step", "(shape)")
    if X.dtype != dtype:
        raise BadInput.one("X", str(X.dtype), str(dtype), "(dtype)", "convert one: layer.to(X.dtype) or X.to(...)")
    if inspectable(X):
        low, high = X.detach().aminmax()
        if not (low >= 0 and high < torch.inf):
            bad = ~(torch.isfinite(X) & (X >= 0))
            first = tuple(int(i) for i in bad.nonzero()[0])
            raise BadInput.one(
                f"X[{', '.join(map(str, first))}]", X[first].item(), "a finite number of events >= 0"
            )


def check_external(external: Tensor, X: Tensor, n_out: int) -> None:
    """Refuse an external current of another shape or dtype, and one that is not finite.

    Raises:
        BadInput: with what was given and what was allowed.
    """
    if not isinstance(external, torch.Tensor):
        raise BadInput.one("external", type(external).__name__, "a tensor (batch, time, n_out)", "A")
    wanted = (*X.shape[:-1], n_out)
    if external.shape[-len(wanted) :] != wanted:
        raise BadInput.one("external", tuple(external.shape), str(wanted), "(shape)")
    if external.dtype != X.dtype:
        raise BadInput.one("external", str(external.dtype), str(X.dtype), "(dtype)")
    if inspectable(external) and not bool(torch.isfinite(external).all()):
        raise BadInput.one("external", "NaN or infinity", "finite currents", "A")


def check_parameters(module: nn.Module) -> None:
    """Refuse half precision, in which currents of picoamperes vanish, and parameters that are not numbers.

    Raises:
        BadInput: listing every parameter that is wrong.
    """
    given = list(module.parameters())
    usual = all(value.dtype in (torch.float32, torch.float64) and inspectable(value) for value in given)
    if usual and len({value.dtype for value in given}) == 1:
        # One look at all of them; only what is wrong is looked at one by one. -inf is a part switched off
        highest = torch.cat([value.detach().flatten() for value in given]).max()
        if bool(highest < torch.inf):  # false for NaN too
            return
    problems = Problems()
    for name, value in module.named_parameters():
        if value.dtype not in (torch.float32, torch.float64):
            problems.note(name, str(value.dtype), "torch.float32 or torch.float64", "(dtype)")
        elif inspectable(value) and bool(torch.isnan(value).any() | (value == torch.inf).any()):
            problems.note(
                name, "NaN or infinity", "numbers", hint="a training step went wrong: lower the learning rate"
            )
    problems.raise_if_any()


def check_state(state: DPIState, batch: torch.Size, n_out: int, dtype: torch.dtype) -> None:
    """Refuse a state of another population, batch or dtype, and currents that are not positive.

    Raises:
        BadInput: listing every field that is wrong.
    """
    if not isinstance(state, DPIState):
        raise BadInput.one("state", type(state).__name__, "None or the DPIState that the last call returned")
    problems = Problems()
    for name, value in zip(DPIState._fields, state, strict=True):
        unit = "s" if name == "refractory" else "A"
        if value.shape[-1:] != (n_out,) or value.shape[value.ndim - 1 - len(batch) : -1] != batch:
            problems.note(
                f"state.{name}", tuple(value.shape), f"(..., {', '.join(map(str, batch))}, {n_out})", "(shape)"
            )
        elif value.dtype != dtype:
            problems.note(f"state.{name}", str(value.dtype), str(dtype), "(dtype)")
        elif inspectable(value):
            low, high = value.detach().aminmax()
            floor = low > (-torch.inf if name == "refractory" else 0)
            if not (floor and high < torch.inf):
                problems.note(f"state.{name}", low.item(), "finite currents > 0", unit)
    problems.raise_if_any()
