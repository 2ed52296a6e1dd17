"""Makes the pictures of docs/adm.md, and writes its numbers on the electrocardiogram between the markers.

Needs matplotlib (``pip install arcana[plot]``). ``--text-only`` leaves the pictures as they are.
"""

from __future__ import annotations

import argparse
import io
import sys
import warnings
from pathlib import Path

import torch

from arcana.data.ecg import load_ecg
from arcana.files import read_text, write_whole
from arcana.nn.encoder import ADM, SlewOverloadWarning
from arcana.typing import Tensor

DOCS = Path(__file__).resolve().parent.parent / "docs"
BLOCKS = ("ecg table", "report")  # between <!-- name: start --> and <!-- name: end -->
THRESHOLD = 0.2  # in standard deviations
BLUE, RED, GREY, GREEN = "#1f5fa8", "#c43a31", "#888888", "#2f8f4e"
ROWS = (
    ("default", {}),
    ("`upsample=2`", {"upsample": 2}),
    ("`events_per_step=2`", {"events_per_step": 2}),
    ("`upsample=6` (the cure)", {"upsample": 6}),
    ('`reset="signal"`', {"reset": "signal"}),
    ('`reset="signal", upsample=6`', {"reset": "signal", "upsample": 6}),
)


def recording(seconds: float = 300) -> tuple[Tensor, float]:
    """The electrocardiogram in standard deviations of the excerpt: (1, T, 1), and its sampling rate [Hz]."""
    signal, rate = load_ecg()
    x = torch.from_numpy(signal)[: round(seconds * rate)]
    return ((x - x.mean()) / x.std(correction=0))[None, :, None], rate


