"""Factors to SI units, and currents and times as people read and write them.

``5 * units.pA`` is a current in amperes; ``units.show(5e-12, "A")`` gives ``"5 pA"``.
"""

from __future__ import annotations

import math
import re

from arcana.errors import BadInput

fA, pA, nA, uA, mA = 1e-15, 1e-12, 1e-9, 1e-6, 1e-3
fF, pF, nF = 1e-15, 1e-12, 1e-9
us, ms, s = 1e-6, 1e-3, 1.0
mV, V = 1e-3, 1.0
Hz, kHz = 1.0, 1e3

BOLTZMANN = 1.380649e-23  # [J/K], exact (SI 2019)
ELEMENTARY_CHARGE = 1.602176634e-19  # [C], exact (SI 2019)

_PREFIX = {-15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M"}
_FACTOR = {prefix: 10.0**power for power, prefix in _PREFIX.items()} | {"µ": 1e-6, "μ": 1e-6}
_NUMBER = re.compile(r"^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([fpnuµμmkM]?)([A-Za-z]+)?\s*$")


def thermal_voltage(temperature: float) -> float:
    """Ut = k T / q [V] at a temperature [K].

    Raises:
        BadInput: for a temperature that is not a positive number.
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise BadInput.one("temperature", temperature, "a finite number > 0", "K")
    return BOLTZMANN * temperature / ELEMENTARY_CHARGE


def show(value: float, unit: str, digits: int = 4) -> str:
    """A number with an engineering prefix: ``show(3.2e-11, "A")`` is ``"32 pA"``."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {unit}"
    power = min(max(3 * math.floor(math.log10(abs(value)) / 3 + 1e-12), -15), 6)
    return f"{value / 10.0**power:.{digits}g} {_PREFIX[power]}{unit}"


def parse(text: str, unit: str) -> float:
    """The SI value of ``"5 pA"``, ``"0.3ms"`` or a bare ``"5e-12"``.

    Raises:
        BadInput: if the text is no number, or carries another unit.
    """
    match = _NUMBER.match(text)
    if match:
        number, prefix, tail = match.group(1), match.group(2), match.group(3)
        if tail is None and prefix == "":
            return float(number)
        if tail == unit:
            return float(number) * _FACTOR[prefix]
    raise BadInput.one("quantity", text, f"a number with the unit {unit}, such as '5 p{unit}'")
