"""Writes the table of nearest-code errors into docs/bias-generator.md, between its two markers.

``--check`` writes nothing and exits with 1 if the table in the file differs from what would be written.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from arcana.files import read_text, write_whole
from arcana.hardware import load_profile
from arcana.quantize import BiasGenerator
from arcana.units import show

FILE = Path(__file__).resolve().parent.parent / "docs" / "bias-generator.md"
START, END = "<!-- error table: start -->", "<!-- error table: end -->"
ROWS = (
    ("dynapse1", "IF_TAU1_N", "DYNAP-SE1, every bias"),
    ("dynapse2", "SOIF_LEAK_N", "DYNAP-SE2, membrane leak (SOIF_LEAK_N)"),
    ("dynapse2", "DEAM_ETAU_P", "DYNAP-SE2, synapse leak (DEAM_ETAU_P)"),
    ("dynapse2", "SYAM_W0_P", "DYNAP-SE2, weight (SYAM_W0_P)"),
)


def tables() -> str:
    parts = []
    for profile, bias, title in ROWS:
        head = [f"**{title}**", "", "| current | levels | worst error | rms error |", "|---|---|---|---|"]
        rows = [
            f"| {show(row.low, 'A', 3)} to {show(row.high, 'A', 3)} | {row.levels} "
            f"| {100 * row.worst:.2g} % | {100 * row.rms:.2g} % |"
            for row in BiasGenerator(load_profile(profile)).error_per_decade(bias)
        ]
        parts.append("\n".join(head + rows))
    return "\n\n".join(parts)


def with_tables(text: str) -> str:
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n\n{tables()}\n\n{END}{after}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    parser.add_argument("--file", type=Path, default=FILE, help="the document")
    arguments = parser.parse_args()
    text = read_text(arguments.file)
    if START not in text or END not in text:
        print(f"{arguments.file.name} lacks the lines {START} and {END}", file=sys.stderr)
        return 1
    if not arguments.check:
        write_whole(arguments.file, with_tables(text))
    elif with_tables(text) != text:
        print(f"{arguments.file.name} is stale: run python scripts/make_bias_error_table.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
