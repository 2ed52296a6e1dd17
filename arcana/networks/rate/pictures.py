"""Pictures of rate networks: curves of populations, activity of a ring, connections."""

from __future__ import annotations

from typing import Any

import numpy as np

from arcana.analysis.drawing import LINES, need_matplotlib, png
from arcana.errors import BadInput
from arcana.limits import is_whole
from arcana.networks.rate.analysis import decode_bump, population_curves
from arcana.networks.rate.arrays import Array, tensor_of
from arcana.networks.rate.graph import names_of
from arcana.networks.rate.network import RateNetwork

MOST_SHOWN = 400  # rows and columns of a matrix


def curves_picture(network: RateNetwork, rates: Array) -> bytes:
    """Mean rates over time, and the distribution over neurons; rates (B, samples, N) of a run, as PNG."""
    need_matplotlib()
    from matplotlib.figure import Figure

    rates, config = tensor_of("rates", rates).detach(), network.config
    curves = population_curves(network, rates)
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(2, 1))
    time = config.window_s * np.arange(1, rates.shape[1] + 1)
    sizes = config.sizes if len(curves) > 1 or len(config.sizes) == 1 else config.sizes[:1]
    first = 0
    for colour, (name, curve), size in zip(LINES, curves.items(), sizes, strict=False):
        for row in curve:
            left.plot(time, row, color=colour, linewidth=1, alpha=1 if len(curve) == 1 else 0.5)
        left.plot([], [], color=colour, label=name)
        each = rates[..., first : first + size].mean((0, 1)).numpy()
        right.hist(each, bins=60, color=colour, alpha=0.6, label=name)
        first += size
    for on, off in zip(config.stimulus_on_s, config.stimulus_off_s, strict=True):
        if on < config.duration_s:
            left.axvspan(on, min(off, config.duration_s), color="0.92")
    left.set(xlabel="time [s]", ylabel="mean rate", ylim=(0, None))
    right.set(xlabel="mean rate of a neuron", ylabel="neurons", yscale="log")
    left.legend(frameon=False)
    return png(figure)


def ring_picture(network: RateNetwork, rates: Array, run: int = 0) -> bytes:
    """Rates of a ring over time, with the decoded direction; rates (B, samples, N) of one population, as PNG."""
    need_matplotlib()
    from matplotlib.figure import Figure

    every = tensor_of("rates", rates).detach()
    if every.ndim != 3 or not is_whole(run, 0, len(every) - 1):
        allowed = "rates (batch, samples, neurons), and the number of one of the runs"
        raise BadInput.one("rates, run", (tuple(every.shape), run), allowed)
    shown = every[run, :, : network.config.sizes[0]]
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    axes = figure.subplots()
    length = network.config.window_s * len(shown)
    image = axes.imshow(shown.t().numpy(), aspect="auto", origin="lower", extent=(0, length, 0, 360), cmap="magma")
    time = network.config.window_s * (np.arange(len(shown)) + 0.5)
    axes.plot(
        time, np.degrees(decode_bump(shown).direction.numpy()), ".", color="#7fd0ff", markersize=3, label="decoded"
    )
    for on, off in zip(network.config.stimulus_on_s, network.config.stimulus_off_s, strict=True):
        for moment in (on, off):
            axes.axvline(moment, color="white", linewidth=0.8, linestyle=":")
    axes.set(xlabel="time [s]", ylabel="direction [degrees]", xlim=(0, length), ylim=(0, 360))
    axes.legend(frameon=False, labelcolor="white", loc="upper right")
    figure.colorbar(image, ax=axes, label="rate")
    return png(figure)


def connections_picture(network: RateNetwork) -> bytes:
    """All weights (post by pre), thinned out where there are many neurons, and the in-degrees; as PNG."""
    need_matplotlib()
    from matplotlib.figure import Figure

    whole = np.concatenate([block.dense() for block in network.weights()]).T
    step = -(-len(whole) // MOST_SHOWN)
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    part = whole[::step, ::step]
    most = float(np.abs(part).max()) or 1.0
    left.imshow(part, cmap="RdBu", vmin=-most, vmax=most, interpolation="nearest", extent=_extent(whole))
    edges = np.concatenate([[0], np.cumsum(network.config.sizes)])
    for edge in edges[1:-1]:
        left.axvline(edge, color="0.4", linewidth=0.6)
        left.axhline(edge, color="0.4", linewidth=0.6)
    left.set(
        xlabel="from neuron", ylabel="to neuron", title=f"weights, every {step}. neuron" if step > 1 else "weights"
    )
    for colour, name, a, b in zip(LINES, names_of(network.config), edges[:-1], edges[1:], strict=False):
        right.hist((whole[:, a:b] != 0).sum(1), bins=40, color=colour, alpha=0.6, label=f"from {name}")
    right.set(xlabel="inputs of a neuron", ylabel="neurons")
    right.legend(frameon=False)
    return png(figure)


def _extent(whole: Any) -> tuple[float, float, float, float]:
    return (0, whole.shape[1], whole.shape[0], 0)
