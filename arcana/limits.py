"""What every network and every settings file keeps to: names that all forms can say, sizes, and time steps."""

from __future__ import annotations

import math
import re

NAME_RULE = "a letter or _, then any of letters (A to Z), digits and _ . : - >"
MOST = 1_000_000  # lines, neurons, or synapses of a pair: far above what a board addresses, and still little memory
SHORTEST_STEP, LONGEST_STEP = 1e-7, 0.1  # [s]
STEP_RULE = f"a number from {SHORTEST_STEP:g} to {LONGEST_STEP:g}"

_NAME = re.compile(r"[A-Za-z_][\w.:>-]*", re.ASCII)


def is_name(value: object) -> bool:
    """Whether an input, a population or an output can be called so: netlists and tables can then say it."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def is_utf8(text: str) -> bool:
    """Whether a file can hold this text: half of a surrogate pair is no character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_whole(value: object, low: int, high: int = MOST) -> bool:
    """Whether this is a whole number within these bounds; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def is_step(value: object) -> bool:
    """Whether this is a time step that the solvers take [s]."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return number and SHORTEST_STEP <= value <= LONGEST_STEP  # type: ignore[operator]  # it is a number
