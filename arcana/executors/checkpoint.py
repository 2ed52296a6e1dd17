"""What is finished, kept in a file from which a study goes on after whatever stopped it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from arcana.errors import BadFile, BadInput, Problem
from arcana.executors.chunks import Key
from arcana.executors.lock import Lock
from arcana.executors.stored import from_text, to_text
from arcana.files import as_path, destination, read_text, write_whole

_SHARE = 0.05  # of the time, at most, that goes into writing


class Checkpoint:
    """A file with the values of the chips that are finished: use it in a ``with`` block.

    The file is replaced as a whole, on disk before the old one goes, so that it is complete at any moment. A large
    one is not written after each chunk: writing takes at most a twentieth of the time, and the end of the block,
    however it comes, writes what is left.

    Args:
        path: The file. It need not exist; its folder must.
        fingerprint: What the values depend on (seed, network, data, ...) as plain JSON. A file with another one
            is refused.

    Raises:
        BadInput: if the path is none, or the fingerprint is not plain JSON.
        BadFile: if there is a folder, or anything else that is no file, in its place.
    """

    def __init__(self, path: str | Path, fingerprint: Mapping[str, Any]) -> None:
        self.path = destination(as_path(path))  # a link stays, and the file that it names is written
        try:
            self.fingerprint = json.loads(json.dumps(dict(fingerprint), allow_nan=False))
        except (TypeError, ValueError) as error:
            raise BadInput.one("fingerprint", fingerprint, "plain JSON", hint=str(error)) from error
        self._staged = self.path.with_name(self.path.name + ".new")
        self._values: dict[Key, float] = {}
        self._written = 0  # chips in the file
        self._next = 0.0  # moment from which it may be written again
        self._lock: Lock | None = None

    def __enter__(self) -> dict[Key, float]:
        """Take the file, and see at once whether it can be written. Returns what it holds.

        Raises:
            BadFile: if it is of another study, damaged, in use, or cannot be written.
        """
        folder = self.path.parent
        if not folder.is_dir():
            raise BadFile(self.path, Problem("folder", str(folder), "an existing folder", hint="create it first"))
        self._lock = Lock(self.path)
        try:
            if self.path.exists():
                self._values = from_text(self.path, read_text(self.path), self.fingerprint)
                self._written = len(self._values)
            self._write()
        except BaseException:
            self._lock.release()
            raise
        return dict(self._values)

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._lock is not None
        try:
            if self._written < len(self._values):
                self._write()
        except BadFile as failed:
            if error is None or isinstance(error, BadFile):
                raise
            error.add_note(str(failed))  # what stopped the study matters more
        finally:
            self._lock.release()

    def add(self, values: Mapping[Key, float]) -> None:
        """Keep more values.

        Raises:
            BadFile: if they cannot be written; it says how many chips are kept.
        """
        self._values.update(values)
        if time.monotonic() >= self._next:
            self._write()

    def _write(self) -> None:
        begun = time.monotonic()
        try:
            write_whole(self._staged, to_text(self.fingerprint, self._values))
            with self._staged.open("rb+") as stream:
                os.fsync(stream.fileno())  # on disk before it takes the old one's place
            self._staged.replace(self.path)
        except OSError as error:
            self._fail(str(error), error)
        except BadFile as error:
            self._fail(error.problems[0].hint or str(error), error)
        ended = time.monotonic()
        self._written, self._next = len(self._values), ended + (ended - begun) * (1 / _SHARE - 1)

    def _fail(self, reason: str, error: Exception) -> None:
        with suppress(OSError):
            self._staged.unlink(missing_ok=True)
        hint = f"{self._written} chips are kept in it; once it can be written, the same call goes on from there"
        problem = Problem("checkpoint", reason, "a file that can be written", hint=hint)
        raise BadFile(self.path, problem) from error
