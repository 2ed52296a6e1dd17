"""What is looked at before settings are written in another form."""

from __future__ import annotations

from collections.abc import Collection

from arcana.config import ChipConfig
from arcana.errors import ArcanaWarning, BadInput, Problems, warn_user
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.drc import DesignRuleError, DesignRuleViolation, check

_BIAS_RULES = frozenset({"core", "chip", "bias_unknown", "bias_code", "bias_shared", "low_range_missing"})
_TABLE_RULES = _BIAS_RULES | {
    "neuron", "place_taken", "latch_unknown", "cam_word", "cam_word_twice", "receptor", "switches", "flags",
    "tag_range", "reserved_heard", "sram_word", "sram_word_twice", "hop_range", "core_mask", "tag_not_own",
}  # fmt: skip
_NO_MATTER = frozenset({"bias_missing"})  # what is missing is filled in or left alone, as the form says


class BrokenRulesWarning(ArcanaWarning):
    """Settings were written that break design rules of the chip."""


class NotHeldWarning(ArcanaWarning):
    """Something was left out that the form, or a settings file, has no place for."""


def require_family(profile: HardwareProfile, families: Collection[str], form: str) -> None:
    """Refuse the profile of a chip that has no such form.

    Raises:
        BadInput: with the chips that have it.
    """
    if profile.family not in families:
        raise BadInput.one(
            "profile", profile.name, f"one of the family {' or '.join(families)}, for the form {form}"
        )


def require_writable(
    config: ChipConfig, profile: HardwareProfile, *, tables: bool = True, also: Collection[str] = ()
) -> None:
    """Refuse settings that cannot be written at all; warn where they can be, but break rules of the chip.

    Args:
        config: The settings.
        profile: The chip.
        tables: Whether the form holds the routing tables.
        also: Further design rules without which the form cannot be written.

    Raises:
        BadInput: for the profile of another chip, and for exact currents, which no chip takes.
        DesignRuleError: listing what has no place in the form: words, codes or names that do not exist.

    Warns:
        BrokenRulesWarning: for other errors of the design-rule check.
    """
    config.check_profile(profile)
    exact = Problems()
    for core in config.cores:
        if core.exact:
            hint = "map the network again without exact=True"
            exact.note(f"C{core.chip}c{core.core}", f"{len(core.exact)} exact currents", "bias codes", hint=hint)
    exact.raise_if_any()
    errors = [v for v in check(config, profile) if v.severity == "error" and v.rule not in _NO_MATTER]
    refused = (_TABLE_RULES if tables else _BIAS_RULES) | set(also)
    fatal = [v for v in errors if v.rule in refused]
    if fatal:
        raise DesignRuleError(fatal)
    if tables and errors:
        warn_user(_broken(errors), BrokenRulesWarning)


def _broken(errors: list[DesignRuleViolation]) -> str:
    more = f" (and {len(errors) - 1} more; `arcana drc` lists them)" if len(errors) > 1 else ""
    return f"these settings break the chip's rules: {errors[0].sentence}{more}"


def warn_second_leaks(config: ChipConfig, form: str) -> None:
    """Say which neurons are on the second leak, where the form has no place for that.

    Warns:
        NotHeldWarning: if there are any.
    """
    places = [f"C{n.chip}c{n.core}n{n.neuron}" for n in config.neurons if n.tau2]
    if places:
        some = ", ".join(places[:4]) + (f" and {len(places) - 4} more" if len(places) > 4 else "")
        text = f"{some} use the second leak, for which {form} has no place: `arcana export --to script` sets it"
        warn_user(text, NotHeldWarning)
