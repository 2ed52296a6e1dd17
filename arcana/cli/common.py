"""What the commands share: options, output files, tables of text."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from arcana.errors import BadFile, Problem
from arcana.files import destination
from arcana.units import parse

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, and nothing else, on stdout.")]
Force = Annotated[bool, typer.Option("--force", help="Replace output files that exist.")]


def seconds(text: str | None) -> float | None:
    """A time option such as ``0.01``, ``10ms`` or ``10 ms`` [s]; None if it was not given."""
    return None if text is None else parse(text, "s")


def refuse_existing(force: bool, *paths: Path | None, reads: Iterable[Path | str | None] = ()) -> None:
    """Refuse, before any work is done, output that cannot be written or would replace what is read.

    Args:
        force: Whether files that exist are replaced.
        paths: The outputs.
        reads: What the command reads; a name that is no file (of a profile) does no harm.

    Raises:
        BadFile: for a file that exists (without ``force``), anything in the way that is no file, one file for two
            outputs, and an output that is also read.
    """
    taken: set[Path] = set()
    for path in (path for path in paths if path is not None):
        target = destination(path, field="output")
        if target in taken:
            raise BadFile(path, Problem("output", str(path), "different files for different outputs"))
        if any(_same_file(target, other) for other in reads if other is not None):
            raise BadFile(path, Problem("output", str(path), "another file than those that are read"))
        destination(path, force, "output")
        taken.add(target)


def check_folder(folder: Path, field: str = "--out") -> None:
    """Find out before any work is done whether the folder can be written; nothing is left there.

    Raises:
        BadFile: if it cannot.
    """
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    try:
        tempfile.TemporaryFile(dir=there).close()  # permissions alone say little: of a disk, of /proc
    except OSError as error:
        hint = f"not {there}: {error.strerror}"
        raise BadFile(folder, Problem(field, str(folder), "a folder that can be written", hint=hint)) from error


def _same_file(path: Path, other: Path | str) -> bool:
    try:
        return path.samefile(other)
    except (OSError, ValueError):  # one of them does not exist
        return False


def print_json(result: Any) -> None:
    """The result as JSON; numbers that JSON does not have (nan, inf) become null."""
    typer.echo(json.dumps(_plain(result), indent=2, ensure_ascii=False, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def note(text: str) -> None:
    """A message on stderr."""
    typer.echo(text, err=True)


@contextmanager
def working(text: str) -> Iterator[None]:
    """Shows on stderr that something takes its time; silent where stderr is no terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(text):
        yield


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns of text, as wide as they need to be (rich would cut them to 80 characters in a pipe)."""
    cells = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(header))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells)
