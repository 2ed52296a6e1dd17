"""Tables of measurements: what a column is called, what it tells of which bias, and its unit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from arcana.circuits.names import BIASES
from arcana.errors import BadInput, Problems, unknown_name
from arcana.hardware.profile import HardwareProfile
from arcana.quantize.biasgen import BiasGenerator
from arcana.units import parse

LABELS = ("chip", "core", "neuron")
PARTS = ("mem", "ampa", "nmda", "gabaa", "gabab", "ahp")
RATE = "rate"
DIRECT: dict[
    str, tuple[str, int]
] = {  # column: the bias that it tells of, and the sign of d ln(column) / d ln(bias)
    **{f"tau_{part}": (f"Itau_{part}", -1) for part in PARTS},
    **{name: (name, 1) for name in BIASES},
}
UNITS = {
    "s": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9},
    "A": {"A": 1.0, "uA": 1e-6, "nA": 1e-9, "pA": 1e-12, "fA": 1e-15},
    "Hz": {"Hz": 1.0, "kHz": 1e3, "1/s": 1.0},
    "1/A": {"1/A": 1.0, "1/nA": 1e9, "1/pA": 1e12},
}
LARGEST = {"s": 10.0, "A": 1e-3, "Hz": 1e5, "1/A": 1e15}  # beyond it, the unit is another one

_FORM = re.compile(r"(?P<name>[^\[\]()]*?)\s*(?:[\[(](?P<unit>[^\])]*)[\])])?")


@dataclass(frozen=True)
class Column:
    """What a column of measurements is.

    Attributes:
        name: As the table has it.
        unit: "s", "A", "Hz" or "1/A", after ``factor``.
        factor: From the unit of the table to that one.
        bias: The bias that it tells of by itself; None for a rate.
        sign: ln f = sign * ln(value) + a constant.
        current: Nominal Idc [A] of a rate; None for what stands in the biases.
    """

    name: str
    unit: str
    factor: float
    bias: str | None = None
    sign: int = 1
    current: float | None = None


def read_name(text: str, profile: HardwareProfile | None, problems: Problems) -> Column | None:
    """What a column called ``tau_mem``, ``tau_mem [ms]``, ``rate@Idc=100pA [Hz]`` or ``rate@IF_DC_P=4/120`` is.

    Unknown names and units are noted, and None returned.
    """
    match = _FORM.fullmatch(text.strip())
    name, given = (match["name"], match["unit"]) if match else (text, None)
    kind, _, setting = name.partition("@")
    if kind.strip() == RATE:
        unit, current = "Hz", None
        if setting:
            try:
                current = _current(setting, profile)
            except BadInput as error:
                problems.extend(error.problems)
                return None
        column = Column(text, unit, 1.0, current=current)
    elif name in DIRECT:
        bias, sign = DIRECT[name]
        unit = "s" if name.startswith("tau_") else BIASES[bias].unit
        column = Column(text, unit, 1.0, bias, sign)
    else:
        known = (*LABELS, *DIRECT, RATE, "rate@Idc=100pA")
        problems.append(unknown_name("column", text, known))
        return None
    if given is None:
        return column
    if given.strip() not in UNITS[unit]:
        problems.note(f"unit of column {text!r}", given, "one of " + ", ".join(UNITS[unit]))
        return None
    return Column(text, unit, UNITS[unit][given.strip()], column.bias, column.sign, column.current)


def _current(setting: str, profile: HardwareProfile | None) -> float:
    """The nominal Idc of ``Idc=100pA``, or of the code ``IF_DC_P=4/120`` (coarse/fine) of a chip."""
    name, equals, value = (part.strip() for part in setting.partition("="))
    if name == "Idc" and equals:
        current = parse(value, "A")
        if not current > 0:
            raise BadInput.one(f"Idc of rate@{setting}", value, "a current > 0", "A")
        return current
    form = "Idc and a current, as in rate@Idc=100pA, or a code coarse/fine, as in rate@IF_DC_P=4/120"
    if profile is None or not equals:
        raise BadInput.one("rate@", setting, form, hint="a code needs profile=")
    bias = profile.chip_bias(name)
    code = re.fullmatch(r"(\d+)/(\d+)", value)
    if bias.model_bias != "Idc" or code is None:
        raise BadInput.one("rate@", setting, form)
    return BiasGenerator(profile).current(name, int(code[1]), int(code[2]))


def check_once(columns: Mapping[str, Column], problems: Problems) -> None:
    """No bias, and no current of a rate, is measured by two columns."""
    seen: dict[object, str] = {}
    for column in columns.values():
        what: object = column.bias or ("rate", column.current)
        if what in seen:
            label = column.bias or "the rate at one current"
            problems.note(f"columns for {label}", [seen[what], column.name], "one of them (ignore= the other)")
        seen[what] = column.name
