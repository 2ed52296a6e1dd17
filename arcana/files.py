"""Reading and writing files so that a failure leaves nothing half-written and says what is wrong."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arcana.errors import BadFile, BadInput, Problem


def write_whole(path: str | Path, content: str | bytes, overwrite: bool = True) -> Path:
    """Write a file in one go: to a temporary neighbour first, then renamed into place.

    Folders that are missing are made. A link stays, and the file that it names is written.

    Raises:
        BadFile: if the file exists and ``overwrite`` is false, is no regular file, or the folder cannot be written.
    """
    return write_all({as_path(path): content}, overwrite)[0]


def write_all(contents: Mapping[Path, str | bytes], overwrite: bool = True) -> list[Path]:
    """Write several files, or none of them: all go to temporary neighbours first, then into place.

    Raises:
        BadFile: as ``write_whole``.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for path, content in contents.items():
            target = destination(path, overwrite)
            staged.append((_stage(path, target, content), target))
        for temporary, target in staged:
            temporary.replace(target)
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)  # gone where it was renamed
    return list(contents)


def destination(path: str | Path, overwrite: bool = True, field: str = "path") -> Path:
    """The file that writing to this path writes: links are followed, also to a file that does not exist yet.

    Raises:
        BadFile: if it exists and ``overwrite`` is false, or is a folder, a device, a pipe or a socket: renaming a
            file into their place would destroy them.
    """
    try:
        target = Path(os.path.realpath(path))
        mode = target.lstat().st_mode
    except FileNotFoundError:
        return target
    except (OSError, ValueError) as error:
        raise BadFile(path, Problem(field, str(path), "a writable place", hint=str(error))) from error
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a link to itself" if stat.S_ISLNK(mode) else "no regular file"
        raise BadFile(path, Problem(field, str(path), "a file", hint=f"this is {what}"))
    if not overwrite:
        raise BadFile(path, Problem(field, str(path), "a file that does not exist yet", hint="pass --force"))
    return target


def _stage(path: Path, target: Path, content: str | bytes) -> Path:
    """The temporary neighbour of a file, with its content."""
    try:
        data = content.encode() if isinstance(content, str) else content
    except UnicodeEncodeError as error:
        raise BadFile(path, Problem("content", content[error.start], "text that UTF-8 can say")) from error
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:50]}.")
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


def as_path(value: object) -> Path:
    """The path that was given.

    Raises:
        BadInput: for anything but text or a path.
    """
    if not isinstance(value, str | Path):
        raise BadInput.one("path", value, "the path of a file")
    return Path(value)


def read_text(path: str | Path) -> str:
    """The text of a file, without the byte-order mark that some editors put in front.

    Raises:
        BadFile: if it is missing, a folder, unreadable or not UTF-8.
    """
    path = as_path(path)
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise BadFile(path, Problem("path", str(path), "an existing file", hint="no such file")) from error
    except (OSError, ValueError) as error:
        raise BadFile(path, Problem("path", str(path), "a readable UTF-8 text file", hint=str(error))) from error


def parse_json(text: str) -> Any:
    """The value of a JSON text; NaN and Infinity come out as text, which nothing takes for a number.

    Raises:
        ValueError: if it is none, is nested too deeply, names a key twice or holds half of a character.
    """
    try:
        value = json.loads(text, parse_constant=lambda name: name, object_pairs_hook=_no_repeats)
        if "\\u" in text:  # only an escape makes half of a surrogate pair, which no file can hold
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except UnicodeEncodeError as error:
        raise ValueError(f"it holds half of a character, {error.object[error.start]!r}") from error
    return value


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object as a dict; JSON itself would keep the last of two equal keys without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        raise ValueError(f"the key {next(n for n in names if names.count(n) > 1)!r} stands there twice")
    return found
