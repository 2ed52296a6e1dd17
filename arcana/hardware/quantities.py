"""Numbers with a fixed unit: a key that is a current refuses a voltage."""

from __future__ import annotations

from typing import Literal

from arcana.hardware.quantity import Quantity, Series


class Ampere(Quantity):
    """A current [A] above zero."""

    unit: Literal["A"]
    sign = "positive"


class AmpereOrZero(Quantity):
    """A current [A] where zero means off."""

    unit: Literal["A"]
    sign = "zero or more"


class PerAmpere(Quantity):
    """A steepness [1/A]."""

    unit: Literal["1/A"]
    sign = "zero or more"


class Volt(Quantity):
    """A voltage [V]."""

    unit: Literal["V"]
    sign = "positive"


class Farad(Quantity):
    """A capacitance [F]."""

    unit: Literal["F"]
    sign = "positive"


class Second(Quantity):
    """A time [s]."""

    unit: Literal["s"]
    sign = "zero or more"


class Hertz(Quantity):
    """A rate [Hz]."""

    unit: Literal["Hz"]
    sign = "positive"


class HertzPerAmpere(Quantity):
    """A rate per current [Hz/A]."""

    unit: Literal["Hz/A"]
    sign = "positive"


class PerSecond(Quantity):
    """A count per time [1/s]."""

    unit: Literal["1/s"]
    sign = "zero or more"


class PerKelvin(Quantity):
    """A relative change per temperature [1/K]."""

    unit: Literal["1/K"]


class Joule(Quantity):
    """An energy [J]."""

    unit: Literal["J"]
    sign = "zero or more"


class Watt(Quantity):
    """A power [W]."""

    unit: Literal["W"]
    sign = "zero or more"


class Metre(Quantity):
    """A length [m]."""

    unit: Literal["m"]
    sign = "positive"


class SquareMetre(Quantity):
    """An area [m2]."""

    unit: Literal["m2"]
    sign = "positive"


class Decibel(Quantity):
    """A gain [dB]."""

    unit: Literal["dB"]


class Bits(Quantity):
    """A width [bit]."""

    unit: Literal["bit"]
    sign = "positive"


class Ratio(Quantity):
    """A plain number above zero."""

    unit: Literal["1"]
    sign = "positive"


class RatioOrZero(Quantity):
    """A plain number, zero or more."""

    unit: Literal["1"]
    sign = "zero or more"


class AmpereSeries(Series):
    """Several currents [A] above zero."""

    unit: Literal["A"]
    sign = "positive"


class SecondSeries(Series):
    """Several times [s]."""

    unit: Literal["s"]
    sign = "zero or more"


class HertzSeries(Series):
    """Several rates [Hz]."""

    unit: Literal["Hz"]
    sign = "positive"


class RatioSeries(Series):
    """Several plain numbers above zero."""

    unit: Literal["1"]
    sign = "positive"
