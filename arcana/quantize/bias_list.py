"""Bias codes as a text list, ``C0c0:(NAME,coarse,fine)``: the form in which people mail each other bias sets."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from arcana.circuits.relations import tau_of
from arcana.errors import ArcanaWarning, BadInput, Problems, unknown_name
from arcana.files import read_text
from arcana.hardware.biases import ContinuousBiasgen, LinearBiasgen
from arcana.hardware.profile import HardwareProfile
from arcana.quantize.biasgen import BiasGenerator, Code
from arcana.quantize.biaswords import DIALECTS, Dialect, ascending
from arcana.quantize.listed import HasCores, ListedCore

PLAUSIBLE = (1e-4, 10.0)  # [s]: time constants that neurons on these chips are set to
_LINE = re.compile(r"C(\d+)c(\d+)\s*:\s*\(\s*(\w+)\s*,\s*([-+]?\d+)\s*,\s*([-+]?\d+)\s*\)", re.ASCII)
_FORM = "C<chip>c<core>:(NAME,coarse,fine)"


class BiasOrderWarning(ArcanaWarning):
    """The coarse codes of a list look as if they counted the other way round."""


def bias_list(config: HasCores, profile: HardwareProfile | None = None, dialect: Dialect = "samna") -> str:
    """The biases of all cores, a line each, in order of chip, core and name.

    Args:
        config: A ``ChipConfig``, or anything with ``cores``.
        profile: The chip; needed for the dialect ``caer`` only.
        dialect: ``samna``: coarse 0 is the smallest current. ``caer``: coarse 0 is the largest.

    Raises:
        BadInput: for a dialect that does not exist, or that this chip's tools do not use.
    """
    count = _coarse_codes(profile, dialect) if profile is not None or dialect != "samna" else None
    lines = [f"# coarse 0 is the {'smallest' if dialect == 'samna' else 'largest'} current ({dialect} order)"]
    for core in sorted(config.cores, key=lambda c: (c.chip, c.core)):
        for name, code in sorted(core.biases.items()):
            coarse = code.coarse if count is None else ascending(code.coarse, dialect, count)
            lines.append(f"C{core.chip}c{core.core}:({name},{coarse},{code.fine})")
    return "\n".join(lines) + "\n"


def read_bias_list(
    text_or_path: str | Path, profile: HardwareProfile, dialect: Dialect = "samna"
) -> tuple[ListedCore, ...]:
    """Read a list. Empty lines and everything after ``#`` are skipped; the order of lines does not matter.

    Args:
        text_or_path: The text itself, or the path of a file. A ``str`` with a line break or a bracket is text.
        profile: The chip that the names belong to.
        dialect: Which way the coarse codes of the list count; ``caer`` turns c into (number of codes - 1) - c.

    Returns:
        Cores in order of chip and core, coarse codes in the order of arcana (0 the smallest current).

    Raises:
        BadInput: listing every line that was refused with its number (``BadFile`` where a path was given).

    Warns:
        BiasOrderWarning: if the list looks like the other order: no membrane time constant in it (other time
            constants if it has none) lies in 0.1 ms to 10 s, but at least half would if the codes counted the
            other way.
    """
    count = _coarse_codes(profile, dialect)
    path = text_or_path if isinstance(text_or_path, Path) or not re.search(r"[\n(]", text_or_path) else None
    text = str(text_or_path) if path is None else read_text(path)
    problems = Problems()
    found: dict[tuple[int, int], dict[str, Code]] = {}
    seen: dict[tuple[int, int, str], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.partition("#")[0].strip().rstrip(",;")
        if not bare:
            continue
        match = _LINE.fullmatch(bare)
        if match is None:
            problems.note(f"line {number}", bare, _FORM)
            continue
        chip, core, coarse, fine = (int(match[k]) for k in (1, 2, 4, 5))
        before = len(problems)
        _check_line(f"line {number}", (chip, core), match[3], (coarse, fine), profile, problems)
        first = seen.setdefault((chip, core, match[3]), number)
        if first != number:
            problems.note(f"line {number}", bare, f"each bias of a core once; line {first} has it already")
        if len(problems) == before:
            found.setdefault((chip, core), {})[match[3]] = Code(ascending(coarse, dialect, count), fine)
    if not seen and not problems:
        problems.note("list", "no line with a bias", f"lines of the form {_FORM}")
    problems.raise_if_any(path)
    cores = tuple(ListedCore(chip, core, biases) for (chip, core), biases in sorted(found.items()))
    _warn_if_reversed(cores, profile, dialect)
    return cores


def _check_line(
    where: str,
    place: tuple[int, int],
    name: str,
    code: tuple[int, int],
    profile: HardwareProfile,
    problems: Problems,
) -> None:
    for what, value, count in zip(("chip", "core"), place, (profile.chips, profile.cores_per_chip), strict=True):
        if value >= count:
            problems.note(f"{where}, {what}", value, f"0 to {count - 1} on {profile.name}")
    if name not in profile.bias:
        problems.append(unknown_name(f"{where}, bias of profile {profile.name!r}", name, profile.bias))
    elif profile.bias[name].scope != "core":
        problems.note(f"{where}, bias", name, "a bias of a core", hint=f"it is one of a {profile.bias[name].scope}")
    generator = profile.biasgen
    if isinstance(generator, ContinuousBiasgen):
        return
    coarse, fine = code
    swapped = not 0 <= coarse < generator.coarse_codes and 0 <= fine < generator.coarse_codes
    hint = f"({coarse}, {fine}) looks like (fine, coarse): swap the two" if swapped else ""
    if not 0 <= coarse < generator.coarse_codes:
        problems.note(f"{where}, coarse of {name}", coarse, f"0 to {generator.coarse_codes - 1}", hint=hint)
    if not 0 <= fine < generator.fine_codes:
        problems.note(f"{where}, fine of {name}", fine, f"0 to {generator.fine_codes - 1}")


def _coarse_codes(profile: HardwareProfile | None, dialect: str) -> int:
    """Number of coarse codes, after a check that the chip has codes and that its tools use the dialect."""
    if dialect not in DIALECTS:
        raise BadInput(unknown_name("dialect", dialect, DIALECTS))
    if profile is None:
        raise BadInput.one("profile", None, f"the profile of the chip, which dialect {dialect!r} needs")
    generator = profile.biasgen
    if isinstance(generator, ContinuousBiasgen):
        raise BadInput.one("profile", profile.name, "one with bias codes, such as dynapse1")
    if dialect != "samna" and not (isinstance(generator, LinearBiasgen) and dialect in generator.other_order):
        hint = f"no tool of {profile.name} counts that way"
        raise BadInput.one("dialect", dialect, "'samna'", hint=hint)
    return generator.coarse_codes


def _warn_if_reversed(cores: tuple[ListedCore, ...], profile: HardwareProfile, dialect: Dialect) -> None:
    generator = profile.biasgen
    if not (isinstance(generator, LinearBiasgen) and generator.other_order):
        return  # the tools of this chip know one order only
    last = generator.coarse_codes - 1
    as_read = list(_time_constants(cores, profile, lambda code: code))
    turned = list(_time_constants(cores, profile, lambda code: Code(last - code.coarse, code.fine)))
    if as_read and not any(map(_plausible, as_read)) and 2 * sum(map(_plausible, turned)) >= len(turned):
        other = "caer" if dialect == "samna" else "samna"
        warnings.warn(
            f"read in the order of {dialect!r} no time constant of the list lies in {PLAUSIBLE[0]:g} s to "
            f"{PLAUSIBLE[1]:g} s (the first is {as_read[0]:.3g} s); in the order of {other!r} the first is "
            f"{turned[0]:.3g} s: was the list made for dialect={other!r}?",
            BiasOrderWarning,
            stacklevel=3,
        )


def _plausible(tau: float) -> bool:
    return PLAUSIBLE[0] <= tau <= PLAUSIBLE[1]


class _Reading(Protocol):
    def __call__(self, code: Code, /) -> Code: ...


def _time_constants(cores: tuple[ListedCore, ...], profile: HardwareProfile, read: _Reading) -> Iterator[float]:
    """Membrane time constants [s] of the listed cores; where no core lists one, those of everything else."""
    roles = {name: bias.model_bias or "" for name, bias in profile.bias.items()}
    parts = {name: role.removeprefix("Itau_") for name, role in roles.items() if role.startswith("Itau_")}
    membrane = {name for name, part in parts.items() if part == "mem"}
    listed = {name for core in cores for name in core.biases if name in parts}
    chosen = listed & membrane or listed
    ladder, technology = BiasGenerator(profile), profile.technology()
    for core in cores:
        for name, code in core.biases.items():
            if name in chosen:
                current = ladder.current(name, *read(code))
                capacitance = getattr(technology, f"C_{parts[name]}")
                yield tau_of(current, capacitance, technology) if current > 0 else float("inf")
