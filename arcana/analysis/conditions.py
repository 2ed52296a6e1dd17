"""Under which conditions virtual chips are judged: one set of them is one point of a study."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

from arcana.errors import BadInput, Problems, unknown_name
from arcana.units import show

COLDEST, HOTTEST = -55.0, 125.0  # [°C]: where silicon is sold to work
NEGATIVE_ALLOWED = ("temperature",)
LARGEST = {"dead_neurons": 1.0, "dead_cams": 1.0, "dropped": 1.0, "drift": 1.0, "jitter": 1.0, "spurious": 1e4}


@dataclass(frozen=True)
class Conditions:
    """One point of a study.

    Attributes:
        scale: Factor on the CV of every bias; 0 is a chip without mismatch.
        temperature: Of the chip [°C], through Ut = k T / q and, where the profile knows its drift, I0. None: as the
            profile says.
        quantised: On a mapped network: bias codes (True) or exact currents (False). None: as given.
        dead_neurons: Share of neurons that never spike, 0 to 1.
        dead_cams: Share of input words that do not listen, 0 to 1.
        drift: Coefficient of variation of a factor that all neurons of a core (or layer) share, per bias.
        noise: Standard deviation of the noise on the signal, in its units, before the encoder.
        jitter: Standard deviation of the shift of each input event [s], at most 1 s.
        dropped: Share of input events that are lost, 0 to 1.
        spurious: Rate of events on each input line that mean nothing [Hz], at most 10 kHz.

    Raises:
        BadInput: listing every value that is not allowed.
    """

    scale: float = 1.0
    temperature: float | None = None
    quantised: bool | None = None
    dead_neurons: float = 0.0
    dead_cams: float = 0.0
    drift: float = 0.0
    noise: float = 0.0
    jitter: float = 0.0
    dropped: float = 0.0
    spurious: float = 0.0

    def __post_init__(self) -> None:
        problems = Problems()
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "quantised":
                if not (value is None or isinstance(value, bool)):
                    problems.note("quantised", value, "True, False or None")
            elif not (value is None and field.name == "temperature"):
                self._check(field.name, value, problems)
        problems.raise_if_any()

    def _check(self, name: str, value: object, problems: Problems) -> None:
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        low, high = (COLDEST, HOTTEST) if name == "temperature" else (0.0, LARGEST.get(name, math.inf))
        if not number or not low <= value <= high:  # type: ignore[operator]
            allowed = f"a number from {low:g} to {high:g}" if high < math.inf else "a finite number >= 0"
            problems.note(name, value, allowed, UNITS.get(name, ""))

    @property
    def disturbs_input(self) -> bool:
        """Whether each chip sees input of its own."""
        return bool(self.noise or self.jitter or self.dropped or self.spurious)

    @property
    def same_for_all(self) -> bool:
        """Whether nothing tells one chip from another."""
        return not (self.scale or self.drift or self.dead_neurons or self.dead_cams or self.disturbs_input)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def label(self, names: Iterable[str] = ()) -> str:
        """The named values, or all that differ from a study's defaults, as people read them."""
        chosen = tuple(names) or ("scale", *(n for n in _NAMES[1:] if getattr(self, n) != _DEFAULTS[n]))
        return ", ".join(f"{name.replace('_', ' ')} {self.text(name)}" for name in chosen)

    def text(self, name: str) -> str:
        """One value as people read it."""
        value, unit = getattr(self, name), UNITS.get(name, "")
        if value is None:
            return "as given"
        if isinstance(value, bool):
            return "on" if value else "off"
        return show(value, unit) if name in ("jitter", "spurious") else f"{value:g} {unit}".strip()


UNITS = {"temperature": "°C", "jitter": "s", "spurious": "Hz"}
_NAMES = tuple(field.name for field in fields(Conditions))
_DEFAULTS = Conditions().to_dict()


def grid(**values: Any) -> tuple[Conditions, ...]:
    """All combinations of the given values, the first name slowest: ``grid(scale=(0, 1), temperature=(0, 60))``.

    Args:
        **values: For fields of ``Conditions``: one value, or a sequence of them.

    Raises:
        BadInput: listing unknown names, empty sequences, values given twice and values that are not allowed.
    """
    problems = Problems(unknown_name("condition", name, _NAMES) for name in values if name not in _NAMES)
    axes: dict[str, tuple[Any, ...]] = {}
    for name in (n for n in values if n in _NAMES):
        axes[name] = _axis(values[name])
        if not axes[name]:
            problems.note(name, values[name], "at least one value")
        if len(set(axes[name])) < len(axes[name]):
            problems.note(name, values[name], "each value once")
        for value in axes[name]:
            try:
                replace(Conditions(), **{name: value})
            except BadInput as error:
                problems.extend(error.problems)
    problems.raise_if_any()
    return tuple(Conditions(**dict(zip(axes, combination, strict=True))) for combination in product(*axes.values()))


def varied(points: Iterable[Conditions]) -> tuple[str, ...]:
    """The names whose values are not the same at all points, ``scale`` always among them."""
    rows = [point.to_dict() for point in points]
    return tuple(name for name in _NAMES if name == "scale" or len({row[name] for row in rows}) > 1)


def _axis(value: Any) -> tuple[Any, ...]:
    if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
        return (value,)
    return tuple(item.item() if hasattr(item, "item") else item for item in value)
