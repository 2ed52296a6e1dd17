"""A population's biases as codes of a core, and back: the pair that export and emulation stand on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from arcana.circuits.names import BIASES, RECEPTORS
from arcana.circuits.relations import current_for_time, tau_of, time_of
from arcana.circuits.technology import Technology
from arcana.errors import BadInput, Problems, unknown_name
from arcana.hardware.biases import ContinuousBiasgen
from arcana.hardware.profile import HardwareProfile
from arcana.quantize.biasgen import BiasGenerator, Code
from arcana.units import show

DEFAULT_PULSE = 10e-6  # [s], typical width of the input pulse (model constant of SE2 simulators)
FIXED_TOLERANCE = 1e-3  # relative; a bias that the chip cannot set must be what the profile says


@dataclass(frozen=True)
class CoreCodes:
    """Codes of one core by the chip's bias names, and the latches that switch whole blocks on or off."""

    codes: Mapping[str, Code]
    latches: Mapping[str, bool] = field(default_factory=dict)
    low_range: frozenset[str] = frozenset()  # names whose low-range flag is set


def encode_biases(biases: Mapping[str, float], profile: HardwareProfile, where: str = "") -> CoreCodes:
    """Biases of the model [A, s, 1/A] as the nearest codes of a core.

    A synapse without ``pulse`` jumps by (Igain / Itau) Iw; on the chip the jump is that times
    p = 1 - exp(-pulse / tau), so Iw is divided by p for a pulse of ``DEFAULT_PULSE``. The efficacy stays.

    Args:
        biases: Every bias of the population, one value each.
        profile: The chip.
        where: Put in front of names in messages.

    Raises:
        BadInput: listing every bias that the chip cannot have, with its value, unit and range.
    """
    generator, technology = BiasGenerator(profile), profile.technology()
    problems, codes, latches = Problems(), {}, {}
    _check_values(biases, profile, where, problems)
    for name, value in on_chip(biases, profile).items():
        chip_bias = profile.chip_bias_for(name)
        label = f"{where}{name}"
        if chip_bias is None:
            _check_fixed(label, name, value, profile, problems)
            continue
        if value == 0 and chip_bias.latch is not None:
            latches[chip_bias.latch] = False
            continue
        if chip_bias.latch is not None:
            latches[chip_bias.latch] = True
        if value == 0 and chip_bias.conversion != "current":
            low, high = bias_limits(profile, name)
            problems.note(label, 0.0, f"{low:.3g} to {high:.3g} on {profile.name}", "s")
            continue
        try:
            codes[chip_bias.name] = generator.code(
                chip_bias.name, _current(value, chip_bias.conversion, technology)
            )
        except BadInput as error:
            given, hint = biases.get(name, value), chip_bias.name
            if given != value:
                hint += f"; it takes {show(value, BIASES[name].unit)} with a pulse of {show(DEFAULT_PULSE, 's')}"
            allowed = "; ".join(p.allowed for p in error.problems)
            problems.note(label, given, allowed, BIASES[name].unit, hint)
    problems.raise_if_any()
    return CoreCodes(codes, latches)


def decode_biases(core: CoreCodes, profile: HardwareProfile) -> dict[str, float]:
    """The biases [A, s, 1/A] that a core with these codes has: what ``encode_biases`` rounded to.

    Raises:
        BadInput: listing unknown names of biases and latches, codes that do not exist, and biases of the model
            that have no code.
    """
    generator, technology = BiasGenerator(profile), profile.technology()
    problems = Problems()
    _check_codes(core, profile, problems)
    values = profile.default_biases()
    values.update({"pulse": 0.0, "pulse_ahp": 0.0})
    for name in values:
        chip_bias = profile.chip_bias_for(name)
        if chip_bias is None:
            continue
        if chip_bias.latch is not None and core.latches.get(chip_bias.latch) is False:
            values[name] = 0.0
        elif chip_bias.name in core.codes:
            code, low = core.codes[chip_bias.name], chip_bias.name in core.low_range
            current = generator.current(chip_bias.name, *code, low_range=low)
            values[name] = _model_value(current, chip_bias.conversion, technology)
        elif name != "pulse_ahp":
            problems.note(chip_bias.name, None, f"a code (it sets {name})")
    problems.raise_if_any()
    return {name: v for name, v in values.items() if v > 0 or name not in ("pulse", "pulse_ahp")}


