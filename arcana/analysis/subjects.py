"""From what the user has, a network, a mapping, settings, an emulator, to what a study runs."""

from __future__ import annotations

from collections.abc import Mapping as Named
from pathlib import Path
from typing import TypeAlias

from torch import nn

from arcana.analysis.conditions import Conditions
from arcana.analysis.subject import BoardSubject, NetSubject, Subject
from arcana.config import ChipConfig
from arcana.emulate import Emulator
from arcana.errors import BadInput, Problems
from arcana.hardware.profile import HardwareProfile
from arcana.hardware.registry import as_profile, load_profile
from arcana.mapping.drc import require
from arcana.mapping.pipeline import map_network
from arcana.mapping.result import Mapping
from arcana.nn.sequential import dpi_layers

Given: TypeAlias = nn.Module | ChipConfig | Mapping | str | Path


def subjects_for(
    given: Given, points: tuple[Conditions, ...], profile: HardwareProfile | str | None = None, seed: int = 0
) -> Named[bool | None, Subject]:
    """What runs for each value of ``quantised`` among the points.

    Args:
        given: A network, an ``Emulator``, a ``Mapping``, a ``ChipConfig``, or the path of one.
        points: The conditions.
        profile: The chip; None is the one that the settings name, or that the network was made for.
        seed: Of the mapping, where a network has to be mapped.

    Raises:
        BadInput: for something else, for settings that the chip would refuse, and for conditions that it cannot
            be put under.
    """
    problems, found = Problems(), {}
    for quantised in dict.fromkeys(point.quantised for point in points):
        found[quantised] = _subject(given, quantised, profile, seed)
        mine = [point for point in points if point.quantised == quantised]
        _check(found[quantised], mine, problems)
    problems.raise_if_any()
    return found


def _subject(given: Given, quantised: bool | None, profile: HardwareProfile | str | None, seed: int) -> Subject:
    if isinstance(given, Emulator):
        return _board(given.config, given.profile, quantised)
    if isinstance(given, Mapping):
        return _board(given.configuration(), given.profile, quantised)
    if isinstance(given, (str, Path)):
        given = ChipConfig.load(given)
    if isinstance(given, ChipConfig):
        chip = load_profile(given.profile.name) if profile is None else as_profile(profile)
        return _board(given, chip, quantised)
    layers = list(dpi_layers(given).values()) if isinstance(given, nn.Module) else []
    if not layers:
        allowed = "a network of DPI layers, an Emulator, a Mapping, a ChipConfig or the path of one"
        raise BadInput.one("net_or_config", type(given).__name__, allowed)
    if quantised is None:
        return NetSubject(given)
    chip = layers[0].profile if profile is None else as_profile(profile)
    return BoardSubject(map_network(given, chip, seed=seed, exact=not quantised).configuration(), chip)


def _board(config: ChipConfig, profile: HardwareProfile, quantised: bool | None) -> Subject:
    has_codes = not any(core.exact for core in config.cores)
    if quantised is not None and quantised != has_codes:
        hint = "settings hold either codes or exact currents; pass the network itself to compare both"
        raise BadInput.one("quantised", quantised, f"{has_codes} for these settings", hint=hint)
    config.check_profile(profile)
    require(config, profile, None)
    return BoardSubject(config, profile)


def _check(subject: Subject, points: list[Conditions], problems: Problems) -> None:
    if not isinstance(subject, BoardSubject) and any(point.dead_cams for point in points):
        hint = "give the settings of the mapped network, or quantised=True"
        worst = max(point.dead_cams for point in points)
        problems.note("dead_cams", worst, "0 for a network that is not mapped: it has no CAM words yet", hint=hint)
    if not subject.has_encoder and any(point.noise for point in points):
        worst = max(point.noise for point in points)
        hint = "jitter, dropped and spurious disturb events"
        problems.note("noise", worst, "0 where events come in and no signal is encoded", hint=hint)
