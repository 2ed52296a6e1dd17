"""Reading and writing files so that a failure leaves nothing half-written and says what is wrong."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from arcana.errors import BadFile, Problem


def write_whole(path: str | Path, content: str | bytes, overwrite: bool = True) -> Path:
    """Write a file in one go: to a temporary neighbour first, then renamed into place.

    Raises:
        BadFile: if the file exists and ``overwrite`` is false, or the folder cannot be written.
    """
    return write_all({Path(path): content}, overwrite)[0]


def write_all(contents: Mapping[Path, str | bytes], overwrite: bool = True) -> list[Path]:
    """Write several files, or none of them: all go to temporary neighbours first, then into place.

    Raises:
        BadFile: if one of them exists and ``overwrite`` is false, or its folder cannot be written.
    """
    staged: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            staged[path] = _stage(path, content, overwrite)
        for path, temporary in staged.items():
            temporary.replace(path)
    finally:
        for temporary in staged.values():
            temporary.unlink(missing_ok=True)  # gone where it was renamed
    return list(contents)


def _stage(path: Path, content: str | bytes, overwrite: bool) -> Path:
    """The temporary neighbour of a file, with its content."""
    if path.is_dir():
        raise BadFile(path, Problem("path", str(path), "a file", hint="this is a folder"))
    if not overwrite and path.exists():
        raise BadFile(path, Problem("path", str(path), "a file that does not exist yet", hint="pass --force"))
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise BadFile(path, Problem("path", str(path), "a writable place", hint=str(error))) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)  # mkstemp makes it private
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def read_text(path: str | Path) -> str:
    """The text of a file.

    Raises:
        BadFile: if it is missing, a folder, unreadable or not UTF-8.
    """
    path = Path(path)
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BadFile(path, Problem("path", str(path), "an existing file", hint="no such file")) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(path, Problem("path", str(path), "a readable UTF-8 text file", hint=str(error))) from error