def _check_codes(core: CoreCodes, profile: HardwareProfile, problems: Problems) -> None:
    """Names exist and codes fit, also of the biases that the neuron model does not know."""
    generator = profile.biasgen
    for name, code in core.codes.items():
        if name not in profile.bias:
            problems.append(unknown_name(f"bias of profile {profile.name!r}", name, profile.bias))
        elif not isinstance(generator, ContinuousBiasgen):
            for part, value, count in zip(
                code._fields, code, (generator.coarse_codes, generator.fine_codes), strict=True
            ):
                if not 0 <= value < count:
                    problems.note(f"{part} code of {name}", value, f"a whole number from 0 to {count - 1}")
    known = tuple(profile.latch)
    problems.extend(
        unknown_name(f"latch of profile {profile.name!r}", n, known) for n in core.latches if n not in known
    )
    problems.raise_if_any()


def bias_limits(profile: HardwareProfile, name: str) -> tuple[float, float]:
    """Smallest and largest value of a model bias [A, s, 1/A] that the chip's generator can make above zero.

    (0, inf) where the chip has no such bias, or its generator makes any current.
    """
    chip_bias = profile.chip_bias_for(name)
    if chip_bias is None or profile.biasgen.kind == "continuous":
        return 0.0, float("inf")
    technology = profile.technology()
    ends = [
        _model_value(current, chip_bias.conversion, technology)
        for current in BiasGenerator(profile).range(chip_bias.name)
    ]
    return min(ends), max(ends)


def _check_values(biases: Mapping[str, float], profile: HardwareProfile, where: str, problems: Problems) -> None:
    """Every bias is there, known and a legal number; otherwise nothing below could be worked out."""
    problems.extend(unknown_name(f"{where}bias", name, BIASES) for name in biases if name not in BIASES)
    for name in profile.default_biases():
        if name not in biases:
            problems.note(f"{where}{name}", None, "a value", BIASES[name].unit)
    for name, value in biases.items():
        if name in BIASES and not (
            math.isfinite(value) and (value > 0 or (value == 0 and BIASES[name].zero_allowed))
        ):
            allowed = f"a finite number {'>= 0' if BIASES[name].zero_allowed else '> 0'}"
            problems.note(f"{where}{name}", value, allowed, BIASES[name].unit)
    problems.raise_if_any()


def on_chip(biases: Mapping[str, float], profile: HardwareProfile) -> dict[str, float]:
    """The biases with pulses of finite width, and weight currents that keep the efficacy with them."""
    values, technology = dict(biases), profile.technology()
    for pulse, parts in (("pulse", RECEPTORS), ("pulse_ahp", ("ahp",))):
        if pulse in values or profile.chip_bias_for(pulse) is None:
            continue
        values[pulse] = DEFAULT_PULSE
        for part in parts:
            tau = tau_of(values[f"Itau_{part}"], getattr(technology, f"C_{part}"), technology)
            values[f"Iw_{part}"] /= efficacy(DEFAULT_PULSE, tau)
    return values


def efficacy(pulse: float, tau: float) -> float:
    """P = 1 - exp(-pulse / tau): what a pulse of finite width leaves of a unit jump."""
    return -math.expm1(-pulse / tau)


def _check_fixed(label: str, name: str, value: float, profile: HardwareProfile, problems: Problems) -> None:
    fixed = profile.default_biases().get(name)
    if fixed is None:
        hint = f"{profile.name} has no bias for {name}"
        problems.note(label, value, "unset: a unit jump", BIASES[name].unit, hint)
    elif abs(value - fixed) > FIXED_TOLERANCE * fixed:
        hint = f"{profile.name} has no bias for {name}: its layout fixes it"
        problems.note(label, value, f"{fixed:g}", BIASES[name].unit, hint)


def _current(value: float, conversion: str, technology: Technology) -> float:
    return (
        value
        if conversion == "current"
        else current_for_time(value, _capacitance(conversion, technology), technology)
    )


def _model_value(current: float, conversion: str, technology: Technology) -> float:
    if conversion == "current":
        return current
    return time_of(current, _capacitance(conversion, technology), technology) if current > 0 else float("inf")


def _capacitance(conversion: str, technology: Technology) -> float:
    part = {"refractory": "ref", "pulse": "pulse", "pulse_ahp": "pulse_ahp"}[conversion]
    return float(getattr(technology, f"C_{part}"))
