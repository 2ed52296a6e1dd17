"""Biases as netparser reads them: ``U0-C0-NAME-coarse-fine-high``, in cAER's order, with the range at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from arcana.config import ChipConfig
from arcana.errors import Problem
from arcana.hardware.profile import HardwareProfile
from arcana.quantize.bias_lines import (
    BiasLine,
    LineForm,
    Parsed,
    RangedCore,
    bare_lines,
    coarse_codes,
    collect,
    text_of,
)
from arcana.quantize.biaswords import Dialect, ascending

FORM = LineForm("U<chip>-C<core>-NAME-coarse-fine-high (or low)", "coarse-fine", "the coarse code stands first")
_LINE = re.compile(r"U(\d{1,9})-C(\d{1,9})-(\w+)-(\d{1,9})-(\d{1,9})-(high|low)", re.ASCII | re.IGNORECASE)


def netparser_lines(config: ChipConfig, profile: HardwareProfile, dialect: Dialect = "caer") -> str:
    """The biases of all cores, a line each; U0 to U3 are the chips in the order of arcana.

    Raises:
        BadInput: for a dialect that this chip's tools do not use.
    """
    count = coarse_codes(profile, dialect)
    lines = []
    for core in sorted(config.cores, key=lambda c: (c.chip, c.core)):
        for name, code in sorted(core.biases.items()):
            spread = "low" if code.low_range else "high"
            coarse = ascending(code.coarse, dialect, count)
            lines.append(f"U{core.chip}-C{core.core}-{name}-{coarse}-{code.fine}-{spread}")
    return "".join(line + "\n" for line in lines)


def read_netparser_lines(
    text_or_path: str | Path, profile: HardwareProfile, dialect: Dialect = "caer"
) -> tuple[RangedCore, ...]:
    """Read lines. White space between the parts, and everything after ``#``, is skipped.

    Args:
        text_or_path: The text itself (with a line break), or the path of a file.
        profile: The chip that the names belong to.
        dialect: Which way the coarse codes count; netparser's own order is ``caer``.

    Raises:
        BadInput: listing every line that was refused with its number (``BadFile`` where a path was given).

    Warns:
        BiasOrderWarning: if the codes look like the other order.
    """
    text, path = text_of(text_or_path, "")
    return collect(_lines(text), profile, dialect, FORM, path)


def _lines(text: str) -> Iterator[Parsed]:
    for number, bare in bare_lines(text):
        match = _LINE.fullmatch(re.sub(r"\s+", "", bare))
        if match is None:
            yield number, bare, Problem(f"line {number}", bare, FORM.shown)
            continue
        chip, core, coarse, fine = (int(match[k]) for k in (1, 2, 4, 5))
        yield number, bare, BiasLine(chip, core, match[3], coarse, fine, match[6].lower() == "low")
