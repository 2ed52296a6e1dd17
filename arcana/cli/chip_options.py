"""From the text of the options of ``arcana robustness`` to what a study takes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arcana.circuits.names import BIASES
from arcana.errors import BadFile, BadInput, Problem, Problems
from arcana.files import parse_json, read_text
from arcana.hardware.profile import HardwareProfile
from arcana.units import parse

if TYPE_CHECKING:
    from arcana.mismatch import MismatchModel

# Conditions that are lists of numbers, and their units
LISTS = {
    "scale": "", "temperature": "°C", "dead_neurons": "", "dead_cams": "", "drift": "", "noise": "",
    "jitter": "s", "dropped": "", "spurious": "Hz",
}  # fmt: skip
SWITCH = {"on": True, "off": False}
PROFILE = "profile"
CV_SCALES, FACTOR_SCALES = "0,0.1,0.2", "0,0.5,1"


@dataclass(frozen=True)
class Mismatches:
    """The mismatch model, and what a reader should know of it.

    Attributes:
        model: At scale 1.
        remark: Where it comes from, in a sentence.
        doubt: What makes the result too good, if anything does.
    """

    model: MismatchModel
    remark: str
    doubt: str = ""


def option_name(name: str) -> str:
    """How a condition is called on the command line."""
    return "--" + name.replace("_", "-")


def conditions(given: Mapping[str, str | None], problems: Problems) -> dict[str, tuple[float, ...]]:
    """The conditions that were given, by name; what is no list of numbers is noted."""
    return {name: numbers(name, text, problems) for name, text in given.items() if text is not None}


def numbers(name: str, text: str, problems: Problems) -> tuple[float, ...]:
    """``0,0.1,0.2`` as numbers; those with a unit may carry it: ``1ms,2ms``."""
    unit, found = LISTS[name], []
    example = {"s": "0.001 or 1ms", "Hz": "10 or 10Hz"}.get(unit, "0,0.1,0.2")
    for part in text.split(","):
        try:
            # Temperatures are in °C, which no prefix goes with
            found.append(parse(part, unit) if unit in ("s", "Hz") else float(part))
        except ValueError:
            allowed = f"finite numbers with commas between them, such as {example}"
            problems.note(option_name(name), part.strip() or text, allowed, unit)
    return tuple(found)


def switches(name: str, text: str, problems: Problems) -> tuple[bool, ...]:
    """``on,off`` as True and False."""
    parts = [part.strip().lower() for part in text.split(",")]
    for part in parts:
        if part not in SWITCH:
            problems.note(option_name(name), part, "on, off, or both with a comma between them")
    return tuple(SWITCH[part] for part in parts if part in SWITCH)


def mismatch(given: str | None, chip: HardwareProfile) -> Mismatches:
    """The model that ``--mismatch`` names: nothing, a CV, ``profile``, or a file.

    Raises:
        BadFile: for a file that is missing or holds no model.
    """
    from arcana.mismatch import MismatchModel  # not with the module: SciPy would slow down every command

    if given is None:
        text = "The scale is the CV of every bias: lognormal, independent for every bias and neuron. "
        return Mismatches(MismatchModel(1.0), text + _ASSUMED)
    if given == PROFILE:
        text = f"The mismatch at scale 1 is that of the profile {chip.name}. "
        return Mismatches(MismatchModel.from_profile(chip), text + _ASSUMED)
    cv = _number(given)
    if cv is None:
        return _from_file(Path(given))
    text = f"At scale 1 every bias has a CV of {cv:g}: lognormal, independent for every bias and neuron. "
    return Mismatches(MismatchModel(cv), text + _ASSUMED)


def check_cv(given: str | None, problems: Problems) -> None:
    """Note a number that is no coefficient of variation."""
    cv = None if given is None else _number(given)
    if cv is not None and not (math.isfinite(cv) and 0 <= cv <= 1):
        allowed = "a coefficient of variation from 0 to 1, 'profile', or a file"
        problems.note("--mismatch", cv, allowed, hint="10 % is written 0.1" if 1 < cv <= 100 else "")


def check_points(given: Mapping[str, tuple[Any, ...]], problems: Problems) -> None:
    """Note conditions that no study takes, under the names of their options."""
    from arcana.analysis.conditions import grid

    try:
        grid(**{name: values for name, values in given.items() if values})
    except BadInput as error:
        problems.extend(replace(p, field=option_name(p.field)) for p in error.problems)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


_ASSUMED = "That is an assumption: no measurement of these chips has been published."


def _from_file(path: Path) -> Mismatches:
    """A model as ``MismatchModel.to_dict`` or ``MismatchFit.to_dict`` gives it, as JSON."""
    from arcana.mismatch import MismatchModel

    if not path.exists():
        hint = "no such file"
        raise BadFile(path, Problem("--mismatch", str(path), "a CV, 'profile', or a file with a model", hint=hint))
    text = read_text(path)
    try:
        data = parse_json(text)
    except ValueError as error:
        raise BadFile(path, Problem("file", text[:40], "JSON", hint=str(error))) from error
    measured = isinstance(data, dict) and "model" in data
    try:
        model = MismatchModel.from_dict(data["model"] if measured else data)
    except BadInput as error:
        raise BadFile(path, error.problems) from error
    origin = "was fitted to measurements" if measured else "is that of a file"
    remark = f"The mismatch at scale 1 {origin}: {path}. Biases that it does not name have none."
    without = [name for name in BIASES if not model.cv_of(name)]
    doubt = (
        f"{path} has no mismatch for {', '.join(without)}: the yield is too high unless these do not spread "
        "(fit.completed(...) takes what was not measured from a profile)."
    )
    return Mismatches(model, remark, doubt if without else "")


def share(name: str, value: float | None, problems: Problems) -> None:
    """Note what is no share from 0 to 1."""
    if value is not None and not (math.isfinite(value) and 0 <= value <= 1):
        problems.note(name, value, "a share from 0 to 1")


def only_one(names: Sequence[str], values: Sequence[Any], problems: Problems) -> None:
    """Note options that exclude each other."""
    given = [name for name, value in zip(names, values, strict=True) if value is not None]
    if len(given) > 1:
        problems.note("number of " + " and ".join(given), len(given), "one of them")
