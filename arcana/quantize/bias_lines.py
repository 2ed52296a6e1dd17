"""What all text forms of bias codes share: lines are checked one by one, and all refused ones are listed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from arcana.circuits.relations import tau_of
from arcana.errors import ArcanaWarning, BadInput, Problem, Problems, unknown_name, warn_user
from arcana.files import read_text
from arcana.hardware.biases import ContinuousBiasgen, LinearBiasgen
from arcana.hardware.profile import HardwareProfile
from arcana.quantize.biasgen import BiasGenerator, Code
from arcana.quantize.biaswords import DIALECTS, Dialect, ascending

PLAUSIBLE = (1e-4, 10.0)  # [s]: time constants that neurons on these chips are set to

Order: TypeAlias = Literal["coarse-fine", "fine-coarse"]
ORDERS = ("coarse-fine", "fine-coarse")


class BiasOrderWarning(ArcanaWarning):
    """The coarse codes of a list look as if they counted the other way round."""


class BiasLine(NamedTuple):
    """What one line says; the coarse code is in the order of the dialect."""

    chip: int
    core: int
    name: str
    coarse: int
    fine: int
    low_range: bool = False


class RangedCode(NamedTuple):
    """A code with the flag of the low range (SE1); coarse 0 is the smallest current."""

    coarse: int
    fine: int
    low_range: bool = False


class RangedCore(NamedTuple):
    """The biases that a text gives for one core."""

    chip: int
    core: int
    biases: dict[str, RangedCode]


class LineForm(NamedTuple):
    """How lines look.

    Attributes:
        shown: The form, for messages.
        order: Which code a line gives first.
        advice: What to do where the two look exchanged.
    """

    shown: str
    order: Order
    advice: str


Parsed: TypeAlias = tuple[int, str, BiasLine | Problem]


def text_of(text_or_path: str | Path, marks: str) -> tuple[str, Path | str | None]:
    """The text, and the path that it was read from. A ``str`` with a line break or one of the marks is text."""
    is_text = isinstance(text_or_path, str) and any(mark in text_or_path for mark in "\n" + marks)
    text = str(text_or_path) if is_text else read_text(text_or_path)
    return text.removeprefix("\ufeff"), None if is_text else text_or_path


def bare_lines(text: str) -> Iterator[tuple[int, str]]:
    """Number and content of each line that has some, without comments and closing punctuation."""
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.partition("#")[0].strip().rstrip(",;").rstrip()
        if bare:
            yield number, bare


def collect(
    lines: Iterable[Parsed], profile: HardwareProfile, dialect: Dialect, form: LineForm, path: Path | str | None
) -> tuple[RangedCore, ...]:
    """Check lines and put them together by core.

    Args:
        lines: Number, content, and what was read (or what is wrong with it), line by line.
        profile: The chip that the names belong to.
        dialect: Which way the coarse codes of the lines count.
        form: How the lines look.
        path: The file, for messages.

    Returns:
        Cores in order of chip and core, coarse 0 the smallest current.

    Raises:
        BadInput: listing every line that was refused with its number (``BadFile`` where a path is given).

    Warns:
        BiasOrderWarning: if the codes look like the other order.
    """
    count = coarse_codes(profile, dialect)
    problems = Problems()
    found: dict[tuple[int, int], dict[str, RangedCode]] = {}
    seen: dict[tuple[int, int, str], int] = {}
    for number, bare, line in lines:
        where = f"line {number}"
        if isinstance(line, Problem):
            problems.append(line)
            continue
        before = len(problems)
        _check_line(where, line, form, profile, problems)
        first = seen.setdefault(line[:3], number)
        if first != number:
            problems.note(where, bare, f"each bias of a core once; line {first} has it already")
        if len(problems) == before:
            code = RangedCode(ascending(line.coarse, dialect, count), line.fine, line.low_range)
            found.setdefault(line[:2], {})[line.name] = code
    if not seen and not problems:
        problems.note("list", "no line with a bias", f"lines of the form {form.shown}")
    problems.raise_if_any(path)
    cores = tuple(RangedCore(*place, biases) for place, biases in sorted(found.items()))
    _warn_if_reversed(cores, profile, dialect)
    return cores


def coarse_codes(profile: HardwareProfile | None, dialect: str) -> int:
    """Number of coarse codes, after a check that the chip has codes and that its tools use the dialect.

    Raises:
        BadInput: if one of them is not so.
    """
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


def check_order(order: str) -> None:
    """Refuse an order of the two codes that does not exist.

    Raises:
        BadInput: with the orders that exist.
    """
    if order not in ORDERS:
        raise BadInput(unknown_name("order", order, ORDERS))


def _check_line(where: str, line: BiasLine, form: LineForm, profile: HardwareProfile, problems: Problems) -> None:
    sizes = (profile.chips, profile.cores_per_chip)
    for what, value, count in zip(("chip", "core"), line[:2], sizes, strict=True):
        if value >= count:
            problems.note(f"{where}, {what}", value, f"0 to {count - 1} on {profile.name}")
    name = line.name
    if name not in profile.bias:
        problems.append(unknown_name(f"{where}, bias of profile {profile.name!r}", name, profile.bias))
    elif profile.bias[name].scope != "core":
        problems.note(f"{where}, bias", name, "a bias of a core", hint=f"it is one of a {profile.bias[name].scope}")
    generator = profile.biasgen
    if isinstance(generator, ContinuousBiasgen):
        return
    coarse, fine = line.coarse, line.fine
    swapped = not 0 <= coarse < generator.coarse_codes and 0 <= fine < generator.coarse_codes
    if not 0 <= coarse < generator.coarse_codes:
        hint = _looks_swapped(line, form) if swapped else ""
        problems.note(f"{where}, coarse of {name}", coarse, f"0 to {generator.coarse_codes - 1}", hint=hint)
    if not 0 <= fine < generator.fine_codes:
        problems.note(f"{where}, fine of {name}", fine, f"0 to {generator.fine_codes - 1}")


def _looks_swapped(line: BiasLine, form: LineForm) -> str:
    pair = (line.coarse, line.fine) if form.order == "coarse-fine" else (line.fine, line.coarse)
    other = "(fine, coarse)" if form.order == "coarse-fine" else "(coarse, fine)"
    return f"{pair} looks like {other}: {form.advice}"


def _warn_if_reversed(cores: tuple[RangedCore, ...], profile: HardwareProfile, dialect: Dialect) -> None:
    generator = profile.biasgen
    if not (isinstance(generator, LinearBiasgen) and generator.other_order):
        return  # the tools of this chip know one order only
    last = generator.coarse_codes - 1
    as_read = list(_time_constants(cores, profile, lambda code: Code(code.coarse, code.fine)))
    turned = list(_time_constants(cores, profile, lambda code: Code(last - code.coarse, code.fine)))
    if as_read and not any(map(_plausible, as_read)) and 2 * sum(map(_plausible, turned)) >= len(turned):
        other = "caer" if dialect == "samna" else "samna"
        warn_user(
            f"read in the order of {dialect!r} no time constant of the list lies in {PLAUSIBLE[0]:g} s to "
            f"{PLAUSIBLE[1]:g} s (the first is {as_read[0]:.3g} s); in the order of {other!r} the first is "
            f"{turned[0]:.3g} s: was the list made for dialect={other!r}?",
            BiasOrderWarning,
        )


def _plausible(tau: float) -> bool:
    return PLAUSIBLE[0] <= tau <= PLAUSIBLE[1]


def _time_constants(
    cores: tuple[RangedCore, ...], profile: HardwareProfile, read: Callable[[RangedCode], Code]
) -> Iterator[float]:
    """Membrane time constants [s] of the listed cores; where no core lists one, those of everything else.

    Codes of the low range say nothing here: how much smaller its currents are is not published.
    """
    roles = {name: bias.model_bias or "" for name, bias in profile.bias.items()}
    parts = {name: role.removeprefix("Itau_") for name, role in roles.items() if role.startswith("Itau_")}
    membrane = {name for name, part in parts.items() if part == "mem"}
    high: list[Mapping[str, RangedCode]] = [
        {name: code for name, code in core.biases.items() if name in parts and not code.low_range} for core in cores
    ]
    listed = {name for biases in high for name in biases}
    chosen = listed & membrane or listed
    ladder, technology = BiasGenerator(profile), profile.technology()
    for biases in high:
        for name, code in biases.items():
            if name in chosen:
                current = ladder.current(name, *read(code))
                capacitance = getattr(technology, f"C_{parts[name]}")
                yield tau_of(current, capacitance, technology) if current > 0 else float("inf")
