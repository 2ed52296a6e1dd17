"""Bias codes as a text list, ``C0c0:(NAME,coarse,fine)``: the form in which people mail each other bias sets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from arcana.errors import Problem, Problems
from arcana.hardware.profile import HardwareProfile
from arcana.quantize.bias_lines import (
    PLAUSIBLE,
    BiasLine,
    BiasOrderWarning,
    LineForm,
    Order,
    Parsed,
    bare_lines,
    check_order,
    coarse_codes,
    collect,
    text_of,
)
from arcana.quantize.biasgen import Code
from arcana.quantize.biaswords import Dialect, ascending
from arcana.quantize.listed import HasBiases, HasCode, HasCores, ListedCore

__all__ = ["PLAUSIBLE", "BiasOrderWarning", "ListedCore", "bias_list", "read_bias_list", "refuse_low_range"]

_NUMBER = r"\s*([-+]?\d{1,9})\s*"
_LINE = re.compile(rf"C(\d{{1,9}})c(\d{{1,9}})\s*:\s*\(\s*(\w+)\s*,{_NUMBER},{_NUMBER}\)", re.ASCII)
_FORMS = {
    "coarse-fine": LineForm(
        "C<chip>c<core>:(NAME,coarse,fine)",
        "coarse-fine",
        "swap the two, or pass order='fine-coarse' (--order fine-coarse)",
    ),
    "fine-coarse": LineForm("C<chip>c<core>:(NAME,fine,coarse)", "fine-coarse", "leave out order='fine-coarse'"),
}


def bias_list(
    config: HasCores,
    profile: HardwareProfile | None = None,
    dialect: Dialect = "samna",
    order: Order = "coarse-fine",
) -> str:
    """The biases of all cores, a line each, in order of chip, core and name.

    Args:
        config: A ``ChipConfig``, or anything with ``cores``.
        profile: The chip; needed for the dialect ``caer`` only.
        dialect: ``samna``: coarse 0 is the smallest current. ``caer``: coarse 0 is the largest.
        order: Which code stands first in a line.

    Raises:
        BadInput: for a dialect that does not exist, or that this chip's tools do not use, an order that does not
            exist, and codes of the low range, which a line cannot say.
    """
    check_order(order)
    count = coarse_codes(profile, dialect) if profile is not None or dialect != "samna" else None
    cores = sorted(config.cores, key=lambda c: (c.chip, c.core))
    refuse_low_range(cores, _FORMS[order].shown)
    first = "" if order == "coarse-fine" else "; the fine code stands first"
    lines = [
        f"# coarse 0 is the {'smallest' if dialect == 'samna' else 'largest'} current ({dialect} order){first}"
    ]
    for core in cores:
        for name, code in sorted(core.biases.items()):
            pair = (code.coarse if count is None else ascending(code.coarse, dialect, count), code.fine)
            a, b = pair if order == "coarse-fine" else pair[::-1]
            lines.append(f"C{core.chip}c{core.core}:({name},{a},{b})")
    return "\n".join(lines) + "\n"


def read_bias_list(
    text_or_path: str | Path,
    profile: HardwareProfile,
    dialect: Dialect = "samna",
    order: Order = "coarse-fine",
) -> tuple[ListedCore, ...]:
    """Read a list. Empty lines and everything after ``#`` are skipped; the order of lines does not matter.

    Args:
        text_or_path: The text itself, or the path of a file. A ``str`` with a line break or a bracket is text.
        profile: The chip that the names belong to.
        dialect: Which way the coarse codes of the list count; ``caer`` turns c into (number of codes - 1) - c.
        order: Which code stands first in a line. Where both fit, nothing can tell the two orders apart.

    Returns:
        Cores in order of chip and core, coarse codes in the order of arcana (0 the smallest current).

    Raises:
        BadInput: listing every line that was refused with its number (``BadFile`` where a path was given).

    Warns:
        BiasOrderWarning: if the list looks like the other order: no membrane time constant in it (other time
            constants if it has none) lies in 0.1 ms to 10 s, but at least half would if the codes counted the
            other way.
    """
    check_order(order)
    text, path = text_of(text_or_path, "(")
    cores = collect(_lines(text, order), profile, dialect, _FORMS[order], path)
    return tuple(
        ListedCore(c.chip, c.core, {name: Code(code.coarse, code.fine) for name, code in c.biases.items()})
        for c in cores
    )


def refuse_low_range(cores: Iterable[HasBiases], form: str) -> None:
    """Refuse codes of the low range for a form that cannot say it: they would become far larger currents.

    Raises:
        BadInput: listing all of them.
    """
    problems = Problems()
    for core in cores:
        for name, code in sorted(core.biases.items()):
            if _low_range(code):
                hint = "netparser lines and caer-words can"
                problems.note(
                    f"C{core.chip}c{core.core}.{name}", "low range", f"high range: {form} has no flag", "", hint
                )
    problems.raise_if_any()


def _low_range(code: HasCode) -> bool:
    return bool(getattr(code, "low_range", False))  # a plain ``Code`` has no such flag


def _lines(text: str, order: Order) -> Iterator[Parsed]:
    for number, bare in bare_lines(text):
        match = _LINE.fullmatch(bare)
        if match is None:
            yield number, bare, Problem(f"line {number}", bare, _FORMS[order].shown)
            continue
        pair = (int(match[4]), int(match[5]))
        coarse, fine = pair if order == "coarse-fine" else pair[::-1]
        yield number, bare, BiasLine(int(match[1]), int(match[2]), match[3], coarse, fine)
