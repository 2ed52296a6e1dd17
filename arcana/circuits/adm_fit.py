"""Thresholds from a limit on the event rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from arcana.circuits.adm import Reset, hard, time_first, track
from arcana.typing import Tensor

Array = NDArray[np.float64]
FINEST = 2.0**-16  # of the signal's range: what a 16-bit converter resolves
CANDIDATES, PASSES = 32, 3  # 31^3 steps over 16 octaves: thresholds to 0.04 %


@dataclass(frozen=True)
class RateFit:
    """What ``fit_rate`` found, one entry per channel.

    Attributes:
        scale: Factor on both thresholds.
        events: Events (UP and DOWN together) of the busiest series at that factor.
        most: The most events of the busiest series at any factor that was tried.
        constant: Whether the channel never moves, so that nothing can be chosen by it.
    """

    scale: Array
    events: Array
    most: Array
    constant: NDArray[np.bool_]


def fit_rate(
    signal: Tensor,
    threshold_up: Tensor,
    threshold_down: Tensor,
    limit: float,
    refractory: int,
    *,
    reset: Reset,
    events_per_step: int,
) -> RateFit:
    """The smallest factor on both thresholds of each channel with which no series has more than ``limit`` events.

    Each pass encodes the signal once with a row of candidates and goes on between the last that exceeds the limit
    and the next. The number of events need not fall with the threshold everywhere; the factor that is returned,
    and every candidate above it, was tried and keeps the limit.

    Args:
        signal: (..., T, N), already upsampled.
        threshold_up: (N,) in units of the signal.
        threshold_down: (N,).
        limit: Events per series and channel.
        refractory: Steps after an event during which there is no other one.
        reset: "level" or "signal".
        events_per_step: The most events in one step.
    """
    x = time_first(signal)
    x = (x - x[:1]).reshape(len(x), -1, x.shape[-1])
    busiest = _counter(x, threshold_up, threshold_down, refractory, reset, events_per_step)
    smallest = np.minimum(threshold_up.detach().cpu().numpy(), threshold_down.detach().cpu().numpy())
    span = np.ptp(x, 0).max(0)
    constant = span == 0
    # With thresholds above the range of the signal there is no event at all.
    high = np.where(constant, 1.0, 1.01 * span / smallest)
    low = high * FINEST
    most = np.zeros_like(high)
    for _ in range(PASSES):
        scales = np.geomspace(low, high, CANDIDATES)
        counts = busiest(scales)
        most = np.maximum(most, counts.max(0))
        kept = np.cumprod((counts <= limit)[::-1], 0).sum(0)  # candidates in a row, from the largest down
        above = CANDIDATES - kept
        channel = np.arange(len(high))
        high, low = scales[above, channel], scales[np.maximum(above - 1, 0), channel]
        events = counts[above, channel]
    return RateFit(high, events, most, constant)


def _counter(
    x: Array, threshold_up: Tensor, threshold_down: Tensor, refractory: int, reset: Reset, events_per_step: int
) -> Callable[[Array], Array]:
    """Events of the busiest series for factors (candidates, N), with thresholds rounded as they will be stored."""

    def thresholds(base: Tensor, scales: Array) -> Array:
        values = torch.from_numpy(scales).to(base) * base.detach()
        return values.double().cpu().numpy()[:, None, :]

    def busiest(scales: Array) -> Array:
        d = thresholds(threshold_up, scales), thresholds(threshold_down, scales)
        total = np.zeros((len(scales), *x.shape[1:]))
        for up, down in track(x, d[0], d[1], refractory, reset, hard(events_per_step)):
            total += up + down
        most: Array = total.max(1)
        return most

    return busiest
