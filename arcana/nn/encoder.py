"""The ADM as a module: signals to UP and DOWN events, events to signals, and how far the two can differ."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import torch
from torch import nn

from arcana.circuits import adm
from arcana.circuits.adm_bound import error_bound
from arcana.circuits.adm_fit import RateFit, fit_rate
from arcana.circuits.adm_slew import SlewReport, is_overloaded, slew_report
from arcana.errors import ArcanaWarning, BadInput, Problems
from arcana.nn.checks import inspectable
from arcana.nn.encoder_checks import check_series, check_settings, check_thresholds, read_thresholds
from arcana.nn.parameter import BiasParameter
from arcana.surrogate import fast_sigmoid
from arcana.typing import Surrogate, Tensor

SMALLEST = 1e-3  # of the smallest threshold: as far down as training may go


class SlewOverloadWarning(ArcanaWarning):
    """The signal moves faster than the encoder can send events; the reference lags behind it."""


class ADM(nn.Module):
    """Asynchronous delta modulator: N signals become N UP and N DOWN event lines.

        e = x - v > d_up    -> UP,    v += d_up
        e = x - v < -d_down -> DOWN,  v -= d_down        at least max(refractory, 1) steps after the last event

    v starts at the first sample of each series. With ``events_per_step`` K > 1 a step sends
    min(K, ceil(e / d) - 1) events. Rule and defaults: docs/adm.md; the circuit: BCI2000 filter of the DYNAP-SE
    experiments in Nat. Commun. 15 (2024), s41467-024-47495-y.

    Args:
        N: Number of signals.
        threshold_up: d_up > 0 in units of the signal, one for all or N.
        threshold_down: d_down > 0, likewise.
        refractory: Steps (of the output) after an event in which there is no other one; 0 and 1 mean the same.
        surrogate_fn: Step function with the slope of the backward pass, 1 where its argument is >= 0; its argument
            is (x - v) / d - 1, and its slope is taken as even.
        reset: "level": v follows by the threshold, the error stays bounded. "signal": v jumps to the signal, as in
            some circuits; what was decoded drifts.
        events_per_step: Most events of a channel in one step.
        upsample: Samples to encode for each one given, on straight lines between them.
        train_thresholds: Whether the thresholds have gradients. They are stored as they are, not as logarithms:
            a threshold of 0.25 stays exactly that.

    Attributes:
        threshold_up: Parameter (N,) in units of the signal.
        threshold_down: Parameter (N,).

    Raises:
        BadInput: listing everything that was refused.
    """

    def __init__(
        self,
        N: int,
        threshold_up: float | Sequence[float] | Tensor,
        threshold_down: float | Sequence[float] | Tensor,
        refractory: int,
        surrogate_fn: Surrogate = fast_sigmoid,
        *,
        reset: adm.Reset = "level",
        events_per_step: int = 1,
        upsample: int = 1,
        train_thresholds: bool = False,
    ) -> None:
        super().__init__()
        problems = Problems()
        check_settings(
            problems,
            reset,
            least={
                "N": (N, 1),
                "refractory": (refractory, 0),
                "events_per_step": (events_per_step, 1),
                "upsample": (upsample, 1),
            },
        )
        function: object = surrogate_fn
        if not callable(function):
            problems.note("surrogate_fn", function, "a function of a tensor, such as arcana.surrogate.fast_sigmoid")
        up = read_thresholds("threshold_up", threshold_up, N, problems)
        down = read_thresholds("threshold_down", threshold_down, N, problems)
        problems.raise_if_any()
        self.N, self.n_in, self.n_out = N, N, 2 * N
        self.refractory, self.reset = refractory, reset
        self.events_per_step, self.upsample = events_per_step, upsample
        self.surrogate_fn = surrogate_fn
        self.threshold_up = _parameter(up, train_thresholds)
        self.threshold_down = _parameter(down, train_thresholds)

    def forward(self, input_signal: Tensor) -> Tensor:
        """UP and DOWN events of a signal.

        Args:
            input_signal: (..., B, T, N), floating point.

        Returns:
            (..., B, T * upsample, 2N), UP of all channels first; 0 or 1 (up to ``events_per_step``) in the dtype of
            the signal.

        Raises:
            BadInput: for a wrong shape or dtype, an empty axis, NaN or infinity (with the first place).

        Warns:
            SlewOverloadWarning: if the signal outruns the encoder (not under ``torch.func`` transforms).
        """
        signal = self.resample(input_signal)
        self._check_counts(signal.dtype)
        thresholds = self.threshold_up, self.threshold_down
        look = all(inspectable(tensor) for tensor in (signal, *thresholds))
        if look and is_overloaded(signal, *thresholds, self.refractory, self.events_per_step):
            follows = f"{self.events_per_step} threshold(s) within {max(self.refractory, 1)} step(s)"
            warnings.warn(
                f"slew overload: the signal moves by more than {follows} and the encoder lags behind it; "
                "print(adm.overload(signal)) says where, how far, and what cures it",
                SlewOverloadWarning,
                stacklevel=4,  # the line that called the module
            )
        trained = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (signal, *thresholds))
        return adm.encode(
            signal,
            *thresholds,
            self.refractory,
            reset=self.reset,
            events_per_step=self.events_per_step,
            surrogate_fn=self.surrogate_fn if trained or not look else None,
        )

    def resample(self, signal: Tensor) -> Tensor:
        """The signal as it is encoded: (..., B, T * upsample, N), sample j at time j dt / upsample.

        Lines join the samples, and the last value is held: ``resample(x)[..., ::upsample, :]`` is ``x``.
        """
        check_series("input_signal", signal, self.N, "one channel for each threshold")
        check_thresholds(threshold_up=self.threshold_up, threshold_down=self.threshold_down)
        return adm.interpolate(signal, self.upsample)

    def reconstruct(self, spikes: Tensor, initial_value: Tensor | float = 0.0) -> Tensor:
        """The signal that events stand for: x_0 + d_up n_up(t) - d_down n_down(t), n(t) counted through step t.

        Args:
            spikes: (..., B, T, 2N) as ``forward`` returns them.
            initial_value: x_0, a number or a tensor that broadcasts to (..., B, T, N), such as ``x[:, :1]``.

        Returns:
            (..., B, T, N) in the dtype of the spikes.
        """
        check_series("spikes", spikes, self.n_out, "UP events first, then DOWN")
        check_thresholds(threshold_up=self.threshold_up, threshold_down=self.threshold_down)
        if isinstance(initial_value, torch.Tensor):
            target = (*spikes.shape[:-1], self.N)
            try:
                initial_value.expand(target)
            except RuntimeError as error:
                given = tuple(initial_value.shape)
                raise BadInput.one("initial_value", given, f"what broadcasts to {target}", "(shape)") from error
        return adm.decode(spikes, self.threshold_up, self.threshold_down, initial_value)

    def error_bound(self, signal: Tensor) -> Tensor:
        """A proven bound on |x - reconstruct(encode(x), initial_value=x_0)| for x = ``resample(signal)``.

        It holds at every sample of every signal, in slew overload too, and is computed from the signal's
        increments without encoding it (proof: docs/adm.md). At thresholds that the signal does not outrun it is
        max(d_up, d_down) at most for refractory <= 1.

        Returns:
            (..., B, T * upsample, N), shape and dtype of ``resample(signal)``, without gradient.
        """
        return error_bound(
            self.resample(signal),
            self.threshold_up,
            self.threshold_down,
            self.refractory,
            reset=self.reset,
            events_per_step=self.events_per_step,
        )

    def overload(self, signal: Tensor) -> SlewReport:
        """Where the signal (..., B, T, N) outruns the encoder, and what would cure it; print it to read it."""
        self.resample(signal)  # its checks
        return slew_report(
            signal,
            self.threshold_up,
            self.threshold_down,
            self.refractory,
            events_per_step=self.events_per_step,
            upsample=self.upsample,
        )

    @torch.no_grad()
    def fit(self, signal: Tensor, *, max_rate: float, dt: float) -> ADM:
        """Choose thresholds: as small as they can be with at most ``max_rate`` events per second and channel.

        UP and DOWN events of a channel count together, and the busiest series of the batch decides. The ratio
        threshold_up / threshold_down of each channel stays. Either all channels are set or none.

        Args:
            signal: (..., B, T, N).
            max_rate: Limit [1/s].
            dt: Time between the samples of ``signal`` [s].

        Returns:
            This module.

        Raises:
            BadInput: if a channel cannot be fitted: it is constant, the limit leaves no event at all, or no
                threshold reaches the limit.
        """
        fine = self.resample(signal)
        problems = Problems()
        for name, value, unit in (("max_rate", max_rate, "1/s"), ("dt", dt, "s")):
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not (number and math.isfinite(value) and value > 0):
                problems.note(name, value, "a finite number > 0", unit)
        problems.raise_if_any()
        duration = signal.shape[-2] * dt
        # Whole events: the last places of the product may not cost one.
        limit = math.floor(max_rate * duration * (1 + 1e-12))
        found = fit_rate(
            fine,
            self.threshold_up,
            self.threshold_down,
            limit,
            self.refractory,
            reset=self.reset,
            events_per_step=self.events_per_step,
        )
        self._report_failures(found, max_rate, limit, duration)
        for parameter in (self.threshold_up, self.threshold_down):
            parameter.mul_(torch.from_numpy(found.scale).to(parameter))
            parameter.low = SMALLEST * parameter.min().item()
        return self

    def _report_failures(self, found: RateFit, max_rate: float, limit: int, duration: float) -> None:
        problems = Problems()
        for channel in range(self.N):
            name = f"max_rate for channel {channel}"
            if found.constant[channel]:
                problems.note(f"signal[..., {channel}]", "constant", "a channel that moves")
            elif found.most[channel] <= limit:
                reached = f"below {found.most[channel] / duration:.4g}, the highest rate of this channel"
                problems.note(name, max_rate, reached, "1/s", "every threshold keeps this limit")
            elif found.events[channel] == 0:
                hint = f"it leaves {limit} event(s) in {duration:.4g} s, and no threshold gives so few but not none"
                problems.note(name, max_rate, "a higher limit or a longer signal", "1/s", hint)
        problems.raise_if_any()

    def _check_counts(self, dtype: torch.dtype) -> None:
        most = int(2 / torch.finfo(dtype).eps)
        if self.events_per_step > most:
            allowed = f"at most {most}: so far {dtype} counts exactly"
            raise BadInput.one("events_per_step", self.events_per_step, allowed)

    def extra_repr(self) -> str:
        """Settings, for ``print(net)``."""
        return (
            f"{self.N} -> {self.n_out}, refractory={self.refractory}, reset={self.reset!r}, "
            f"events_per_step={self.events_per_step}, upsample={self.upsample}, "
            f"train_thresholds={self.threshold_up.requires_grad}"
        )


def _parameter(values: Tensor, trained: bool) -> BiasParameter:
    """A parameter with a floor that ``UpdateParams`` keeps: here it is the threshold itself, not a logarithm."""
    data = values.to(torch.get_default_dtype())
    return BiasParameter(data, trained, low=SMALLEST * data.min().item())
