"""Workers that differ from the caller: another arcana is refused, another torch or processor is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from arcana.errors import ArcanaWarning, BadInput, Problems, warn_user

Versions: TypeAlias = dict[str, str | None]


class OtherVersionsWarning(ArcanaWarning):
    """A worker has another processor, or another version of a library: last bits may differ from those of here."""


def asking() -> Callable[[], Versions]:
    """A function that says what the process has in which it is called, None for what is not there."""

    def versions() -> Versions:  # in here, so that it is sent as a whole: workers may not have its module
        import platform
        from importlib.metadata import PackageNotFoundError, version

        found: Versions = {"processor": platform.machine(), "system": platform.system()}
        for name in ("torch", "numpy", "llvmlite"):
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                found[name] = None
        try:
            import arcana

            found["arcana"] = arcana.__version__
        except ImportError:
            found["arcana"] = None
        return found

    return versions


def check_workers(workers: Mapping[str, Versions], ours: str) -> None:
    """Refuse workers with another arcana than ``ours``; warn of those that differ in anything else.

    Raises:
        BadInput: naming each of them.
    """
    problems, told, here = Problems(), list[str](), asking()()
    for worker, theirs in workers.items():
        try:
            check_version(ours, theirs["arcana"], f"worker {worker}")
        except BadInput as error:
            problems.extend(error.problems)
        names = [name for name in sorted(here) if name != "arcana" and theirs.get(name) != here[name]]
        if names:
            told.append(f"{worker} ({', '.join(f'{n} {theirs.get(n)}, here {here[n]}' for n in names)})")
    problems.raise_if_any()
    if told:
        warn_user(f"values of these workers may differ in their last bits: {'; '.join(told)}", OtherVersionsWarning)


def check_version(ours: str, theirs: str | None, where: str) -> None:
    """Refuse a worker with another arcana.

    Raises:
        BadInput: naming it.
    """
    if ours != theirs:
        hint = "results are the same everywhere only with the same version everywhere"
        raise BadInput.one(f"arcana's version on {where}", theirs, f"{ours}, as here", hint=hint)
