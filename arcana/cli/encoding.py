"""What ``arcana encode`` works out and writes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from arcana.cli.picture import needs_matplotlib, picture
from arcana.data.csv import read_signal
from arcana.data.events import write_events
from arcana.errors import Problems
from arcana.files import write_whole
from arcana.nn.encoder import ADM, SlewOverloadWarning
from arcana.typing import Tensor

USUAL_SHARE = 0.2  # events a sample and channel at most, where neither a threshold nor a rate is given


@dataclass(frozen=True)
class Encoding:
    """An encoded recording.

    Attributes:
        adm: The encoder, with its thresholds.
        signal: What was encoded (1, T * upsample, N), in standard deviations if that was asked for.
        spikes: Events (1, T * upsample, 2N), UP first.
        decoded: The reconstruction, shape of ``signal``.
        dt: Step of the encoder [s].
        samples: T, samples of the file.
        fitted_to: Rate that thresholds were fitted to [1/s]; None if they were given.
        channels: A row for each channel, as it is printed.
        slew: The slew report as text.
    """

    adm: ADM
    signal: Tensor
    spikes: Tensor
    decoded: Tensor
    dt: float
    samples: int
    fitted_to: float | None
    channels: list[dict[str, Any]]
    slew: str

    @property
    def events(self) -> int:
        """Events of all channels."""
        return int(self.spikes.sum())

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        sizes = {"samples": self.samples, "dt_s": self.dt, "events": self.events, "max_rate_Hz": self.fitted_to}
        settings = {"refractory": self.adm.refractory, "upsample": self.adm.upsample, "reset": self.adm.reset}
        return {**sizes, **settings, "channels": self.channels}


def encode_file(
    file: Path,
    dt: float | None,
    up: float | None,
    down: float | None,
    max_rate: float | None,
    refractory: int,
    upsample: int,
    reset: Literal["level", "signal"],
    standardise: bool,
) -> Encoding:
    """Read, encode, decode and compare.

    Raises:
        BadInput: listing what is wrong with the file or the settings.
    """
    recording = read_signal(file, dt)
    values = recording.values
    if standardise:
        values = _standardised(values, recording.channel_names)
    given = torch.from_numpy(values)[None]
    n, seconds = values.shape[1], values.shape[0] * recording.dt
    fit = up is None or down is None
    # Where thresholds are fitted, what they start from only sets their ratio.
    adm = ADM(n, 1.0 if fit else up, 1.0 if fit else down, refractory, reset=reset, upsample=upsample)  # type: ignore[arg-type]
    rate = (USUAL_SHARE / recording.dt if max_rate is None else max_rate) if fit else None
    if rate is not None:
        adm.fit(given, max_rate=rate, dt=recording.dt)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", SlewOverloadWarning)  # the report says more
        signal, spikes = adm.resample(given), adm(given)
        decoded = adm.reconstruct(spikes, given[:, :1])
        bound = adm.error_bound(given)
    slew, error = adm.overload(given), (signal - decoded)[0]
    rows = []
    for k, name in enumerate(recording.channel_names):
        counts = int(spikes[..., k].sum()), int(spikes[..., n + k].sum())
        spread = float(signal[..., k].std(correction=0))
        rows.append(
            {
                "channel": k,
                "name": name,
                "up": counts[0],
                "down": counts[1],
                "rate_Hz": sum(counts) / seconds,
                "threshold_up": float(adm.threshold_up[k]),
                "threshold_down": float(adm.threshold_down[k]),
                "nrmse": float(error[:, k].pow(2).mean().sqrt()) / spread if spread > 0 else float("nan"),
                "worst_error": float(error[:, k].abs().max()),
                "error_bound": float(bound[..., k].max()),
                "overloaded_samples": slew.overloaded[k],
            }
        )
    step = recording.dt / upsample
    return Encoding(adm, signal, spikes, decoded, step, values.shape[0], rate, rows, str(slew))


def write(done: Encoding, output: Path, plot: Path | None, force: bool) -> None:
    """Write the event list, and the picture if one is wanted.

    Raises:
        BadInput: if a picture is wanted and matplotlib is missing; nothing has been written by then.
        BadFile: if a file cannot be written.
    """
    image = None
    if plot is not None:
        needs_matplotlib()
        names = [row["name"] for row in done.channels]
        image = picture(done.signal[0], done.decoded[0], done.spikes[0], done.dt, names)
    step, line = done.spikes[0].nonzero(as_tuple=True)
    n = done.adm.N
    sign = np.where(line.numpy() < n, 1, -1)
    times = np.round(step.numpy() * done.dt, 12)  # 0.013 and not 0.013000000000000001
    write_events(output, times, line.numpy() % n, sign, overwrite=force)
    if plot is not None and image is not None:
        write_whole(plot, image, overwrite=force)


def _standardised(values: np.ndarray[Any, np.dtype[np.float64]], names: tuple[str, ...]) -> Any:
    spread = values.std(0)
    problems = Problems()
    for k in np.flatnonzero(~(spread > 0)):
        problems.note(f"channel {names[k]!r}", "constant", "a channel that moves", hint="encode it with --raw")
    problems.raise_if_any()
    return (values - values.mean(0)) / spread
