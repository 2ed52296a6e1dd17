"""A profile in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arcana.hardware.biases import ContinuousBiasgen, LinearBiasgen, TableBiasgen
from arcana.hardware.quantity import Quantity, shown

if TYPE_CHECKING:
    from arcana.hardware.profile import HardwareProfile


def describe(profile: HardwareProfile) -> str:
    """Plain text: sizes, constants with their status, bias generator, spread, and what is unknown."""
    parts = [
        [f"{profile.name}: {profile.full_name}", profile.summary],
        _sizes(profile),
        _constants(profile),
        _generator(profile),
        _spread(profile),
        _defaults(profile),
        _missing(profile),
    ]
    return "\n\n".join("\n".join(part) for part in parts)


def as_tables(profile: HardwareProfile) -> dict[str, Any]:
    """The profile for JSON: its name, hash, unknown keys, and all of its tables."""
    return {
        "name": profile.name,
        "hash": profile.hash(),
        "unknown": profile.unknown(),
        "profile": profile.to_dict(),
    }


def _row(label: str, text: object) -> str:
    return f"  {label:<28} {text}"


def _others(quantity: Quantity) -> str:
    values = [alternative.value for alternative in quantity.alternatives]
    said = ", ".join(shown(value, quantity.unit) for value in values if not isinstance(value, tuple))
    return f"; others say {said}" if said else ""


def _sizes(profile: HardwareProfile) -> list[str]:
    size, routing = profile.topology, profile.routing
    usable = size.destinations_usable if isinstance(size.destinations_per_neuron, int) else "unlimited"
    rows = [
        ("chips on a board", size.chips_per_board),
        ("cores on a chip", size.cores_per_chip),
        ("neurons in a core", size.neurons_per_core),
        ("input words of a neuron", size.cam_per_neuron),
        ("usable destinations", f"{usable} of {size.destinations_per_neuron}"),
        ("biases of a core", size.biases_per_core),
        ("addressing", routing.addressing),
        ("sources or tags", routing.tags),
    ]
    rules = [f"  - {rule.text} ({rule.status})" for rule in profile.rule.values()]
    return [f"Size ({size.status})", *(_row(*row) for row in rows), *(["Rules", *rules] if rules else [])]


def _constants(profile: HardwareProfile) -> list[str]:
    lines = ["Electrical constants"]
    for section in (profile.electrical, profile.capacitance):
        for name in type(section).model_fields:
            quantity = getattr(section, name)
            if quantity is not None:
                lines.append(_row(name.replace("_", " "), f"{quantity}{_others(quantity)}"))
    return lines


def _generator(profile: HardwareProfile) -> list[str]:
    generator = profile.biasgen
    lines = [f"Bias generator ({generator.status})"]
    if isinstance(generator, ContinuousBiasgen):
        return [*lines, "  any current; no codes"]
    codes = f"{generator.coarse_codes} coarse x {generator.fine_codes} fine codes"
    if isinstance(generator, LinearBiasgen):
        lines.append(f"  {codes}, I = full_scale[coarse] * fine / {generator.fine_codes - 1}")
        lines.append(_row("full_scale", generator.full_scale))
    elif isinstance(generator, TableBiasgen):
        lines.append(f"  {codes}, I = factor * table[type, coarse, fine]")
        whole, fit = (
            f"whole, from a file ({generator.table_status})",
            "ends of each coarse code, straight line between",
        )
        lines.append(_row("table", whole if generator.levels else fit))
    return lines


def _spread(profile: HardwareProfile) -> list[str]:
    spread = profile.mismatch
    single = [_row(name, cv) for name, cv in spread.per_bias.items()]
    return [
        "Mismatch",
        _row("distribution", f"{spread.distribution} ({spread.distribution_status})"),
        _row("coefficient of variation", spread.cv),
        *single,
        _row("measured on a chip", spread.measured_cv),
    ]


def _defaults(profile: HardwareProfile) -> list[str]:
    lines = ["Start values of the model's biases, and the chip bias that sets each"]
    for name, quantity in profile.default_bias.items():
        chip = profile.chip_bias_for(name)
        text = shown(quantity.value, quantity.unit)
        lines.append(_row(name, f"{text:<14} {quantity.status:<10} {chip.name if chip else '-'}"))
    return lines


def _missing(profile: HardwareProfile) -> list[str]:
    keys = profile.unknown()
    if not keys:
        return ["Nothing is unknown."]
    head = f"Unknown: nobody has published these {len(keys)}; what needs one says so and stops"
    return [head, *(f"  {key}" for key in keys)]
