"""Rules about what is set for all neurons of a core: bias codes, latches, second leaks, and the time step."""

from __future__ import annotations

from collections.abc import Iterator

from arcana.circuits.names import BIASES, OPTIONAL_BIASES
from arcana.config import ChipConfig, CoreBiases
from arcana.hardware.biases import ContinuousBiasgen, LinearBiasgen
from arcana.hardware.profile import HardwareProfile
from arcana.hardware.quantity import UNKNOWN
from arcana.mapping.rules.tables import Tables
from arcana.mapping.rules.violation import (
    BiasCodeOutOfRange,
    BiasMissing,
    BiasOfChipDiffers,
    BiasUnknown,
    DesignRuleViolation,
    ExactCurrents,
    ExactRefused,
    ExactSwitchesWrong,
    LatchUnknown,
    LowRangeMissing,
    LowRangeUnknown,
    ProfileDiffers,
    SecondLeakMissing,
    StepsDiffer,
)

_SECOND_LEAK = "IF_TAU2_N"
_SHORT = 12  # figures of a hash that people compare


def check_identity(config: ChipConfig, profile: HardwareProfile) -> Iterator[DesignRuleViolation]:
    """The profile is the one that the settings were made for; all populations have one time step."""
    mine = (config.profile.name, config.profile.hash)
    if mine != (profile.name, profile.hash()):
        used, limit = f"{mine[0]} {mine[1][:_SHORT]}", f"{profile.name} {profile.hash()[:_SHORT]}"
        yield ProfileDiffers("profile", used, limit)
    steps = sorted({p.dt_s for p in config.populations})
    if len(steps) > 1:
        names = ", ".join(p.name for p in config.populations)
        yield StepsDiffer("populations", ", ".join(f"{step:g}" for step in steps), "one", names)


def check_cores(config: ChipConfig, profile: HardwareProfile, for_chip: bool) -> Iterator[DesignRuleViolation]:
    """Codes or exact values of each core, and biases that a whole chip shares."""
    cores = sorted(config.cores, key=lambda core: (core.chip, core.core))
    for core in cores:
        if core.exact:
            yield from _check_exact(core, profile, for_chip)
        else:
            yield from _check_codes(core, profile)
        for name in sorted(core.latches):
            if name not in profile.latch:
                yield LatchUnknown(_name(core), name, profile.name, f"latch {name}")
    for name, bias in profile.bias.items():
        if bias.scope == "chip":
            yield from _check_shared(name, cores)


def check_second_leaks(tables: Tables, config: ChipConfig) -> Iterator[DesignRuleViolation]:
    """A neuron on the second leak needs a chip that has one, and a core that sets it.

    Where the core has codes and that of the second leak is missing, it is named with its core.
    """
    known = _SECOND_LEAK in tables.board.profile.bias
    exact = {(c.chip, c.core) for c in config.cores if c.exact and c.exact_tau2 is None}
    for k, neuron in enumerate(tables.neurons):
        if neuron.tau2 and (not known or (neuron.chip, neuron.core) in exact):
            yield SecondLeakMissing(tables.place(k), "the second leak", "no exact_tau2" if known else "one leak")


def _check_codes(core: CoreBiases, profile: HardwareProfile) -> Iterator[DesignRuleViolation]:
    generator = profile.biasgen
    for name, code in sorted(core.biases.items()):
        if name not in profile.bias:
            yield BiasUnknown(_name(core), name, profile.name, f"bias {name}")
            continue
        if not isinstance(generator, ContinuousBiasgen):
            most = (generator.coarse_codes - 1, generator.fine_codes - 1)
            if code.coarse > most[0] or code.fine > most[1]:
                yield BiasCodeOutOfRange(_name(core), (code.coarse, code.fine), most, f"bias {name}")
        if not code.low_range:
            continue
        if not isinstance(generator, LinearBiasgen):
            yield LowRangeMissing(_name(core), "low_range", "no low range", f"bias {name}")
        elif generator.low_range_factor.value == UNKNOWN:
            yield LowRangeUnknown(_name(core), "low_range", UNKNOWN, f"bias {name}")
    for name, bias in profile.bias.items():
        if bias.scope == "core" and name not in core.biases:
            yield BiasMissing(_name(core), "code", "a code", f"bias {name}")


def _check_exact(core: CoreBiases, profile: HardwareProfile, for_chip: bool) -> Iterator[DesignRuleViolation]:
    kind = ExactRefused if for_chip else ExactCurrents
    yield kind(_name(core), len(core.exact), "codes")
    for name in BIASES:
        if name not in core.exact and name not in OPTIONAL_BIASES:
            yield BiasMissing(_name(core), "exact value", "a value", f"bias {name}")
    switches = profile.synapse.weight_bits
    if len(core.exact_switches) != switches:
        yield ExactSwitchesWrong(_name(core), len(core.exact_switches), switches)
    if core.exact_tau2 is not None and _SECOND_LEAK not in profile.bias:
        yield SecondLeakMissing(_name(core), "exact_tau2", "one leak")


def _check_shared(name: str, cores: list[CoreBiases]) -> Iterator[DesignRuleViolation]:
    codes: dict[int, set[tuple[int, int]]] = {}
    for core in cores:
        if name in core.biases:
            codes.setdefault(core.chip, set()).add((core.biases[name].coarse, core.biases[name].fine))
    for chip, different in codes.items():
        if len(different) > 1:
            used = " and ".join(map(str, sorted(different)))
            yield BiasOfChipDiffers(f"C{chip}", used, "one code", f"bias {name}")


def _name(core: CoreBiases) -> str:
    return f"C{core.chip}c{core.core}"
