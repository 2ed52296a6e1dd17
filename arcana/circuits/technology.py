"""What the transistors and capacitors of a chip are: the constants of every equation."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

from arcana.errors import Problems
from arcana.units import BOLTZMANN, ELEMENTARY_CHARGE, thermal_voltage


@dataclass(frozen=True)
class Technology:
    """Electrical constants of a chip. They come from a hardware profile; there are no defaults here.

    Attributes:
        I0: Leakage (zero-bias) current [A], the floor of every current.
        Ut: Thermal voltage k T / q [V].
        kappa_n: Subthreshold slope factor of n transistors.
        kappa_p: Subthreshold slope factor of p transistors.
        C_mem: Membrane capacitance [F].
        C_ampa: Capacitance of the AMPA synapse [F]; likewise nmda, gabaa, gabab, ahp.
        C_nmda: See above.
        C_gabaa: See above.
        C_gabab: See above.
        C_ahp: See above.
        C_ref: Capacitance of the refractory circuit [F].
        C_pulse: Capacitance of the synaptic pulse extender [F].
        C_pulse_ahp: Capacitance of the pulse extender of the adaptation block [F].
        V_on: Voltage over which the refractory and pulse capacitors are discharged [V].

    Raises:
        BadInput: if any constant is not a finite positive number.
    """

    I0: float
    Ut: float
    kappa_n: float
    kappa_p: float
    C_mem: float
    C_ampa: float
    C_nmda: float
    C_gabaa: float
    C_gabab: float
    C_ahp: float
    C_ref: float
    C_pulse: float
    C_pulse_ahp: float
    V_on: float

    def __post_init__(self) -> None:
        problems = Problems()
        for field in fields(self):
            value = getattr(self, field.name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not (number and math.isfinite(value) and value > 0):
                problems.note(field.name, value, "a finite number > 0", _unit(field.name))
        problems.raise_if_any()

    @property
    def kappa(self) -> float:
        """Mean slope factor (kappa_n + kappa_p) / 2."""
        return (self.kappa_n + self.kappa_p) / 2

    @property
    def temperature(self) -> float:
        """Temperature [K] that belongs to Ut = k T / q."""
        return self.Ut * ELEMENTARY_CHARGE / BOLTZMANN

    def at_temperature(self, temperature: float, leak_current_drift: float = 0.0) -> Technology:
        """The same chip at another temperature: Ut = k T / q, I0(T) = I0 exp(a (T - T0)).

        Args:
            temperature: T [K].
            leak_current_drift: a = dI0 / dT / I0 [1/K]. 0 where it is not known: I0 then stays.
        """
        I0 = self.I0 * math.exp(leak_current_drift * (temperature - self.temperature))
        return replace(self, Ut=thermal_voltage(temperature), I0=I0)


def _unit(name: str) -> str:
    return {"I": "A", "U": "V", "V": "V", "C": "F"}.get(name[0], "")
