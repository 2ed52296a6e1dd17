"""A proven bound on the error of the ADM at every sample, for every signal; docs/adm.md has the proof.

The encoder is not run. What is carried instead are intervals that hold its reference v whatever it did: one for
an encoder that is ready, one for each that had its last event 1, 2 ... m - 1 samples ago. At a sample, a ready
encoder has three ways on, and whichever it took, e = x - v ends within

    no event    -d_down <= e <= d_up
    UP          max(0, e_low - K d_up) <= e <= max(min(d_up, e_high - d_up), e_high - K d_up)
                (only if e > d_up can be)
    DOWN        the mirror image

With ``reset="signal"`` the encoder ends at e = 0, and what would have been left goes into the decoder's drift.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import torch
from numpy.typing import NDArray

from arcana.circuits.adm import Reset, numpy_of, time_first
from arcana.circuits.adm_slew import sliding_max
from arcana.typing import Tensor

Array = NDArray[np.float64]
ULPS = 8.0  # rounding of the encoder and of this recursion, in units of eps (|x - x_0| + (d_up + d_down) events)


def error_bound(
    signal: Tensor,
    threshold_up: Tensor,
    threshold_down: Tensor,
    refractory: int = 0,
    *,
    reset: Reset = "level",
    events_per_step: int = 1,
) -> Tensor:
    """A bound on |x - decode(encode(x), initial_value=x_0)| at each sample, from the signal's increments alone.

    It includes rounding: 8 ulp (double precision) of |x - x_0| + (d_up + d_down) K (t / m + 1) in the encoder and
    2 ulp of |x| + |x_0| + bound, in the signal's dtype, for storing the reconstruction and subtracting it.

    Args:
        signal: (..., time, N).
        threshold_up: d_up > 0 in units of the signal, (N,).
        threshold_down: d_down > 0, likewise.
        refractory: Steps after an event during which there is no other one.
        reset: "level" or "signal".
        events_per_step: K, the most events in one step.

    Returns:
        Shape and dtype of ``signal``; without gradient.
    """
    x = time_first(signal)
    r = x - x[:1]
    d = np.stack(np.broadcast_arrays(numpy_of(threshold_up), numpy_of(threshold_down), np.empty(x.shape[-1]))[:2])
    d = d.reshape(2, *[1] * (x.ndim - 2), -1)
    m = max(refractory, 1)
    most_events = events_per_step * (np.arange(len(x)) // m + 1.0)
    sums = most_events.reshape(-1, *[1] * (x.ndim - 1)) * d.sum(0)
    rounding = ULPS * np.finfo(np.float64).eps * (abs(r) + sums)
    both = np.stack((r, -r), 1)
    bound = _largest(both, rounding, d, m, reset, events_per_step).max(1) + rounding
    last_place = torch.finfo(signal.dtype).eps
    bound = (bound + 2 * last_place * (abs(x) + abs(x[:1]) + bound)) * (1 + last_place)
    return torch.from_numpy(np.moveaxis(bound, 0, -2).copy()).to(signal)


def _largest(r: Array, rounding: Array, d: Array, m: int, reset: Reset, K: int) -> Array:
    """Largest x - (decoded signal) at each sample, and the largest of its negative: (time, 2, ..., N).

    Everything has two rows, the case and its mirror image: ``r`` is (x, -x), ``d`` is (d_up, d_down), and ``v`` is
    (-v_low, v_high), so that r + v is (e_high, -e_low). An encoder in its refractory time keeps v, so its entry is
    written once, at the event, and found again: for the error as a maximum over the last m - 1 entries, and m
    samples later as a ready encoder.
    """
    slack = rounding[:, None]
    r_high = r + slack
    r_low = r_high[:, ::-1]
    at_threshold = r_low + d
    v, drift = np.zeros_like(r[0]), np.zeros_like(r[0])  # of a ready encoder; drift is (D_high, -D_low)
    ready, event = np.empty_like(r), np.empty_like(r)
    waiting: deque[tuple[Array, Array]] = deque()  # entries of encoders that are not ready yet
    for t in range(len(r)):
        left, possible = _left_after_event(r_high[t] + v, d, K)
        if reset == "level":
            entry = r_low[t] + left, drift
        else:
            entry = np.where(possible, -r[t], -np.inf), drift + left + slack[t]
        waiting.append(entry)
        event[t] = entry[0] + entry[1]
        v = np.minimum(v, at_threshold[t])
        if len(waiting) == m:
            since = waiting.popleft()
            v, drift = np.maximum(v, since[0]), np.maximum(drift, since[1])
        ready[t] = v + drift
    if m > 1:
        ready = np.maximum(ready, sliding_max(event, m - 1))
    return r + ready


def _left_after_event(e: Array, d: Array, K: int) -> tuple[Array, Array]:
    """The error that an event leaves, (high, -low), if it was (e_high, -e_low) before; -inf where none can happen.

    And whether one can.
    """
    own = e - d if K == 1 else np.maximum(np.minimum(d, e - d), e - K * d)
    other = np.minimum(0.0, e + K * d[::-1])
    up = e > d
    down = up[::-1]
    return np.maximum(np.where(up, own, -np.inf), np.where(down, other, -np.inf)), up | down
