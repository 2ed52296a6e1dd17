"""What a neuron can hold of its weights: whole synapses or switched words, within its fan-in."""

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
    return floor + (rank(shares - floor) < missing).to(shares.dtype)


def rank(values: Tensor) -> Tensor:
    """Place of each value in its row, 0 the largest.

    Equal ones are served in an order that is even over inputs and receptors, not from the first one on.
    """
    turn = torch.argsort((torch.arange(values.shape[-1], device=values.device) * GOLDEN_RATIO) % 1.0)
    order = torch.argsort(values[..., turn], dim=-1, descending=True, stable=True)
    return torch.argsort(order, dim=-1)[..., torch.argsort(turn)]


def largest_words(wanted: Tensor, fan_in: int | None) -> Tensor:
    """``wanted`` (..., n_out, words) with only the ``fan_in`` largest of each row left, the others 0."""
    if fan_in is None or wanted.shape[-1] <= fan_in:
        return wanted
    return torch.where(rank(wanted) < fan_in, wanted, torch.zeros_like(wanted))


def nearest_sums(wanted: Tensor, currents: Tensor) -> tuple[Tensor, Tensor]:
    """The switches of each word, and their current: min over b of |sum_i b_i W_i - wanted|.

    Args:
        wanted: Currents >= 0 (..., n_out, words) [A]; 0 stays 0.
        currents: Weight current of each switch (switches,) [A].

    Returns:
        Masks, bit i for current i (whole numbers, 0 no synapse), and sums [A], each of the shape of ``wanted``.
    """
    switches = currents.shape[-1]
    masks = torch.arange(2**switches, device=wanted.device)
    bits = (masks[:, None] >> torch.arange(switches, device=wanted.device)) & 1
    sums = (bits.to(currents) * currents).sum(-1)
    nearest = (wanted[..., None] - sums).abs().argmin(-1)
    made = torch.where(wanted > 0, sums[nearest], torch.zeros_like(wanted))
    return torch.where(made > 0, nearest, torch.zeros_like(nearest)), made


def project_fan_in(weights: Tensor, budget: Tensor) -> Tensor:
    """The nearest point of {w >= 0, sum over the row <= budget}: max(w - t, 0), t >= 0 as small as it may be.

    Euclidean projection on the simplex (Held, Wolfe and Crowder, Math. Programming 6, 1974) where a row asks for
    more than it may have; a row that does not only loses what is negative.

    Args:
        weights: (n_out, n).
        budget: What each row may add up to (n_out,) >= 0.
    """
    falling = weights.sort(-1, descending=True).values
    number = torch.arange(1, weights.shape[-1] + 1, device=weights.device, dtype=weights.dtype)
    shift = (falling.cumsum(-1) - budget[:, None]) / number
    last = ((falling > shift).sum(-1, keepdim=True) - 1).clamp(min=0)
    over = weights.clamp(min=0).sum(-1, keepdim=True) > budget[:, None]
    return torch.where(over, weights - shift.gather(-1, last), weights).clamp(min=0)
