"""Reading a decision from spikes."""

from __future__ import annotations

from arcana.errors import BadInput
from arcana.typing import Tensor


def population_rates(spikes: Tensor, groups: int, dt: float) -> Tensor:
    """Mean firing rate [Hz] of each group of neighbouring neurons over the whole sequence.

    Averaging over k neurons of a group divides the effect of mismatch by about sqrt(k).

    Args:
        spikes: (..., T, n) with n a multiple of ``groups``.
        groups: Number of groups (classes).
        dt: Time step [s].

    Returns:
        (..., groups).

    Raises:
        BadInput: if n is not a multiple of ``groups``.
    """
    n = spikes.shape[-1]
    if groups < 1 or n % groups:
        raise BadInput.one("groups", groups, f"a divisor of the {n} neurons")
    rates = spikes.mean(-2) / dt
    return rates.reshape(*rates.shape[:-1], groups, n // groups).mean(-1)
