"""Connections: weights that stay >= 0, masks and lists that never change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from arcana.errors import BadInput, Problems
from arcana.limits import is_whole
from arcana.typing import Tensor


class _NotNegative(torch.autograd.Function):
    """w = max(raw, 0); the gradient passes also where raw < 0, unless it would only push it further down.

    So a weight at 0 is not dead, a published weight is held to its last bit, and no weight is negative.
    """

    @staticmethod
    def forward(ctx: Any, raw: Tensor) -> Tensor:
        ctx.save_for_backward(raw)
        return raw.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (raw,) = ctx.saved_tensors
        return torch.where((raw <= 0) & (grad > 0), torch.zeros_like(grad), grad)


def not_negative(raw: Tensor) -> Tensor:
    """max(raw, 0) with a gradient that lets a weight come back from 0."""
    return _NotNegative.apply(raw)  # type: ignore[no-any-return,no-untyped-call]


class _Wired(nn.Module):
    """A module whose buffers are its wiring: a saved state of another wiring is refused."""

    def _load_from_state_dict(self, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        wiring = {prefix + name: own for name, own in self.named_buffers(recurse=False)}
        others = [k for k, own in wiring.items() if k in state and not torch.equal(state[k].to(own), own)]
        errors: list[str] = rest[-1]
        errors.extend(f"{key} is that of another circuit" for key in others)
        if not others:
            super()._load_from_state_dict(state, prefix, *rest)


class MaskedDense(_Wired):
    """y_i = sum_j m_ij w_ij x_j with a constant mask m of zeros and ones, and w >= 0.

    Args:
        mask: (n_out, n_in), True where there is a connection. A saved state with another mask is refused.

    Attributes:
        raw: Parameter (n_out, n_in); the weight is max(raw, 0) where the mask is True, else 0.
    """

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        given = torch.as_tensor(mask)
        if given.ndim != 2 or 0 in given.shape or not bool(((given == 0) | (given == 1)).all()):
            raise BadInput.one("mask", tuple(given.shape), "a table (n_out, n_in) of zeros and ones")
        self.register_buffer("mask", given.bool())
        self.raw = nn.Parameter(torch.zeros(given.shape))

    @property
    def weight(self) -> Tensor:
        """(n_out, n_in), >= 0, exactly 0 outside the mask."""
        return torch.where(self.mask, not_negative(self.raw), torch.zeros_like(self.raw))

    def forward(self, x: Tensor) -> Tensor:
        """X (..., n_in) -> (..., n_out)."""
        # Not a matrix product: its last bits would depend on the size of the batch
        return (x.unsqueeze(-2) * self.weight).sum(-1)


class GapJunction(_Wired):
    """I_i = sum over junctions j -> i of w O_j sign(O_j - E_i), with a constant list of junctions and w >= 0.

    Args:
        source: Indices j of the junctions.
        target: Indices i.
        n: Number of neurons.

    Attributes:
        raw: Parameter (junctions,); the weight is max(raw, 0).
    """

    source: Tensor
    target: Tensor

    def __init__(self, source: Sequence[int], target: Sequence[int], n: int) -> None:
        super().__init__()
        problems = Problems()
        for name, index in (("source", source), ("target", target)):
            wrong = [i for i in index if not is_whole(i, 0, n - 1)]
            if wrong:
                problems.note(name, wrong, f"indices 0 to {n - 1}")
        if len(source) != len(target):
            problems.note("target", len(target), f"{len(source)} indices, as many as sources")
        problems.raise_if_any()
        self.register_buffer("source", torch.tensor(list(source), dtype=torch.long))
        self.register_buffer("target", torch.tensor(list(target), dtype=torch.long))
        self.raw = nn.Parameter(torch.zeros(len(source)))

    @property
    def weight(self) -> Tensor:
        """(junctions,), >= 0."""
        return not_negative(self.raw)

    def forward(self, E: Tensor, O: Tensor, sign: Any = torch.sign) -> Tensor:  # noqa: E741
        """Internal states and outputs (..., n) -> current (..., n); ``sign`` is that of the variant."""
        before = O[..., self.source]
        each = self.weight * before * sign(before - E[..., self.target])
        return torch.zeros_like(E).index_add(-1, self.target, each)
