"""A number of a profile, with its unit, how sure we are of it, and who says so."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import WithJsonSchema, field_validator

from arcana.errors import BadInput, Problems
from arcana.hardware.model import Model, refuse
from arcana.units import parse, show

Status: TypeAlias = Literal["measured", "published", "simulated", "derived", "assumed", "unknown"]
Unknown: TypeAlias = Literal["unknown"]
UNKNOWN: Unknown = "unknown"

_NO_PREFIX = ("1", "1/A", "1/K", "1/s", "Hz/A", "m2", "dB", "bit")
_NUMBER_OR_TEXT = {"anyOf": [{"type": "number"}, {"type": "string"}]}  # a text may carry a prefix: "0.5 pA"
_SIGNS = {"any": "", "zero or more": " >= 0", "positive": " > 0"}


class Sourced(Model):
    """Whatever is stated by somebody.

    Attributes:
        status: How far the statement can be trusted.
        source: Keys of the profile's [sources] table; may be empty only where the status is ``unknown``.
        note: What else a reader should know.
    """

    status: Status
    source: tuple[str, ...] = ()
    note: str = ""

    @classmethod
    def inspect_raw(cls, data: dict[str, Any], problems: Problems) -> None:
        """A statement without a source is refused."""
        if not data.get("source") and data.get("status") != UNKNOWN:
            problems.note("source", data.get("source", "(missing)"), "one or more keys of [sources]")


class Alternative(Model):
    """Another value that somebody states for the same quantity."""

    value: float | tuple[float, ...]
    source: tuple[str, ...]
    note: str = ""

    @classmethod
    def inspect_raw(cls, data: dict[str, Any], problems: Problems) -> None:
        """Somebody must have stated it."""
        if not data.get("source"):
            problems.note("source", data.get("source", "(missing)"), "one or more keys of [sources]")

    @field_validator("value", mode="before")
    @classmethod
    def _finite(cls, value: Any) -> float | tuple[float, ...]:
        return _series(value, "any") if isinstance(value, list | tuple) else _number(value, "any")


class Fact(Sourced):
    """What a single number and a series of numbers have in common.

    Attributes:
        unit: SI unit without a prefix (``1`` for a plain ratio).
        alternatives: What other sources say.
    """

    unit: str
    alternatives: tuple[Alternative, ...] = ()
    sign: ClassVar[Literal["any", "zero or more", "positive"]] = "any"

    @classmethod
    def inspect_raw(cls, data: dict[str, Any], problems: Problems) -> None:
        """The value is "unknown" exactly where the status is."""
        super().inspect_raw(data, problems)
        if "value" in data and "status" in data and (data["value"] == UNKNOWN) != (data["status"] == UNKNOWN):
            problems.note("status", data["status"], f"'{UNKNOWN}' where the value is, and only there")

    def inspect(self, problems: Problems) -> None:
        """Alternatives obey the same sign rule as the value."""
        for index, alternative in enumerate(self.alternatives):
            values = alternative.value if isinstance(alternative.value, tuple) else (alternative.value,)
            if any(_wrong_sign(value, self.sign) for value in values):
                allowed = f"numbers{_SIGNS[self.sign]}"
                problems.note(f"alternatives[{index}].value", alternative.value, allowed, self.unit)


class Quantity(Fact):
    """One number, or "unknown". ``value`` may be written as a text with a prefix: ``"0.5 pA"``."""

    value: Annotated[float | Unknown, WithJsonSchema(_NUMBER_OR_TEXT)]

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Turn ``"0.5 pA"`` into 5e-13 where the unit fits."""
        value, unit = data.get("value"), data.get("unit")
        if isinstance(value, str) and isinstance(unit, str) and value != UNKNOWN:
            try:
                return data | {"value": parse(value, unit)}
            except BadInput:
                return data  # refused by the field, with its key
        return data

    @field_validator("value", mode="before")
    @classmethod
    def _finite(cls, value: Any) -> float | Unknown:
        return UNKNOWN if value == UNKNOWN else _number(value, cls.sign, " or 'unknown'")

    def __str__(self) -> str:
        """The value with its unit and status, as people read it."""
        return f"{shown(self.value, self.unit)} ({self.status})" if self.value != UNKNOWN else UNKNOWN


class Series(Fact):
    """Several numbers of one kind, or "unknown"."""

    value: tuple[float, ...] | Unknown

    @field_validator("value", mode="before")
    @classmethod
    def _finite(cls, value: Any) -> tuple[float, ...] | Unknown:
        return UNKNOWN if value == UNKNOWN else _series(value, cls.sign)

    def __str__(self) -> str:
        """The values with their unit and status, as people read them."""
        if isinstance(self.value, str):
            return UNKNOWN
        return f"{', '.join(shown(value, self.unit) for value in self.value)} ({self.status})"


def shown(value: float | str, unit: str) -> str:
    """A number with its unit, as people read it: with a prefix where the unit takes one."""
    if isinstance(value, str) or unit in _NO_PREFIX:
        return f"{value:g} {unit}".removesuffix(" 1") if isinstance(value, float) else value
    return show(value, unit)


def _wrong_sign(value: float, sign: str) -> bool:
    return (sign == "positive" and value <= 0) or (sign == "zero or more" and value < 0)


def _number(value: Any, sign: str, alternatively: str = "") -> float:
    allowed = f"a finite number{_SIGNS[sign]}{alternatively}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse(allowed)
    if not -1e300 < value < 1e300 or _wrong_sign(value, sign):  # also refuses nan
        raise refuse(allowed)
    return float(value)


def _series(value: Any, sign: str) -> tuple[float, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise refuse(f"a list of finite numbers{_SIGNS[sign]} or 'unknown'")
    return tuple(_number(item, sign) for item in value)
