"""A network at another temperature of the chip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from arcana.circuits.technology import Technology
from arcana.hardware.profile import HardwareProfile
from arcana.hardware.quantity import UNKNOWN
from arcana.nn.sequential import dpi_layers

ZERO_CELSIUS = 273.15  # [K]


def technology_at(profile: HardwareProfile, celsius: float) -> Technology:
    """Constants of a chip at a temperature [°C]: Ut = k T / q, and I0 where the profile knows how it drifts.

    The bias currents are taken to stay what they are: how the bias generator itself drifts is not published.
    """
    known = 0.0
    if profile.temperature is not None and profile.temperature.leak_current_drift.value != UNKNOWN:
        known = profile.temperature.leak_current_drift.value
    return profile.technology().at_temperature(celsius + ZERO_CELSIUS, known)


@contextmanager
def set_temperature(net: nn.Module, celsius: float | None) -> Iterator[None]:
    """The network at this temperature [°C] inside the ``with`` block; None changes nothing."""
    layers = list(dpi_layers(net).values()) if celsius is not None else []
    before = [layer.technology for layer in layers]
    for layer in layers:
        assert celsius is not None
        layer.technology = technology_at(layer.profile, celsius)
    try:
        yield
    finally:
        for layer, technology in zip(layers, before, strict=True):
            layer.technology = technology
