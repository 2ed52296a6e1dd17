"""The report of the demo: one HTML page that needs nothing beside it."""

from __future__ import annotations

import html
from collections.abc import Mapping

from arcana.analysis.markup import head, image, percent, table
from arcana.circuits.names import BIASES
from arcana.config import ChipConfig
from arcana.demo.settings import Settings
from arcana.demo.study import Results
from arcana.hardware.profile import HardwareProfile
from arcana.quantize.biasgen import BiasGenerator
from arcana.units import show


def accuracy_rows(results: Results) -> list[tuple[str, str, str]]:
    """The table of the demo: what, mean or only accuracy, worst chip."""
    rows = [
        ("float weights and currents", percent(results.float_test), ""),
        ("whole-number weights", percent(results.whole_test), ""),
        *(
            (f"{row.chip}, {row.cores} cores, read back from its file", percent(row.after), "")
            for row in results.mapped
        ),
    ]
    for row in results.mismatch:
        name = f"{len(row.accuracies)} chips, mismatch CV {row.cv:g}"
        rows.append((name, percent(row.mean), percent(row.worst)))
    return rows


def html_report(
    results: Results,
    settings: Settings,
    config: ChipConfig,
    profile: HardwareProfile,
    pictures: Mapping[str, bytes],
    slew: str,
) -> str:
    """The page. ``pictures`` maps a caption to a PNG; ``slew`` is what the encoder says of its overload."""
    chip = html.escape(profile.full_name)
    rates = f"Mean rates: hidden {results.rates[0]:.1f} Hz, read-out {results.rates[1]:.1f} Hz."
    parts = [
        head("arcana demo"),
        "<h1>From wrist movements to bias codes</h1>",
        "<p>40 training and 40 test recordings of a smart watch (UEA <i>BasicMotions</i>: standing, running, "
        "walking, badminton; 10 s, 10 Hz, 6 channels) become UP and DOWN events, train two layers of DPI neurons "
        f"on {chip}, and leave as bias codes. The file is read back, and the chip that it "
        f"describes is emulated. The recordings are played {settings.speed:g} times faster than life.</p>",
        "<h2>Test accuracy</h2>",
        table(("network", "accuracy", "worst chip"), accuracy_rows(results)),
        f"<p>Training recordings: {percent(results.train)}. {rates} At most {results.synapses} "
        f"synapses a neuron. The largest change of a bias by its code is {100 * results.bias_error:.2g} %. "
        "Mismatch is lognormal, independent for every bias and neuron; "
        "nobody has published measured CVs for this chip, so 0.1 and 0.2 are assumptions.</p>",
    ]
    for caption, png in pictures.items():
        parts.append(f"<h2>{html.escape(caption)}</h2>{image(caption, png)}")
    parts += [
        "<h2>The encoder</h2>",
        f"<p>Threshold {settings.threshold:g} standard deviations of a channel, level tracking.</p>",
        f"<pre>{html.escape(slew)}</pre>",
        "<h2>Biases</h2>",
        "<p>What goes to the chip, by its own names. Coarse 0 is the smallest current.</p>",
        table(("core", "bias", "coarse", "fine", "current", "sets"), _bias_rows(config, profile)),
        f"<p class='small'>arcana {config.provenance.arcana_version}, profile {config.profile.name} "
        f"({config.profile.hash[:12]}), seed {settings.seed}.</p>",
    ]
    return "\n".join(parts)


def _bias_rows(config: ChipConfig, profile: HardwareProfile) -> list[tuple[str, ...]]:
    generator = BiasGenerator(profile)
    rows: list[tuple[str, ...]] = []
    for core in config.cores:
        for name, code in core.biases.items():
            model = profile.chip_bias(name).model_bias
            current = show(generator.current(name, code.coarse, code.fine), "A")
            role = f"{model}: {BIASES[model].role}" if model else ""
            rows.append((f"C{core.chip}c{core.core}", name, str(code.coarse), str(code.fine), current, role))
    return rows
