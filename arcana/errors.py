"""Errors and warnings that arcana raises: one family, each naming the field, the value and what was allowed.

Every check collects all that is wrong before it raises, so that a user mends a file once and not ten times.
"""

from __future__ import annotations

import difflib
import sys
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


class ArcanaError(Exception):
    """Root of all errors that arcana raises on purpose; the command line turns it into exit code 2."""


class ArcanaWarning(UserWarning):
    """Root of all warnings: the result stands, but something in it deserves a look."""


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn at the line of the user's own code that led here, whatever lies between (torch's modules, say)."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in ("arcana", "torch"):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input.

    Attributes:
        field: What it is called, in the user's words (``Itau_mem``, ``cores[2].biases.IF_DC_P``).
        value: What was given.
        allowed: What would have been accepted.
        unit: Unit of ``value``, empty if it has none.
        hint: What to do about it.
    """

    field: str
    value: object
    allowed: str
    unit: str = ""
    hint: str = ""

    def __str__(self) -> str:
        shown = repr(self.value)
        if len(shown) > 200:
            shown = shown[:197] + "..."
        unit = f" {self.unit}" if self.unit else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.field} is {shown}{unit}, allowed: {self.allowed}{hint}"


class BadInput(ArcanaError, ValueError):
    """One or more values were refused; ``problems`` lists all of them."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        head = "" if len(self.problems) == 1 else f"{len(self.problems)} problems:\n  - "
        super().__init__(head + "\n  - ".join(str(p) for p in self.problems))

    @classmethod
    def one(cls, field: str, value: object, allowed: str, unit: str = "", hint: str = "") -> BadInput:
        """The error for a single problem."""
        return cls(Problem(field, value, allowed, unit, hint))


class BadFile(BadInput):
    """A file is missing, unreadable, damaged, from a newer version, or in the way."""

    def __init__(self, path: str | Path, problems: Problem | Iterable[Problem]) -> None:
        super().__init__(problems)
        self.path = str(path)
        self.args = (f"{self.path}: {self.args[0]}",)


class OutOfRange(BadInput):
    """A current that the bias generator cannot make."""


class NotPublished(ArcanaError, LookupError):
    """A number that nobody has published was needed; the message says which key of the profile to set."""

    def __init__(self, key: str, profile: str, needed_for: str, note: str = "") -> None:
        self.key = key
        detail = f" ({note})" if note else ""
        super().__init__(
            f"{key} of profile {profile!r} is unknown{detail}, and {needed_for} needs it: "
            f"set {key} in a profile of your own (copy it with `arcana profiles show {profile} --toml`)"
        )

    def __str__(self) -> str:  # LookupError's own shows the repr
        return str(self.args[0])


class Problems(list[Problem]):
    """Collects problems, then raises all of them at once."""

    def note(self, field: str, value: object, allowed: str, unit: str = "", hint: str = "") -> None:
        """Add one problem."""
        self.append(Problem(field, value, allowed, unit, hint))

    def raise_if_any(self, path: str | Path | None = None) -> None:
        """Raise ``BadInput`` (``BadFile`` when a path is given) if anything was noted."""
        if self:
            raise BadInput(self) if path is None else BadFile(path, self)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The nearest known name as a hint, or the whole list where nothing is near."""
    known = list(known)
    folded = {k.lower(): k for k in known}
    near = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.5)
    if near:
        return f"did you mean {folded[near[0]]!r}?"
    return "known: " + ", ".join(known)


def unknown_name(kind: str, name: str, known: Iterable[str]) -> Problem:
    """The problem of a name that does not exist, with the nearest one that does."""
    return Problem(kind, name, "a known name", hint=did_you_mean(str(name), known))
