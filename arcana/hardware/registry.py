"""Finds profiles: by name, by alias, or as a file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from arcana.errors import BadFile, BadInput, Problem, did_you_mean
from arcana.files import read_text
from arcana.hardware.profile import HardwareProfile

_RELAXED = "-relaxed"


def load_profile(name_or_path: str | Path) -> HardwareProfile:
    """A hardware profile.

    Args:
        name_or_path: A name or alias (``dynapse1``, ``dynapse2``, ``ideal``), the same with ``-relaxed`` for the
            chip without resource limits, or the path of a ``.toml`` file.

    Raises:
        BadInput: if there is no such name, with the nearest that exists.
        BadFile: if the file is missing, no TOML, from a newer version, or wrong; lists every problem.
    """
    text = str(name_or_path)
    if _is_path(name_or_path):
        return _read(Path(name_or_path))
    plain = text.removesuffix(_RELAXED)
    profile = _built_in(_find(plain))
    return profile if plain == text else profile.relaxed()


def profile_names() -> list[str]:
    """The names of the profiles that come with arcana."""
    return sorted(path.stem for path in _folder().glob("*.toml"))


def profile_text(name_or_path: str | Path) -> str:
    """The text of a profile's file, with its comments; what a profile of your own starts from.

    Raises:
        BadInput: if there is no such name.
        BadFile: if the file cannot be read.
    """
    if _is_path(name_or_path):
        return read_text(name_or_path)
    name = str(name_or_path)
    if name.endswith(_RELAXED):
        return load_profile(name).to_toml()
    return read_text(_folder() / f"{_find(name)}.toml")


@dataclass(frozen=True)
class FileReport:
    """What checking one profile file found.

    Attributes:
        path: The file.
        problems: All that is wrong with it; empty if it is good.
    """

    path: str
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        lines = [f"{self.path}: {problem}" for problem in self.problems]
        return "\n".join(lines) or f"{self.path}: good"

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        problems = [vars(problem) | {"value": _plain(problem.value)} for problem in self.problems]
        return {"path": self.path, "ok": not self.problems, "problems": problems}


def check_files(paths: Iterable[str | Path]) -> list[FileReport]:
    """Checks profile files (or names of built-in ones) and collects all problems of all of them."""
    reports = []
    for path in paths:
        try:
            load_profile(path)
        except BadInput as error:
            reports.append(FileReport(str(path), error.problems))
        else:
            reports.append(FileReport(str(path), ()))
    return reports


def _plain(value: object) -> object:
    return value if isinstance(value, str | int) else repr(value)  # JSON has neither nan nor our objects


def _is_path(name_or_path: str | Path) -> bool:
    text = str(name_or_path)
    return isinstance(name_or_path, Path) or text.lower().endswith(".toml") or "/" in text or "\\" in text


@cache
def _folder() -> Path:
    """In a wheel the files lie inside the package; in a checkout beside it."""
    package = Path(__file__).resolve().parent.parent
    candidates = (package / "hardware_profiles", package.parent / "hardware_profiles")
    for folder in candidates:
        if folder.is_dir():
            return folder
    hint = "the installation is damaged: install arcana again"
    raise BadFile(candidates[0], Problem("hardware_profiles", "(missing)", "a folder of profiles", hint=hint))


@cache
def _built_in(name: str) -> HardwareProfile:
    return _read(_folder() / f"{name}.toml")


@cache
def _aliases() -> dict[str, str]:
    """Every name and alias in lower case, and the profile it stands for."""
    found = {name.lower(): name for name in profile_names()}
    for name in profile_names():
        found |= {alias.lower(): name for alias in _built_in(name).aliases}
    return found


def _find(name: str) -> str:
    if name in profile_names():  # spares reading the other files
        return name
    aliases = _aliases()
    if name.lower() not in aliases:
        allowed = "a known name, or the path of a .toml file"
        raise BadInput.one("profile", name, allowed, hint=did_you_mean(name, aliases))
    return aliases[name.lower()]


def _read(path: Path) -> HardwareProfile:
    try:
        data = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise BadFile(path, Problem("file", path.name, "TOML", hint=str(error))) from None
    return HardwareProfile.from_dict(data, path)


def as_profile(given: object) -> HardwareProfile:
    """A profile, or the one of that name or file.

    Raises:
        BadInput: for anything else, and for an unknown name.
    """
    if isinstance(given, HardwareProfile):
        return given
    if isinstance(given, str | Path):
        return load_profile(given)
    raise BadInput.one("profile", given, "a HardwareProfile, or the name or file of one")
