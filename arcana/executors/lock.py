"""One process at a time on a file: the lock goes when its holder does, however it ends."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

from arcana.errors import BadFile, Problem


class Lock:
    """A lock beside a file (``<file>.lock``). Not on Windows, where it always succeeds.

    Args:
        path: The file that is to be protected.

    Raises:
        BadFile: if another process holds it (the message says which), or the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")
        self._handle = -1
        if sys.platform == "win32":
            return
        while not self._holds():
            os.close(self._handle)
        with suppress(OSError):  # who holds it is only said to others; on a full disk it cannot be
            os.ftruncate(self._handle, 0)
            os.write(self._handle, f"process {os.getpid()} on {socket.gethostname()}".encode())

    def _holds(self) -> bool:
        """Open and lock the file; False if its last holder has just removed it."""
        import fcntl  # not on Windows

        try:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            problem = Problem("path", str(self._path), "a file in a folder that can be written", hint=str(error))
            raise BadFile(self._path, problem) from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._handle, 200).decode(errors="replace") or "another process"
            os.close(self._handle)
            if isinstance(error, BlockingIOError):
                problem = Problem("checkpoint", f"in use by {holder}", "one that nobody else uses")
            else:
                problem = Problem("checkpoint", str(error), "a file system on which files can be locked")
            raise BadFile(self._path, problem) from error
        with suppress(FileNotFoundError):
            return os.fstat(self._handle).st_ino == self._path.stat().st_ino
        return False

    def release(self) -> None:
        """Let the file go."""
        if self._handle >= 0:
            with suppress(OSError):
                self._path.unlink()
            os.close(self._handle)
            self._handle = -1