def decoded(adm: ADM, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Events, signal as encoded, and signal as decoded."""
    spikes = adm(x)
    return spikes, adm.resample(x), adm.reconstruct(spikes, x[:, :1])


def table() -> str:
    lines = ["| encoder | events per second | NRMSE | error after 100 s | after 300 s |", "|---|---|---|---|---|"]
    x, rate = recording()
    for name, settings in ROWS:
        adm = ADM(1, THRESHOLD, THRESHOLD, 0, **settings).double()
        spikes, fine, wave = decoded(adm, x)
        error = (fine - wave)[0, :, 0]
        at_100_s = error[round(100 * rate * adm.upsample)].item()
        lines.append(
            f"| {name} | {spikes.sum().item() / 300:.1f} | {error.pow(2).mean().sqrt().item():.3g} "
            f"| {at_100_s:+.2f} | {error[-1].item():+.2f} |"
        )
    return "\n".join(lines)


def report() -> str:
    x, _ = recording()
    text = f">>> print(adm.overload(signal))\n{ADM(1, THRESHOLD, THRESHOLD, 0).overload(x)}"
    return "\n".join("    " + line for line in text.splitlines())


def encoding() -> bytes:
    import matplotlib.pyplot as plt

    x, rate = recording(100)
    adm = ADM(1, THRESHOLD, THRESHOLD, 0).double()
    spikes, _, wave = decoded(adm, x)
    bound = adm.error_bound(x)[0, :, 0]
    error = (x - wave)[0, :, 0]
    shown = slice(round(3.0 * rate), round(5.2 * rate))
    t = torch.arange(x.shape[1]) / rate
    figure, axes = plt.subplots(3, 1, figsize=(8, 6.4), sharex=True, height_ratios=(3, 1, 1.6))
    axes[0].plot(t[shown], x[0, shown, 0], color=GREY, lw=1.4, label="signal x")
    axes[0].step(
        t[shown], wave[0, shown, 0], where="post", color=BLUE, lw=1.1, label="reference v = decoded signal"
    )
    axes[0].set_ylabel("standard deviations")
    axes[0].set_ylim(-1.3, 3.4)
    axes[0].legend(loc="upper right", frameon=False)
    for channel, color in enumerate((RED, BLUE)):
        at = t[shown][spikes[0, shown, channel] > 0]
        axes[1].vlines(at, 1 - channel - 0.4, 1 - channel + 0.4, color=color, lw=0.8)
    axes[1].set_yticks([1, 0], ["UP", "DOWN"])
    axes[1].set_ylim(-0.7, 1.7)
    axes[2].fill_between(t[shown], -bound[shown], bound[shown], color=GREEN, alpha=0.25, lw=0, label="proven bound")
    axes[2].plot(t[shown], error[shown], color=RED, lw=0.9, label="error x - v")
    axes[2].set_ylabel("error")
    axes[2].set_xlabel("time [s]")
    axes[2].legend(loc="upper right", frameon=False, ncols=2)
    axes[0].set_title("Electrocardiogram, 360 Hz, thresholds 0.2 standard deviations, one event per sample")
    return _png(figure)


def drift() -> bytes:
    import matplotlib.pyplot as plt

    x, rate = recording()
    figure, axes = plt.subplots(2, 1, figsize=(8, 4.6), sharex=True)
    for axis, reset, color in zip(axes, ("level", "signal"), (BLUE, RED), strict=True):
        adm = ADM(1, THRESHOLD, THRESHOLD, 0, reset=reset).double()
        _, fine, wave = decoded(adm, x)
        error = (fine - wave)[0, :, 0]
        axis.plot(torch.arange(len(error)) / rate, error, color=color, lw=0.5)
        axis.axhline(0, color=GREY, lw=0.6)
        axis.set_ylabel("error\n[standard deviations]")
        axis.set_title(
            f'reset="{reset}": {error[-1].item():+.2f} standard deviations after five minutes', fontsize=10
        )
    axes[1].set_xlabel("time [s]")
    return _png(figure)


def overload() -> bytes:
    import matplotlib.pyplot as plt

    dt, d, slope = 1e-3, 1.0, 1600.0  # s, units, units per second: 1.6 thresholds per sample
    rise = torch.tensor([0.0] * 20 + [slope * dt] * 50 + [0.0] * 60)
    x = rise.cumsum(0).double()[None, :, None]
    adm = ADM(1, d, d, 0).double()
    _, _, wave = decoded(adm, x)
    t = 1e3 * dt * torch.arange(len(rise))
    error, bound = (x - wave)[0, :, 0], adm.error_bound(x)[0, :, 0]
    figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.4))
    axes[0].plot(t, x[0, :, 0], color=GREY, label="signal: 1.6 thresholds per step")
    axes[0].step(t, wave[0, :, 0], where="post", color=BLUE, lw=1, label="reference: 1 per step")
    axes[0].legend(loc="lower right", frameon=False, fontsize=8)
    axes[0].set_ylabel("thresholds")
    axes[1].plot(t, bound, color=GREEN, lw=3.5, alpha=0.5, label="proven bound, sample by sample")
    axes[1].plot(t, error, color=RED, lw=1.2, label="error")
    start, length = t[20], 50
    line = 2 * slope * dt + (slope - d / dt) * dt * torch.arange(length + 1)
    axes[1].plot(start + torch.arange(length + 1), line, "--", color="k", lw=0.8, label="2 L M + (L - d / M) t")
    axes[1].legend(loc="upper right", frameon=False, fontsize=8)
    axes[1].set_ylim(-1, 48)
    for axis in axes:
        axis.set_xlabel("time [ms]")
    return _png(figure)


def _png(figure: object) -> bytes:
    buffer = io.BytesIO()
    figure.tight_layout()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text-only", action="store_true", help="leave the pictures")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", SlewOverloadWarning)  # showing it is the point
    text = read_text(DOCS / "adm.md")
    for name, content in zip(BLOCKS, (table(), report()), strict=True):
        start, end = f"<!-- {name}: start -->", f"<!-- {name}: end -->"
        if start not in text or end not in text:
            print(f"docs/adm.md lacks the lines {start} and {end}", file=sys.stderr)
            return 1
        before, rest = text.split(start)
        text = f"{before}{start}\n\n{content}\n\n{end}{rest.split(end)[1]}"
    write_whole(DOCS / "adm.md", text)
    if not arguments.text_only:
        import matplotlib as mpl

        mpl.use("agg")
        for draw in (encoding, drift, overload):
            write_whole(DOCS / "images" / f"adm_{draw.__name__}.png", draw())
    return 0


if __name__ == "__main__":
    sys.exit(main())
