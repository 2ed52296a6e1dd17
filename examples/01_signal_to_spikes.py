"""From a signal to events and back: an electrocardiogram through the delta modulator (ADM).

    python examples/01_signal_to_spikes.py
    python examples/01_signal_to_spikes.py --seconds 10 --plot ecg.png

Shows what the encoder sends, how far the decoded signal is off and how far it can be off at most, what slew
overload is and how to end it, and how to choose thresholds for an event rate.
"""

from __future__ import annotations

import argparse
import io
import warnings
from pathlib import Path

import torch

from arcana.data.ecg import load_ecg
from arcana.files import write_whole
from arcana.model import ADM
from arcana.nn.encoder import SlewOverloadWarning


def describe(name: str, adm: ADM, signal: torch.Tensor, rate: float) -> None:
    seconds = signal.shape[1] / rate
    spikes = adm(signal)
    encoded = adm.resample(signal)  # what was encoded: the signal itself unless it was upsampled
    error = encoded - adm.reconstruct(spikes, initial_value=signal[:, :1])
    bound = adm.error_bound(signal)
    assert (error.abs() <= bound).all()  # proven: docs/adm.md
    nrmse = error.pow(2).mean().sqrt() / signal.std()
    print(
        f"{name:<24} {spikes.sum() / seconds:7.1f} events/s   rms error {nrmse:6.3f} sigma   "
        f"largest error {error.abs().max():7.3f} mV, at most {bound.max():8.3f} mV"
    )


def plot(path: Path, adm: ADM, signal: torch.Tensor, rate: float) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    spikes = adm(signal)
    decoded = adm.reconstruct(spikes, signal[:, :1])
    n = min(signal.shape[1], round(3 * rate))
    t = torch.arange(n) / rate
    figure, (top, bottom) = plt.subplots(2, 1, sharex=True, height_ratios=(4, 1), figsize=(8, 4.5))
    top.plot(t, signal[0, :n, 0], color="0.5", label="signal")
    top.step(t, decoded[0, :n, 0], where="post", label="decoded")
    top.set_ylabel("mV")
    top.legend(frameon=False)
    bottom.eventplot([t[spikes[0, :n, channel] > 0].tolist() for channel in (1, 0)], linelengths=0.8)
    bottom.set_yticks([0, 1], ["DOWN", "UP"])
    bottom.set_xlabel("time [s]")
    figure.tight_layout()
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    print(f"wrote {write_whole(path, picture.getvalue())}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=100.0, help="how much of the five minutes to use")
    parser.add_argument("--small", action="store_true", help="10 s only")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the first 3 s (needs matplotlib)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    # The overload is shown below on purpose, no need to be warned of it.
    warnings.simplefilter("ignore", SlewOverloadWarning)

    recording, rate = load_ecg()  # mV, Hz
    samples = round((10.0 if arguments.small else arguments.seconds) * rate)
    signal = torch.from_numpy(recording[:samples])[None, :, None]  # (batch, time, channel)
    threshold = 0.2 * signal.std().item()
    print(f"{signal.shape[1]} samples at {rate:g} Hz, thresholds {threshold:.3f} mV = 0.2 sigma\n")

    adm = ADM(1, threshold, threshold, refractory=0)
    describe("default", adm, signal, rate)
    report = adm.overload(signal)
    print(f"\n{report}\n")
    if report.upsample_needed is not None:
        cured = ADM(1, threshold, threshold, 0, upsample=report.upsample_needed)
        describe(f"upsample={cured.upsample}", cured, signal, rate)
    cured = ADM(1, threshold, threshold, 0, events_per_step=report.events_per_step_needed)
    describe(f"events_per_step={cured.events_per_step}", cured, signal, rate)
    describe('reset="signal" (drifts)', ADM(1, threshold, threshold, 0, reset="signal"), signal, rate)

    slow = ADM(1, threshold, threshold, 0).fit(signal, max_rate=20.0, dt=1 / rate)
    print(f"\nfor at most 20 events/s: thresholds {slow.threshold_up.item():.3f} mV")
    describe("fitted", slow, signal, rate)
    if arguments.plot is not None:
        plot(arguments.plot, adm, signal, rate)


if __name__ == "__main__":
    main()
