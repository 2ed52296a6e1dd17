"""Reading and writing files so that a failure leaves nothing half-written and says what is wrong."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from arcana.errors import BadFile, Problem


def write_whole(path: str | Path, content: str | bytes, overwrite: bool = True) -> Path:
    """Write a file in one go: to a temporary neighbour first, then renamed into place.

    Raises:
        BadFile: if the file exists and ``overwrite`` is false, or the folder cannot be written.
    """
    path = Path(path)
    if path.is_dir():
        raise BadFile(path, Problem("path", str(path), "a file", hint="this is a folder"))
    if not overwrite and path.exists():
        raise BadFile(path, Problem("path", str(path), "a file that does not exist yet", hint="pass --force"))
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise BadFile(path, Problem("path", str(path), "a writable place", hint=str(error))) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)  # mkstemp makes it private
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


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
