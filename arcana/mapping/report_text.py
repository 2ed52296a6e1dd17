"""A report as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from arcana.mapping.relay import DEAD_TIME
from arcana.units import show

if TYPE_CHECKING:
    from arcana.mapping.report import Report
    from arcana.mapping.split import SplitCost

_SHOWN = 12  # rows of a table that a reader still reads; the rest is counted
_WORTH_A_LINE = 0.1  # [%]: rounding below this is not listed


def report_text(report: Report) -> str:
    """All tables of a report, long ones cut after a dozen rows."""
    parts = [
        f"Mapping on {report.profile}",
        _table(
            ("resource", "used", "available", "share"),
            [(u.resource, u.used, u.available, f"{100 * u.share:.1f} %") for u in report.resources],
        ),
        "Cores\n"
        + _table(
            ("core", "neurons", "populations", "input words", "most on a neuron", "senders heard"),
            [
                (
                    f"C{c.chip}c{c.core}",
                    f"{c.neurons} of {c.places}",
                    ", ".join(c.populations),
                    c.words,
                    c.most_words,
                    c.tags,
                )
                for c in report.cores
            ],
        ),
        _placement(report),
    ]
    if len(report.cores) > 1:
        names = [f"C{c.chip}c{c.core}" for c in report.cores]
        at = _positions(report)
        rows = [(n, *(report.between_cores[a][b] for b in at)) for n, a in zip(names, at, strict=True)]
        parts.append("Neurons that send from a core (row) to a core (column)\n" + _table(("", *names), rows))
    if report.moved:
        rows = [
            (m.population, m.bias, m.neurons, f"{100 * m.largest:.1f} %", f"{100 * m.mean:.1f} %")
            for m in report.moved
        ]
        parts.append(
            "Biases moved, so that neurons can share a core\n"
            + _table(("population", "bias", "neurons", "largest", "mean"), rows)
        )
    parts.append(_rounding(report))
    if report.switched:
        rows = [(f"C{s.chip}c{s.core}", s.words, f"{100 * s.rms:.2f} %", s.dropped) for s in report.switched]
        parts.append(
            "Weights made of four currents\n" + _table(("core", "weights", "rms error", "without a word"), rows)
        )
    if report.counted:
        rows = [
            (c.population, c.receptor, show(c.before, "A"), show(c.current, "A"), f"{100 * c.rms:.2f} %")
            for c in report.counted
        ]
        head = ("population", "receptor", "weight current", "chosen", "rms error")
        parts.append("Weights made of whole numbers of one current\n" + _table(head, rows))
    if report.split is not None:
        parts.append(_split(report.split))
    for title, lines in (("Inputs", report.inputs), ("Outputs", report.outputs)):
        rows = [
            (
                x.name,
                " ".join(f"C{a}c{b}" for a, b in x.core),
                "" if x.slot is None else x.slot,
                " ".join(map(str, x.tag)),
            )
            for x in lines
        ]
        parts.append(f"{title}\n" + _table(("name", "core", "neuron", "tag"), rows))
    return "\n\n".join(part for part in parts if part) + "\n"


def _placement(report: Report) -> str:
    bound = "" if report.bound is None else f" (proven: not below {report.bound:g})"
    return (
        f"Placement ({report.method}): {report.cost:g} destination cores{bound}, {report.hops:g} hops between chips"
    )


def _split(cost: SplitCost) -> str:
    head = f"Split ({cost.how}): {cost.neurons} neurons needed up to {cost.most} input words; "
    if cost.how == "relay":
        fewest, most = min(cost.senders), max(cost.senders)
        each = f"{most}" if fewest == most else f"{fewest} to {most}"
        expected = "" if cost.lost is None else f"about {100 * cost.lost:.1f} % at the given rates (if in Hz); "
        return (
            f"{head}{cost.relays} relays were added, with {each} senders each. Events that meet in one are lost: "
            f"{expected}R d / (1 + R d) with R events per second in it, d = {1e3 * DEAD_TIME:g} ms (table in "
            "docs/mapping.md). arcana.agreement(mapping, emulator, data) measures what that does"
        )
    rows = [(p.neuron, p.needed, p.removed, f"{100 * p.share:.1f} %", _senders(p.senders)) for p in cost.pruned]
    worst = f"{cost.removed} words were left out, at most {100 * cost.share:.1f} % of a neuron's weight"
    return f"{head}{worst}\n" + _table(("neuron", "words needed", "left out", "of its weight", "from"), rows)


def _senders(senders: tuple[tuple[str, int], ...], shown: int = 4) -> str:
    more = f" and {len(senders) - shown} more" if len(senders) > shown else ""
    return ", ".join(name if words == 1 else f"{name} x{words}" for name, words in senders[:shown]) + more


def _positions(report: Report) -> list[int]:
    per_chip = len(report.between_cores) // len(report.between_chips)
    return [c.chip * per_chip + c.core for c in report.cores]


def _rounding(report: Report) -> str:
    worst = sorted((b for b in report.biases if abs(b.percent) >= _WORTH_A_LINE), key=lambda b: -abs(b.percent))
    if not worst:
        return f"Rounding to bias codes changes no quantity by {_WORTH_A_LINE} % or more"
    rows = [(f"C{b.chip}c{b.core}", str(b)) for b in worst]
    return "Rounding to bias codes, largest changes first\n" + _table(("core", "quantity"), rows)


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns of text, cut after a dozen rows."""
    cells = [[str(cell) for cell in row] for row in rows]
    hidden = len(cells) - _SHOWN
    lines = [list(header), *cells[:_SHOWN]]
    widths = [max(len(row[k]) for row in lines) for k in range(len(header))]
    text = ["  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in lines]
    return "\n".join(text + ([f"  ... and {hidden} more"] if hidden > 0 else []))
