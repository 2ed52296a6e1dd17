"""What the vendor's configurations of both chips share: parameters of whole cores, and the way in and out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from arcana.config import BiasCode, ChipConfig, CoreBiases
from arcana.errors import BadInput, Problem, Problems
from arcana.files import parse_json, read_text
from arcana.hardware.biases import ContinuousBiasgen
from arcana.hardware.profile import HardwareProfile
from arcana.interop.cereal import Node
from arcana.interop.collected import Collected, Core

Pair = tuple[int, int]  # coarse, fine
MARKS = {"dynapse1": "parameterGroup", "dynapse2": "parameters"}  # member of a core that only this chip has


def idle_codes(profile: HardwareProfile) -> dict[str, Pair]:
    """(coarse, fine) of an untouched chip; (0, 0) where the profile does not say."""
    return {name: bias.idle_code or (0, 0) for name, bias in profile.bias.items()}


def codes_of(core: CoreBiases | None, names: Iterable[str], profile: HardwareProfile) -> dict[str, Pair]:
    """The codes of a core, filled up with what an untouched chip holds."""
    held = {} if core is None else core.biases
    idle = idle_codes(profile)
    return {name: (held[name].coarse, held[name].fine) if name in held else idle[name] for name in names}


def names_of(profile: HardwareProfile, scope: str) -> list[str]:
    """The biases that a core, half a chip or a chip shares, in order of their names."""
    return sorted(name for name, bias in profile.bias.items() if bias.scope == scope)


def by_place(config: ChipConfig) -> dict[Core, CoreBiases]:
    """The cores of settings by (chip, core)."""
    return {(core.chip, core.core): core for core in config.cores}


def read_code(node: Node, fields: tuple[str, str], ignored: tuple[str, ...], profile: HardwareProfile) -> Pair:
    """Coarse and fine code of a parameter."""
    members = node.members(fields, ignored)
    for name in fields:
        if name not in members:
            node.refuse(f"no {name}", "a coarse and a fine code")
            return 0, 0
    generator = profile.biasgen
    if isinstance(generator, ContinuousBiasgen):
        raise BadInput.one("profile", profile.name, "one with bias codes")
    coarse, fine = (members[name] for name in fields)
    return coarse.whole(0, generator.coarse_codes - 1), fine.whole(0, generator.fine_codes - 1)


def take_codes(found: dict[str, Pair], node: Node, names: Iterable[str], read: Callable[[Node], Pair]) -> None:
    """Read a map of parameters; names that do not belong there are refused."""
    known = set(names)
    for name, value in node.entries():
        if name in known:
            found[name] = read(value)
        else:
            value.refuse(name, "a parameter of the chip that belongs here")


def keep_touched(found: Collected, codes: dict[Core, dict[str, Pair]], profile: HardwareProfile) -> None:
    """Take over the cores that have neurons in use, latches on, or a code that an untouched chip does not hold."""
    idle = idle_codes(profile)
    used = {place[:2] for place in (*found.cams, *found.srams)}
    for core, held in codes.items():
        touched = any(pair != idle[name] for name, pair in held.items())
        if core in used or touched or any(found.latches.get(core, {}).values()):
            found.biases[core] = {name: BiasCode(coarse=c, fine=f) for name, (c, f) in sorted(held.items())}
        else:
            found.latches.pop(core, None)


def read_configuration(
    text_or_path: str | Path, profile: HardwareProfile, read: Callable[[Node], Collected]
) -> Collected:
    """Read a document; ``read`` gets its ``value0``.

    Args:
        text_or_path: The text (it has a brace), or the path of a file.
        profile: The chip that was asked for.
        read: Reads the configuration and notes problems.

    Raises:
        BadInput: listing all problems with their places (``BadFile`` where a path was given).
    """
    is_text = isinstance(text_or_path, str) and "{" in text_or_path
    path = None if is_text else text_or_path
    text = str(text_or_path) if is_text else read_text(text_or_path)
    problems = Problems()
    try:
        document = parse_json(text.removeprefix("\ufeff"))
    except ValueError as error:
        problems.note("file", text[:40], "the JSON of a vendor's configuration", hint=f"{error}; it may be cut off")
        problems.raise_if_any(path)
        raise AssertionError from error
    problems.extend(_other_chip(document, profile))
    problems.raise_if_any(path)
    top = Node(document, "file", problems).members(("value0",))
    found = Collected()
    if "value0" in top:
        found = read(top["value0"])
    elif not problems:
        problems.note("file", "no value0", 'one member "value0"')
    problems.raise_if_any(path)
    return found


def _other_chip(document: object, profile: HardwareProfile) -> list[Problem]:
    """The problem of a file of another chip; it has members that this one does not know."""
    for family, mark in MARKS.items():
        if family != profile.family and any(mark in core for core in _cores(document)):
            form = {"dynapse1": "samna1", "dynapse2": "samna2"}[family]
            hint = f"read it with the form {form} and a profile of that family"
            return [Problem("file", f"a configuration of a {family}", f"one of a {profile.family}", hint=hint)]
    return []


def _cores(document: object) -> list[dict[str, object]]:
    """Whatever looks like a core, in a document of any shape."""
    level: list[object] = [document]
    for name in ("value0", "chips", None, "cores", None):
        following: list[object] = []
        for value in level:
            if name is None:
                following += (
                    list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
                )
            elif isinstance(value, dict):
                following.append(value.get(name))
        level = following
    return [value for value in level if isinstance(value, dict)]
