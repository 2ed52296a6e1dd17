"""Tensors laid out as the kernels read them: neurons in rows that are padded to whole rows of lanes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch.nn.functional import pad

from arcana.typing import Tensor


class Shape(NamedTuple):
    """Sizes of a run. A row is one series on one virtual chip; rows share inputs and coefficients if they can."""

    leading: tuple[int, ...]
    rows: int
    x_rows: int
    c_leading: tuple[int, ...]
    c_rows: int
    steps: int
    n_in: int
    n: int
    padded: int


def shape_of(leading: tuple[int, ...], x: Sequence[int], c_leading: tuple[int, ...], n: int, width: int) -> Shape:
    """Sizes of a run.

    Args:
        leading: Shape before (time, n_out): virtual chips, then the batch.
        x: Shape of the input.
        c_leading: Shape of the coefficients before n_out.
        n: Neurons.
        width: Lanes that are worked on together.
    """
    rows = math.prod(leading)
    x_leading = tuple(x[:-2])
    # The input repeats in the order of the rows if it is the same for all leading chips
    shared = len(x_leading) <= len(leading) and leading[len(leading) - len(x_leading) :] == x_leading
    x_rows = math.prod(x_leading) if shared else rows
    c_leading = (1,) * (len(leading) - len(c_leading)) + c_leading
    own = next((i for i, size in enumerate(c_leading) if size == 1 and math.prod(c_leading[i:]) == 1), len(leading))
    if c_leading[:own] != leading[:own]:
        c_leading, own = leading, len(leading)
    padded = -(-n // width) * width
    return Shape(leading, rows, x_rows, c_leading, math.prod(c_leading), x[-2], x[-1], n, padded)


def inputs(X: Tensor, s: Shape) -> Tensor:
    """Events (x_rows, steps, n_in)."""
    if X.shape[:-2].numel() != s.x_rows:
        X = X.expand(*s.leading, *X.shape[-2:])
    return X.reshape(s.x_rows, s.steps, s.n_in).contiguous()


def weights(counts: Sequence[Tensor], s: Shape) -> Tensor:
    """Counts (n_out, n_in) of several receptors as (n_in, receptors, padded)."""
    return pad(torch.stack([w.mT for w in counts], 1), (0, s.padded - s.n)).contiguous()


def back_weights(counts: Sequence[Tensor], columns: int) -> Tensor:
    """Counts (n_out, n_in) of several receptors as (receptors, n_out, columns)."""
    return pad(torch.stack(list(counts)), (0, columns - counts[0].shape[-1])).contiguous()


def coefficients(values: Sequence[Tensor], s: Shape) -> Tensor:
    """Coefficients as (c_rows, coefficients, padded); unused lanes repeat the last neuron."""
    together = torch.stack([value.expand(*s.c_leading, s.n) for value in values], -2)
    return _repeat_last(together.reshape(s.c_rows, len(values), s.n), s)


def state(fields: Sequence[Tensor], s: Shape) -> Tensor:
    """State as (rows, fields, padded); unused lanes repeat the last neuron."""
    together = torch.stack([value.expand(*s.leading, s.n) for value in fields], -2)
    return _repeat_last(together.reshape(s.rows, len(fields), s.n), s)


def series(value: Tensor, s: Shape) -> Tensor:
    """A tensor (..., time, n_out) as (rows, steps, n)."""
    return value.expand(*s.leading, s.steps, s.n).reshape(s.rows, s.steps, s.n).contiguous()


def adjoint_series(value: Tensor, s: Shape) -> Tensor:
    """A tensor (..., time, n_out) as (rows, steps, n), or (rows, 1, n) if it is the same for all steps."""
    if value.stride(-2) == 0:
        return value[..., :1, :].expand(*s.leading, 1, s.n).reshape(s.rows, 1, s.n).contiguous()
    return series(value, s)


def _repeat_last(value: Tensor, s: Shape) -> Tensor:
    if s.padded == s.n:
        return value.contiguous()
    return torch.cat([value, value[..., -1:].expand(*value.shape[:-1], s.padded - s.n)], -1)
