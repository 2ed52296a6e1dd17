"""torch's GRU as a cell of the family, for comparison."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import linear

from arcana.typing import Tensor


class GRU(nn.Module):
    """r' = (1 - z) r + z tanh(W_n x + b_n + g (U_n r + c_n)), with gates z and g of their own.

    z is 1 minus the update gate of ``torch.nn.GRU``, which says how much stays.

    Args:
        n_in: Inputs.
        n: Units.
    """

    def __init__(self, n_in: int, n: int) -> None:
        super().__init__()
        self.n = n
        self.gru = nn.GRU(n_in, n, batch_first=True)

    def run(self, x: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
        """Rates and z (B, T, n) for inputs (B, T, n_in) and first rates (B, n)."""
        series, _ = self.gru(x, first[None])
        before = torch.cat([first[:, None], series[:, :-1]], 1)
        update = slice(self.n, 2 * self.n)  # torch stacks reset, update and new
        names = ("weight_ih_l0", "bias_ih_l0", "weight_hh_l0", "bias_hh_l0")
        W, b, U, c = (getattr(self.gru, name)[update] for name in names)
        return series, torch.sigmoid(-linear(x, W, b) - linear(before, U, c))
