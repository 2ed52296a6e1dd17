"""The report of the demo: one HTML page that needs nothing beside it."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping

from arcana.circuits.names import BIASES
from arcana.config import ChipConfig
from arcana.demo.settings import Settings
from arcana.demo.study import Results
from arcana.hardware.profile import HardwareProfile
from arcana.quantize.biasgen import BiasGenerator
from arcana.units import show

STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.7rem}h2{font-size:1.2rem;margin-top:2.2rem}table{border-collapse:collapse;margin:1rem 0}
td,th{padding:.3rem .9rem;border-bottom:1px solid #ddd;text-align:left}td.n,th.n{text-align:right}
img{max-width:100%;margin:.5rem 0}code{background:#f3f3f3;padding:.1rem .3rem}p.small{color:#666;font-size:.9rem}"""


def accuracy_rows(results: Results) -> list[tuple[str, str, str]]:
    """The table of the demo: what, mean or only accuracy, worst chip."""
    rows = [
        ("float weights and currents", _percent(results.float_test), ""),
        ("whole-number weights", _percent(results.whole_test), ""),
        *(
            (f"{row.chip}, {row.cores} cores, read back from its file", _percent(row.after), "")
            for row in results.mapped
        ),
    ]
    for row in results.mismatch:
        name = f"{len(row.accuracies)} chips, mismatch CV {row.cv:g}"
        rows.append((name, _percent(row.mean), _percent(row.worst)))
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
        "<!doctype html><meta charset='utf-8'><title>arcana demo</title>",
        f"<style>{STYLE}</style><h1>From wrist movements to bias codes</h1>",
        "<p>40 training and 40 test recordings of a smart watch (UEA <i>BasicMotions</i>: standing, running, "
        "walking, badminton; 10 s, 10 Hz, 6 channels) become UP and DOWN events, train two layers of DPI neurons "
        f"on {chip}, and leave as bias codes. The file is read back, and the chip that it "
        f"describes is emulated. The recordings are played {settings.speed:g} times faster than life.</p>",
        "<h2>Test accuracy</h2>",
        _table(("network", "accuracy", "worst chip"), accuracy_rows(results)),
        f"<p>Training recordings: {_percent(results.train)}. {rates} At most {results.synapses} "
        f"synapses a neuron. The largest change of a bias by its code is {100 * results.bias_error:.2g} %. "
        "Mismatch is lognormal, independent for every bias and neuron; "
        "nobody has published measured CVs for this chip, so 0.1 and 0.2 are assumptions.</p>",
    ]
    for caption, png in pictures.items():
        data = base64.b64encode(png).decode()
        parts.append(
            f"<h2>{html.escape(caption)}</h2><img alt='{html.escape(caption)}' src='data:image/png;base64,{data}'>"
        )
    parts += [
        "<h2>The encoder</h2>",
        f"<p>Threshold {settings.threshold:g} standard deviations of a channel, level tracking.</p>",
        f"<pre>{html.escape(slew)}</pre>",
        "<h2>Biases</h2>",
        "<p>What goes to the chip, by its own names. Coarse 0 is the smallest current.</p>",
        _table(("core", "bias", "coarse", "fine", "current", "sets"), _bias_rows(config, profile)),
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


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]] | list[tuple[str, str, str]]) -> str:
    def cells(tag: str, row: tuple[str, ...]) -> str:
        return "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row)

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><tr>{cells('th', head)}</tr>{body}</table>"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"
