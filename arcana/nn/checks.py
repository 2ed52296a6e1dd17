"""What a layer refuses: inputs and states that no chip could have meant."""

from __future__ import annotations

import torch

from arcana.circuits.dpi import DPIState
from arcana.errors import BadInput, Problems
from arcana.typing import Tensor


def inspectable(tensor: Tensor) -> bool:
    """Whether values may be looked at: not inside vmap and the other functional transforms."""
    return not torch._C._functorch.is_functorch_wrapped_tensor(tensor)


def check_events(X: Tensor, n_in: int, dtype: torch.dtype) -> None:
    """Refuse a wrong shape, dtype, an empty batch, and NaN, infinite or negative events.

    Raises:
        BadInput: with what was given and what was allowed.
    """
    if not isinstance(X, torch.Tensor):
        raise BadInput.one("X", type(X).__name__, "a tensor (batch, time, n_in)")
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


def check_state(state: DPIState, batch: torch.Size, n_out: int) -> None:
    """Refuse a state of another population or batch, and currents that are not positive.

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
        elif inspectable(value):
            low, high = value.detach().aminmax()
            floor = low > (-torch.inf if name == "refractory" else 0)
            if not (floor and high < torch.inf):
                problems.note(f"state.{name}", low.item(), "finite currents > 0", unit)
    problems.raise_if_any()
