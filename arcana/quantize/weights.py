"""Whole-number synapse counts within the fan-in of a neuron."""

from __future__ import annotations

import torch

from arcana.quantize.ste import straight_round, straight_through
from arcana.typing import Tensor

GOLDEN_RATIO = (5**0.5 - 1) / 2


def synapse_counts(weights: Tensor, fan_in: int | None, whole: bool = True) -> Tensor:
    """What a neuron can hold of the synapses that are asked for.

    Row sums stay within ``fan_in``. Weights are rounded one by one where that fits. Where it does not, the row is
    scaled to the fan-in and given out by largest remainder: whole parts first, then one synapse each to the
    largest fractions until the fan-in is used up; equal fractions are served evenly over the row. So a row of many
    small weights keeps its largest ones instead of rounding to nothing. The gradient passes straight through to
    every weight that is not negative.

    Args:
        weights: Synapses asked for (..., n_out, n_in); below zero counts as zero.
        fan_in: Most synapses a neuron may have; None sets no limit.
        whole: False keeps fractions (a float network in training) and only scales rows to the fan-in.

    Returns:
        Counts of the same shape and dtype.
    """
    wanted = weights.clamp(min=0)
    if fan_in is None:
        return straight_round(wanted) if whole else wanted
    total = wanted.sum(-1, keepdim=True)
    scaled = wanted * (fan_in / total.clamp(min=fan_in))
    if not whole:
        return scaled
    given = torch.where(
        torch.round(wanted).sum(-1, keepdim=True) > fan_in, largest_remainder(scaled), torch.round(wanted)
    )
    return straight_through(wanted, given)


def largest_remainder(shares: Tensor) -> Tensor:
    """Whole numbers near ``shares`` whose row sums are the rounded row sums (Hamilton's apportionment)."""
    floor = torch.floor(shares)
    missing = torch.round(shares.sum(-1, keepdim=True)) - floor.sum(-1, keepdim=True)
    # Equal fractions are served in an order that is even over inputs and receptors, not from the first one on
    turn = torch.argsort((torch.arange(shares.shape[-1], device=shares.device) * GOLDEN_RATIO) % 1.0)
    order = torch.argsort((shares - floor)[..., turn], dim=-1, descending=True, stable=True)
    rank = torch.argsort(order, dim=-1)[..., torch.argsort(turn)]
    return floor + (rank < missing).to(shares.dtype)
