"""The pictures of the report."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from arcana.analysis.drawing import DOWN, INK, UP, need_matplotlib, png
from arcana.demo.network import Task
from arcana.demo.settings import Settings
from arcana.demo.study import MismatchRow
from arcana.demo.train import encode
from arcana.emulate import Emulator
from arcana.nn.encoder import ADM
from arcana.nn.layer import DPILayer
from arcana.nn.simulate import simulate


def encoder_of(emulator: Emulator) -> ADM:
    """The delta modulator in front of the emulated chip."""
    assert emulator.net.encoder is not None
    return emulator.net.encoder


def signal_and_reconstruction(emulator: Emulator, task: Task, settings: Settings) -> bytes:
    """One channel of a walking series: signal, decoded signal, events, and the error inside its bound."""
    plt = need_matplotlib()
    adm = encoder_of(emulator)
    series = int((task.test_y == task.class_names.index("Walking")).nonzero()[0])
    x = task.test_x[series : series + 1]
    channel = int(x.std(1).argmax())
    spikes = encode(adm, x)
    signal, decoded = adm.resample(x), adm.reconstruct(spikes, initial_value=x[:, :1])
    bound = adm.error_bound(x)
    seconds = torch.arange(signal.shape[1]) * settings.dt * settings.speed
    figure, axes = plt.subplots(2, 1, figsize=(9, 5), sharex=True, height_ratios=[3, 1.2], layout="constrained")
    axes[0].plot(seconds, signal[0, :, channel], color=INK, lw=1.6, label="signal")
    axes[0].step(seconds, decoded[0, :, channel], color=UP, lw=1, where="post", label="decoded from its events")
    low = float(signal[0, :, channel].min())
    for offset, colour, name in ((0, UP, "UP"), (adm.N, DOWN, "DOWN")):
        times = seconds[spikes[0, :, channel + offset] > 0]
        axes[0].plot(times, [low - 0.2 - 0.15 * (offset > 0)] * len(times), "|", color=colour, ms=5, label=name)
    axes[0].set_ylabel("standard deviations")
    axes[0].set_title(f"Walking, {task.channel_names[channel]}", loc="left")
    axes[0].legend(ncol=4, frameon=False, fontsize=9, loc="lower right", bbox_to_anchor=(1, 1))
    error = (signal - decoded).abs()[0, :, channel]
    axes[1].plot(seconds, error, color=UP, lw=1, label="|signal - decoded|")
    axes[1].plot(seconds, bound[0, :, channel], color=INK, lw=1, ls="--", label="proven bound")
    axes[1].set(xlabel="time in the recording [s]", ylabel="error")
    axes[1].legend(ncol=2, frameon=False, fontsize=9, loc="lower right", bbox_to_anchor=(1, 1))
    return png(figure)


def spike_raster(emulator: Emulator, task: Task, settings: Settings) -> bytes:
    """Spikes of both layers for one series of each class."""
    plt = need_matplotlib()
    first = [int((task.test_y == k).nonzero()[0]) for k in range(len(task.class_names))]
    spikes_of, _, _ = emulator.net.run(encode(encoder_of(emulator), task.test_x[first]))
    figure, axes = plt.subplots(
        2, len(first), figsize=(11, 6), sharex=True, sharey="row", height_ratios=[2, 1.4], layout="constrained"
    )
    for column, name in enumerate(task.class_names):
        hidden, out = (spikes[column] for spikes in spikes_of.values())
        for row, spikes in ((0, hidden), (1, out)):
            step, neuron = spikes.nonzero(as_tuple=True)
            colour = UP if row else INK
            axes[row, column].plot(step * settings.dt, neuron, "|", ms=2.2, color=colour, alpha=0.8)
        axes[0, column].set_title(name)
        axes[1, column].set_xlabel("chip time [s]")
        size = settings.per_class
        for k in range(1, len(first)):
            axes[1, column].axhline(k * size - 0.5, color="#bbbbbb", lw=0.8)
        axes[1, column].axhspan(column * size - 0.5, (column + 1) * size - 0.5, color=UP, alpha=0.12, lw=0)
    axes[0, 0].set_ylabel("hidden neuron")
    axes[1, 0].set_ylabel("read-out neuron")
    figure.suptitle("Spikes of the emulated chip (shaded: read-out neurons of the right class)", x=0.01, ha="left")
    return png(figure)


def membrane(emulator: Emulator, task: Task, settings: Settings) -> bytes:
    """Membrane voltage and synaptic currents of one hidden neuron while the wrist walks."""
    plt = need_matplotlib()
    series = int((task.test_y == task.class_names.index("Walking")).nonzero()[0])
    hidden = emulator.net.layers[0]
    assert isinstance(hidden, DPILayer)
    events = encode(encoder_of(emulator), task.test_x[series : series + 1])
    trace = simulate(hidden, events, record=("spikes", "Imem", "Iampa", "Igabab"))
    swing = trace["Iampa"].std((0, 1)) * trace["Igabab"].std((0, 1)) * trace["spikes"].sum((0, 1))
    neuron = int(swing.argmax())  # one in which excitation, inhibition and spikes can all be seen
    technology = hidden.technology
    scale = 1e3 * technology.Ut / technology.kappa
    t = torch.arange(events.shape[1]) * settings.dt
    figure, axes = plt.subplots(2, 1, figsize=(9, 5), sharex=True, layout="constrained")
    voltage = scale * torch.log(trace["Imem"][0, :, neuron] / technology.I0)
    threshold = float(scale * torch.log(hidden.nominal("Ith") / technology.I0))
    axes[0].plot(t, voltage, color=INK, lw=1)
    axes[0].axhline(threshold, color="#999999", lw=0.8, ls="--")
    fired = t[trace["spikes"][0, :, neuron] > 0]
    axes[0].plot(fired, [threshold + 12] * len(fired), "|", color=UP, ms=9)
    axes[0].set_ylabel("membrane voltage [mV]")
    axes[0].set_title(f"Hidden neuron {neuron}, walking (red: its spikes; dashed: threshold)", loc="left")
    axes[1].plot(t, trace["Iampa"][0, :, neuron] * 1e12, color=UP, lw=1, label="AMPA")
    axes[1].plot(t, trace["Igabab"][0, :, neuron] * 1e12, color=DOWN, lw=1, label="GABA_B")
    axes[1].set(xlabel="chip time [s]", ylabel="synaptic current [pA]")
    axes[1].legend(frameon=False, ncol=2, fontsize=9)
    return png(figure)


def accuracy_against_mismatch(rows: Sequence[MismatchRow]) -> bytes:
    """Every chip as a dot, the mean as a line."""
    plt = need_matplotlib()
    figure, axis = plt.subplots(figsize=(6.5, 4.2), layout="constrained")
    jitter = torch.linspace(-0.25, 0.25, max(len(r.accuracies) for r in rows))
    for k, row in enumerate(rows):
        axis.plot(k + jitter[: len(row.accuracies)], [100 * a for a in row.accuracies], ".", color=DOWN, alpha=0.6)
    axis.plot(range(len(rows)), [100 * r.mean for r in rows], "-o", color=UP, label="mean of the chips")
    axis.set_xticks(range(len(rows)), [f"{r.cv:g}" for r in rows])
    axis.set(xlabel="mismatch: CV of every bias", ylabel="test accuracy [%]", ylim=(0, 104))
    axis.set_title(f"{len(rows[0].accuracies)} virtual chips", loc="left")
    axis.legend(frameon=False, loc="lower left")
    return png(figure)
