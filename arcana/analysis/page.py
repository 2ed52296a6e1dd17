"""The page for somebody who decides about silicon: the answer, then pictures, then tables."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence

from arcana.analysis.conditions import Conditions
from arcana.analysis.confusion import worst_chips
from arcana.analysis.markup import cells_of, head, image, percent, table
from arcana.analysis.result import PointResult, RobustnessReport
from arcana.analysis.sensitivity_report import SensitivityReport
from arcana.analysis.statistics import works
from arcana.analysis.wording import answer, definition, hardest, scale_is_cv, value_text, where

STYLE = """
p.lead{font-size:1.1rem}pre{background:#f3f3f3;padding:.7rem 1rem;overflow-x:auto;font-size:.85rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.2rem}dt{color:#666}
dd{margin:0;overflow-wrap:anywhere}
div.wide{overflow-x:auto}table.yield td{white-space:nowrap}
.bar{position:relative;width:20rem;max-width:40vw;height:.9rem;background:#f0d9d0}
.bar b{position:absolute;left:0;top:0;bottom:0;background:#1f5fa8}
.bar i{position:absolute;top:.33rem;height:.24rem;background:#fff;outline:1px solid #333}"""

NUMBERS = 10  # columns of numbers in the table of a report
HELP = (
    "Train with virtual chips (<code>harden</code>); average over more neurons for each class; mend a single chip "
    "by its bias codes (<code>calibrate</code>); find out which bias costs most (<code>--sensitivity</code>)."
)
CAPTIONS = {
    "Metric against mismatch": "Line: mean. Band: 5 to 95 % of the chips. Dashed: from here on a chip works.",
    "Chips that work": "With the 95 % Wilson interval: where the share would lie if more chips were drawn.",
    "How the chips spread": "A panel for each point of the study.",
    "What the worst chips take for what": "Rows: classes; columns: taken for what. Orange: mistakes; none: silence",
    "What limits the chips": "Which bias's mismatch costs most of the margin: (spikes for the right class - "
    "spikes for the strongest other) / (both). Left: alone. Right: its share of what tells chips apart.",
}


def robustness_page(
    report: RobustnessReport,
    pictures: Mapping[str, bytes],
    rebuild: str,
    source: Mapping[str, str],
    remarks: Sequence[str] = (),
    sensitivity: SensitivityReport | None = None,
) -> str:
    """One page that needs nothing beside it.

    Args:
        report: What the study found.
        pictures: PNGs by their headings, in order; those in ``CAPTIONS`` get a line of explanation.
        rebuild: Python code that rebuilds the worst chip.
        source: Where things come from (settings, data, command), by name.
        remarks: What a reader should know before he believes the numbers.
        sensitivity: Of the biases, if it was asked for.
    """
    worst = report.points[hardest(report)]
    parts = [
        head("Will it work on silicon?", STYLE),
        f"<h1>{html.escape(answer(report, worst))}</h1>",
        f"<p class='lead'>{html.escape(definition(report))}</p>",
        _yields(report),
        *(f"<p>{html.escape(remark)}</p>" for remark in remarks),
    ]
    for heading, picture in pictures.items():
        caption = html.escape(CAPTIONS.get(heading, ""))
        parts.append(f"<h2>{html.escape(heading)}</h2><p class='small'>{caption}</p>{image(heading, picture)}")
    parts += ["<h2>All numbers</h2>", _wide(_numbers(report))]
    if sensitivity is not None:
        parts += ["<h2>Sensitivity</h2>", _sensitivities(sensitivity)]
    parts += [
        "<h2>The worst chips</h2>",
        _worst(report),
        "<p>The worst chip of all, rebuilt alone; the same numbers, bit for bit:</p>",
        f"<pre>{html.escape(rebuild)}</pre>",
        f"<h2>If too few chips work</h2><p>{HELP}</p>",
        "<h2>Where this comes from</h2>",
        _source(report, source),
    ]
    return "\n".join(parts) + "\n"


def _yields(report: RobustnessReport) -> str:
    """A bar for each point: the share of chips that work, and its interval as a thin line."""
    rows = []
    for point in report.points:
        s, alike = point.summary, point.conditions.same_for_all
        interval = "all chips are the same" if alike else f"{100 * s.yield_low:.1f} to {percent(s.yield_high)}"
        low, high = (s.yield_, s.yield_) if alike else (s.yield_low, s.yield_high)
        bar = (
            f"<div class='bar'><b style='width:{100 * s.yield_:.2f}%'></b>"
            f"<i style='left:{100 * low:.2f}%;width:{100 * (high - low):.2f}%'></i></div>"
        )
        place = html.escape(where(report, point.conditions, report.varied))
        rows.append(
            f"<tr><td>{place}</td><td class='n'>{percent(s.yield_)}</td><td>{bar}</td><td>{interval}</td></tr>"
        )
    header = "<tr><th>chips</th><th class='n'>work</th><th></th><th>95 % interval</th></tr>"
    return f"<div class='wide'><table class='yield'>{header}{''.join(rows)}</table></div>"


def _numbers(report: RobustnessReport) -> str:
    header, rows = cells_of(report.table())
    names = ["CV" if name == "scale" and scale_is_cv(report) else name for name in header]
    return table(names, rows, NUMBERS)


def _sensitivities(sensitivity: SensitivityReport) -> str:
    shown = sensitivity.table()
    header, rows = cells_of(shown)
    remarks = html.escape(str(shown.caption or "")).replace("\n", "<br>")
    title = html.escape(str(shown.title or ""))
    return f"<p>{title}</p>{_wide(table(header, rows, len(header) - 1))}<p class='small'>{remarks}</p>"


def _worst(report: RobustnessReport) -> str:
    rows = [_chip(report, point, chip) for k, point in enumerate(report.points) for chip in worst_chips(report, k)]
    return table(("chip", "at", report.metric.lower(), "works"), rows)


def _chip(report: RobustnessReport, point: PointResult, chip: int) -> tuple[str, ...]:
    value = point.values[chip]
    number = "all" if point.conditions.same_for_all else str(chip)
    place = where(report, point.conditions, report.varied)
    return number, place, value_text(report, value), "yes" if works(value, report.threshold) else "no"


def _source(report: RobustnessReport, source: Mapping[str, str]) -> str:
    """Everything that the numbers follow from."""
    made, defaults = report.provenance, Conditions().to_dict()
    fixed = {name: report.points[0].conditions.text(name) for name in defaults if name not in report.varied}
    entries = {
        **source,
        "metric": str(made.get("metric", report.metric)),
        "mismatch": json.dumps(report.model.to_dict()),
        "seed": f"{report.seed}; chip k is the one of mismatch.chip({report.seed}, k)",
        "chips": f"{len(report.points[0].values):,} at each of {len(report.points)} points",
        "the same everywhere": ", ".join(f"{name.replace('_', ' ')} {text}" for name, text in fixed.items()),
        "arcana": str(made.get("arcana", "")),
        **{f"sha256 of the {name}": str(made[name]) for name in ("network", "series", "targets") if name in made},
    }
    items = (f"<dt>{html.escape(k)}</dt><dd>{html.escape(v)}</dd>" for k, v in entries.items())
    return f"<dl>{''.join(items)}</dl>"


def _wide(content: str) -> str:
    """What may be wider than the page."""
    return f"<div class='wide'>{content}</div>"
