"""The asynchronous delta modulator (ADM): a signal becomes UP and DOWN events, and events a signal again.

The encoder holds a reference v that starts at the first sample x_0 of a series. At a sample that is at least
m = max(refractory, 1) steps after the last event it compares e = x - v with the thresholds:

    e > d_up                              ->  UP     k = min(K, ceil(e / d_up) - 1) events    v += k d_up
    e < -d_down                           ->  DOWN   k = min(K, ceil(-e / d_down) - 1) events v -= k d_down

K is ``events_per_step``, 1 in the chips' circuit. The encoder counts its events and forms
v = x_0 + d_up n_up - d_down n_down anew from the counts (``level``), just as the decoder does: both hold the same
number, and rounding errors do not pile up. Decisions are made in double precision whatever the signal's dtype.

With ``reset="signal"`` the reference jumps to x at an event instead; the decoder cannot know how far.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from arcana.typing import Surrogate, Tensor

Reset: TypeAlias = Literal["level", "signal"]
RESETS: tuple[Reset, ...] = ("level", "signal")
Array: TypeAlias = Any  # a numpy array or a tensor: ``track`` is written once for both
Fire: TypeAlias = Callable[[Array], tuple[Array, Array]]


def encode(
    signal: Tensor,
    threshold_up: Tensor,
    threshold_down: Tensor,
    refractory: int = 0,
    *,
    reset: Reset = "level",
    events_per_step: int = 1,
    surrogate_fn: Surrogate | None = None,
) -> Tensor:
    """The events of a signal by the rule at the head of this module (no checks: ``arcana.nn.encoder`` makes them).

    With a surrogate, an UP event is Theta(e / d_up - 1), slope and all, the wait after an event is
    1 - (events in the last m - 1 steps), and nothing is detached: gradients go to the signal and the thresholds
    through every later reference. Without one, the same loop runs on the processor and has no gradient.

    Args:
        signal: (..., time, N).
        threshold_up: d_up > 0 in units of the signal, broadcastable to (..., N).
        threshold_down: d_down > 0, likewise.
        refractory: Steps after an event during which there is no other one.
        reset: "level" or "signal".
        events_per_step: K, the most events in one step.
        surrogate_fn: Step function with a slope; None runs without gradient.

    Returns:
        (..., time, 2N), the UP events of all channels first; 0, 1 ... K in the dtype of the signal.
    """
    exact = signal.to(torch.float64)
    relative = exact - exact[..., :1, :]
    d_up, d_down = threshold_up.to(torch.float64), threshold_down.to(torch.float64)
    if surrogate_fn is None:
        with np.errstate(over="ignore"):  # a threshold far below the signal: e / d may be infinite, and is meant
            d = numpy_of(d_up), numpy_of(d_down)
            rows = track(time_first(relative), *d, refractory, reset, hard(events_per_step))
            ups, downs = zip(*rows, strict=True)
        both = np.concatenate((np.stack(ups, -2), np.stack(downs, -2)), -1)
        return torch.from_numpy(both).to(signal)
    fire = soft(events_per_step, surrogate_fn, relative)
    ups, downs = zip(*track(relative.unbind(-2), d_up, d_down, refractory, reset, fire), strict=True)
    return torch.cat((torch.stack(ups, -2), torch.stack(downs, -2)), -1).to(signal.dtype)


def track(
    samples: Iterable[Array], d_up: Array, d_down: Array, refractory: int, reset: Reset, fire: Fire
) -> Iterator[tuple[Array, Array]]:
    """The loop of the encoder over samples x - x_0; yields the UP and DOWN events of each step."""
    n_up = n_down = v = busy = 0.0
    minus_d_down = -d_down
    recent: deque[Array] = deque([0.0] * (max(refractory, 1) - 1))
    for x in samples:
        e = x - v
        up, any_up = fire(e / d_up)
        down, any_down = fire(e / minus_d_down)
        if recent:
            ready = 1.0 - busy
            up, down, any_up, any_down = up * ready, down * ready, any_up * ready, any_down * ready
            recent.append(any_up + any_down)
            busy = busy + recent[-1] - recent.popleft()
        if reset == "signal":
            event = any_up + any_down
            v = (1.0 - event) * v + event * x
        else:
            n_up = n_up + up
            n_down = n_down + down
            v = level(n_up, n_down, d_up, d_down)
        yield up, down


def level(n_up: Array, n_down: Array, d_up: Array, d_down: Array) -> Array:
    """Reference minus start, v - x_0 = d_up n_up - d_down n_down: the one formula of encoder and decoder."""
    return d_up * n_up - d_down * n_down


def hard(events_per_step: int) -> Fire:
    """Events for an error of u thresholds, and whether there is any: min(K, ceil(u) - 1), on numpy arrays.

    For K = 1 both are arrays of truth values, with which numpy counts as with 0 and 1 (and twice as fast).
    """

    def one(u: Array) -> tuple[Array, Array]:
        event = u > 1.0
        return event, event

    def several(u: Array) -> tuple[Array, Array]:
        count = np.minimum(np.maximum(np.ceil(u) - 1.0, 0.0), events_per_step)
        return count, count > 0.0

    return one if events_per_step == 1 else several


def soft(events_per_step: int, surrogate_fn: Surrogate, like: Tensor) -> Fire:
    """The same on tensors with the slope of a surrogate: one step for each threshold that u has passed.

    A surrogate is 1 at zero, an event needs more than the threshold: 1 - surrogate(1 - u) is strict and has the
    same slope.
    """
    steps = torch.arange(1, events_per_step + 1, dtype=like.dtype, device=like.device)

    def one(u: Array) -> tuple[Array, Array]:
        event = 1.0 - surrogate_fn(1.0 - u)
        return event, event

    def several(u: Array) -> tuple[Array, Array]:
        passed = 1.0 - surrogate_fn(steps - u.unsqueeze(-1))
        return passed.sum(-1), passed[..., 0]

    return one if events_per_step == 1 else several


def decode(
    spikes: Tensor, threshold_up: Tensor, threshold_down: Tensor, initial_value: Tensor | float = 0.0
) -> Tensor:
    """x_0 + d_up n_up(t) - d_down n_down(t), with n(t) the events up to and including step t.

    Args:
        spikes: (..., time, 2N), UP events first.
        threshold_up: d_up, broadcastable to (..., N).
        threshold_down: d_down, likewise.
        initial_value: x_0, broadcastable to (..., time, N).

    Returns:
        (..., time, N) in the dtype of the spikes.
    """
    n_up, n_down = spikes.to(torch.float64).cumsum(-2).chunk(2, -1)
    v = level(n_up, n_down, threshold_up.to(torch.float64), threshold_down.to(torch.float64))
    decoded: Tensor = initial_value + v
    return decoded.to(spikes.dtype)


def interpolate(signal: Tensor, factor: int) -> Tensor:
    """``factor`` samples for each one, on straight lines: y[i f + r] = x[i] + (x[i+1] - x[i]) r / f.

    Sample j lies at time j dt / f, so every f-th is a sample of the signal; after the last one its value is held.
    (..., T, N) -> (..., T f, N).
    """
    if factor == 1:
        return signal
    after = torch.cat((signal[..., 1:, :], signal[..., -1:, :]), -2)
    part = torch.arange(factor, dtype=signal.dtype, device=signal.device).unsqueeze(-1) / factor
    lines = signal.unsqueeze(-2) + (after - signal).unsqueeze(-2) * part
    return lines.flatten(-3, -2)


def time_first(signal: Tensor) -> NDArray[np.float64]:
    """(..., time, N) as a numpy array (time, ..., N) in double precision."""
    return np.moveaxis(numpy_of(signal), -2, 0)


def numpy_of(tensor: Tensor) -> NDArray[np.float64]:
    """The values of a tensor in double precision, without its history."""
    values: NDArray[np.float64] = tensor.detach().to("cpu", torch.float64).numpy()
    return values
