"""Slew overload of the ADM: whether a signal moves faster than events can follow, and what would cure it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from arcana.circuits.adm import interpolate, numpy_of, time_first
from arcana.typing import Tensor

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SlewReport:
    """Where a signal outruns the encoder. Samples are those after upsampling, all series taken together.

    Attributes:
        samples: Samples looked at, per channel.
        overloaded: How many of them the signal reached by a move that the events cannot follow, per channel.
        worst_step: Largest move within max(refractory, 1) steps, in thresholds of its direction, per channel.
        refractory: Setting of the encoder [steps].
        events_per_step: Setting of the encoder: it follows up to this many thresholds.
        upsample: Setting of the encoder.
        upsample_needed: The ``upsample`` that ends the overload, other settings kept; None if there is none,
            because the threshold is below the resolution of the numbers.
        events_per_step_needed: The ``events_per_step`` that ends it, other settings kept.
    """

    samples: int
    overloaded: tuple[int, ...]
    worst_step: tuple[float, ...]
    refractory: int
    events_per_step: int
    upsample: int
    upsample_needed: int | None
    events_per_step_needed: int

    @property
    def ok(self) -> bool:
        """Whether no sample of any channel is overloaded."""
        return not any(self.overloaded)

    def __str__(self) -> str:
        worst = max(range(len(self.worst_step)), key=self.worst_step.__getitem__)
        window = "1 step" if self.refractory <= 1 else f"{self.refractory} steps"
        most = f"{self.worst_step[worst]:.4g} thresholds (channel {worst}) within {window}"
        follows = f"the encoder follows {self.events_per_step}"
        if self.ok:
            return f"no slew overload: the signal moves by at most {most}, {follows}"
        lines = [f"slew overload: the signal moves by up to {most}, {follows}"]
        for channel, (count, step) in enumerate(zip(self.overloaded, self.worst_step, strict=True)):
            if count:
                share = 100 * count / self.samples
                lines.append(
                    f"  channel {channel}: {count} of {self.samples} samples overloaded ({share:.2g} %), "
                    f"worst step {step:.4g} thresholds"
                )
        events = f"events_per_step={self.events_per_step_needed}"
        upsample = f"upsample={self.upsample_needed} or " if self.upsample_needed else ""
        lines.append(f"  cured by {upsample}{events}, or by larger thresholds")
        return "\n".join(lines)


def slew_report(
    signal: Tensor,
    threshold_up: Tensor,
    threshold_down: Tensor,
    refractory: int = 0,
    *,
    events_per_step: int = 1,
    upsample: int = 1,
) -> SlewReport:
    """Overload of a signal (..., T, N), given before upsampling: the samples with s_t > K.

        s_t = max over lags 1 ... m of (x_t - x_{t-lag}) / d_up and (x_{t-lag} - x_t) / d_down

    with m = max(refractory, 1). While no sample is overloaded, -d_down <= x - v <= d_up after every sample at
    which the encoder is ready.
    """
    d = numpy_of(threshold_up), numpy_of(threshold_down)
    m, K = max(refractory, 1), events_per_step
    steps = _steps(time_first(interpolate(signal, upsample)), d, m)
    x = time_first(signal)
    others = tuple(range(x.ndim - 1))
    worst = steps.max(others)
    fastest = _steps(x, d, 1).max(others)
    # One fine step is 1 / upsample of a coarse one; its end points are rounded, by less than this many thresholds.
    rounding = 4 * torch.finfo(signal.dtype).eps * abs(x).max(others) / np.minimum(*d)
    factor: int | None = upsample
    if (worst > K).any():
        factor = math.ceil((m * fastest / (K - rounding)).max()) if (rounding < K / 2).all() else None
    return SlewReport(
        samples=steps[..., 0].size,
        overloaded=tuple((steps > K).sum(others).tolist()),
        worst_step=tuple(worst.tolist()),
        refractory=refractory,
        events_per_step=K,
        upsample=upsample,
        upsample_needed=factor,
        events_per_step_needed=max(math.ceil(worst.max()), K),
    )


def is_overloaded(
    signal: Tensor, threshold_up: Tensor, threshold_down: Tensor, refractory: int, events_per_step: int
) -> bool:
    """Whether any sample of a signal that is already upsampled is overloaded."""
    d = numpy_of(threshold_up), numpy_of(threshold_down)
    return bool((_steps(time_first(signal), d, max(refractory, 1)) > events_per_step).any())


def _steps(x: Array, d: tuple[Array, Array], m: int) -> Array:
    """s_t, (time, ..., N): 0 at the first sample."""
    rise, fall = x + sliding_max(-x, m + 1), sliding_max(x, m + 1) - x
    steps: Array = np.maximum(rise / d[0], fall / d[1])
    return steps


def sliding_max(x: Array, width: int) -> Array:
    """Maximum over the last ``width`` samples (this one included) along axis 0, by doubling windows."""
    result, covered = x, 1
    while covered < min(width, len(x)):
        shift = min(covered, min(width, len(x)) - covered)
        result = np.concatenate((result[:shift], np.maximum(result[shift:], result[:-shift])))
        covered += shift
    return result
