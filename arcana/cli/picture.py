"""The picture of a signal, its events and what they stand for."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Sequence

from arcana.errors import BadInput
from arcana.typing import Tensor


def needs_matplotlib() -> None:
    """Refuse to draw where matplotlib is missing.

    Raises:
        BadInput: naming the extra that brings it.
    """
    if importlib.util.find_spec("matplotlib") is None:
        hint = 'install it with `pip install ".[plot]"`'
        raise BadInput.one("--plot", "matplotlib is missing", "an installation with matplotlib", hint=hint)


def picture(signal: Tensor, decoded: Tensor, spikes: Tensor, dt: float, names: Sequence[str]) -> bytes:
    """A PNG with a panel for each channel: signal and decoded signal (T, N), events (T, 2N) below."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    n = len(names)
    time = [k * dt for k in range(signal.shape[0])]
    figure, panels = plt.subplots(n, 1, sharex=True, squeeze=False, figsize=(8, 1 + 2 * n))
    for k, (panel, name) in enumerate(zip(panels[:, 0], names, strict=True)):
        panel.plot(time, signal[:, k], color="0.6", label="signal")
        panel.step(time, decoded[:, k], where="post", lw=1, label="decoded")
        low, high = float(signal[:, k].min()), float(signal[:, k].max())
        height = 0.08 * (high - low or 1.0)
        for line, color, row in ((k, "C2", 1), (n + k, "C3", 2)):
            at = spikes[:, line].nonzero()[:, 0].mul(dt).tolist()
            panel.eventplot(at, lineoffsets=low - row * height, linelengths=0.8 * height, lw=0.6, colors=color)
        panel.set_ylabel(name)
    panels[0, 0].legend(frameon=False, loc="upper right")
    panels[-1, 0].set_xlabel("time [s]; green: UP, red: DOWN")
    figure.tight_layout()
    image = io.BytesIO()
    figure.savefig(image, format="png")
    plt.close(figure)
    return image.getvalue()
