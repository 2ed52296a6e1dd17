"""Biases as Python lines, ``set_bias("NAME", fine, coarse)``, which is how ctxctl took them. Note: fine first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from arcana.errors import Problem
from arcana.hardware.profile import HardwareProfile
from arcana.quantize.bias_lines import BiasLine, LineForm, Parsed, RangedCore, coarse_codes, collect, text_of
from arcana.quantize.bias_list import refuse_low_range
from arcana.quantize.biaswords import Dialect, ascending
from arcana.quantize.listed import HasCores

FORM = LineForm('set_bias("NAME", fine, coarse)', "fine-coarse", "set_bias takes the fine code first")
_NUMBER = r"\s*([-+]?\d{1,9})\s*"
_CALL = re.compile(
    rf"""[\w.]*?(?:\[(\d{{1,9}})\]\.)?set_bias\(\s*(["'])(\w+)\2\s*,{_NUMBER},{_NUMBER}\)""", re.ASCII
)
_HEADING = re.compile(r"#\s*C(\d{1,9})c(\d{1,9})\s*", re.ASCII)


def set_bias_lines(config: HasCores, profile: HardwareProfile, dialect: Dialect = "samna") -> str:
    """The biases of all cores, a call each; the comment ``# C0c1`` above them names their core.

    Raises:
        BadInput: for a dialect that this chip's tools do not use, and codes of the low range.
    """
    count = coarse_codes(profile, dialect)
    cores = sorted(config.cores, key=lambda c: (c.chip, c.core))
    refuse_low_range(cores, FORM.shown)
    direction = "smallest" if dialect == "samna" else "largest"
    lines = [f"# set_bias(name, fine, coarse); coarse 0 is the {direction} current ({dialect} order)"]
    for core in cores:
        lines += ["", f"# C{core.chip}c{core.core}"]
        for name, code in sorted(core.biases.items()):
            lines.append(f'set_bias("{name}", {code.fine}, {ascending(code.coarse, dialect, count)})')
    return "\n".join(lines) + "\n"


def read_set_bias_lines(
    text_or_path: str | Path,
    profile: HardwareProfile,
    dialect: Dialect = "samna",
    place: tuple[int, int] | None = None,
) -> tuple[RangedCore, ...]:
    """Read calls. The core is that of the last comment ``# C0c1``; before the first one it is ``place``.

    ``anything[k].set_bias(...)`` names core k of the board, counted through all chips; other objects in front of
    ``set_bias`` are skipped.

    Args:
        text_or_path: The text itself (with a line break or a bracket), or the path of a file.
        profile: The chip that the names belong to.
        dialect: Which way the coarse codes count.
        place: (chip, core) of calls above all comments.

    Raises:
        BadInput: listing every line that was refused with its number (``BadFile`` where a path was given).

    Warns:
        BiasOrderWarning: if the codes look like the other order.
    """
    text, path = text_of(text_or_path, "(")
    return collect(_lines(text, profile, place), profile, dialect, FORM, path)


def _lines(text: str, profile: HardwareProfile, place: tuple[int, int] | None) -> Iterator[Parsed]:
    for number, raw in enumerate(text.splitlines(), 1):
        heading = _HEADING.fullmatch(raw.strip())
        if heading is not None:
            place = (int(heading[1]), int(heading[2]))
            continue
        bare = raw.partition("#")[0].strip().rstrip(";").rstrip()
        if not bare:
            continue
        match = _CALL.fullmatch(bare)
        if match is None:
            yield number, bare, Problem(f"line {number}", bare, FORM.shown)
            continue
        here = place if match[1] is None else divmod(int(match[1]), profile.cores_per_chip)
        if here is None:
            hint = "or pass place=(chip, core), --place C0c0 on the command line"
            yield number, bare, Problem(f"line {number}", bare, "a comment '# C<chip>c<core>' above it", hint=hint)
        elif place is not None and here != place:
            allowed = "the core of the comment above, or of place: C{}c{}".format(*place)
            yield number, bare, Problem(f"line {number}", bare, allowed)
        else:
            yield number, bare, BiasLine(*here, match[3], coarse=int(match[5]), fine=int(match[4]))
