"""Where a network of the family is, and what is refused of a state that somebody hands over."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import nn

from arcana.errors import BadInput, Problems
from arcana.networks.brnn.parts import Parts
from arcana.nn.checks import as_type_of
from arcana.typing import Tensor


class BRNNState(NamedTuple):
    """Voltage v (None where the state is a rate), rate r, and u, x of plastic synapses (else None); each (B, n).

    Where there is a voltage, r follows from it: a given r is not looked at.
    """

    v: Tensor | None
    r: Tensor
    u: Tensor | None = None
    x: Tensor | None = None


def read_state(
    state: Any, module: nn.Module, shape: tuple[int, int], parts: Parts, problems: Problems
) -> BRNNState:
    """A state in the numbers of a module, its parts (B, n) as a network of these parts needs them.

    Args:
        state: What was given.
        module: Of whose type the numbers are to be.
        shape: (B, n).
        parts: Of the network.
        problems: Parts that are missing or too many, of another shape, not finite, and shares outside 0 to 1.

    Raises:
        BadInput: for what is no state at all.
    """
    if not isinstance(state, BRNNState):
        raise BadInput.one("state", type(state).__name__, "a BRNNState, as start() and every run give it")
    needs = {"v": parts.state == "voltage", "r": True, "u": parts.plastic, "x": parts.plastic}
    found: dict[str, Any] = {}
    for name, needed in needs.items():
        value = found[name] = as_type_of(module, getattr(state, name))
        field = f"state.{name}"
        if (value is None) == needed or (value is not None and tuple(getattr(value, "shape", ())) != shape):
            given = None if value is None else tuple(getattr(value, "shape", ())) or type(value).__name__
            problems.note(field, given, str(shape) if needed else "None", "(shape)")
        elif value is not None:
            low, high = (float(extreme) for extreme in value.detach().aminmax())
            share, edge = name in ("u", "x"), 4 * torch.finfo(value.dtype).eps
            if not (-edge <= low <= high <= 1 + edge if share else abs(low) < torch.inf and abs(high) < torch.inf):
                problems.note(field, [low, high], "from 0 to 1" if share else "finite numbers", "(range)")
    return BRNNState(**found)
