"""The work as bytes: pickled once, before anything starts, with an error that names the part that does not go."""

from __future__ import annotations

import hashlib
import importlib
import pickle
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import arcana
from arcana.errors import BadInput
from arcana.executors.chunks import Work

_DEEPEST = 12  # levels that are searched for the part that cannot be pickled
_HINT = "define it with `def` or `class` at the top of a module"


@dataclass(frozen=True)
class Payload:
    """The work on its way to the workers.

    Attributes:
        data: The pickled work.
        digest: Of the data: a worker that has seen it need not load it again.
        version: Of arcana here; the workers must have the same.
    """

    data: bytes
    digest: str
    version: str

    @classmethod
    def of(cls, data: bytes) -> Payload:
        """Wrap the pickled work."""
        return cls(data, hashlib.sha256(data).hexdigest(), arcana.__version__)


def by_reference(work: Work) -> Payload:
    """Pickled as Python does it: functions and classes by the name of their module.

    Raises:
        BadInput: naming the part that has no such name (a lambda, a function inside a function, a thing typed in at
            a prompt) or cannot be copied at all.
    """
    try:
        data = pickle.dumps(work, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # whatever an object's own way of pickling raises
        name, part, reason = _culprit(work, error)
        hint = _HINT if callable(part) else str(reason)
        raise BadInput.one(name, part, "something that can be sent to a worker (pickled)", hint=hint) from error
    if b"__main__" in data and not _main_is_a_file() and (typed := _from_main(work)):
        name, part = typed
        allowed = "something that workers can import: they do not see what is typed in at a prompt"
        raise BadInput.one(name, part, allowed, hint="put it into a file, and import it")
    return Payload.of(data)


def by_value(work: Work) -> Payload:
    """As ``by_reference``, but what has no module that workers can import travels as a whole (cloudpickle)."""
    try:
        data = pickle.dumps(work, protocol=pickle.HIGHEST_PROTOCOL)
        if b"__main__" not in data:
            return Payload.of(data)
    except Exception:  # then it is cloudpickle's turn
        pass
    try:
        return Payload.of(importlib.import_module("cloudpickle").dumps(work))
    except Exception as error:
        name, part, reason = _culprit(work, error)
        allowed = "something that can be sent to a worker (pickled)"
        raise BadInput.one(name, part, allowed, hint=str(reason)) from error


def _main_is_a_file() -> bool:
    """Whether a new process can import what the main module defines."""
    main = sys.modules["__main__"]
    return getattr(main, "__spec__", None) is not None or Path(getattr(main, "__file__", "")).is_file()


def _culprit(value: Any, error: Exception, name: str = "work", depth: int = 0) -> tuple[str, Any, Exception]:
    """The innermost part that cannot be pickled: its path, itself, and why."""
    if depth < _DEEPEST:
        for label, part in _parts(value):
            try:
                pickle.dumps(part)
            except Exception as reason:
                return _culprit(part, reason, f"{name}{label}", depth + 1)
    return name, value, error


def _from_main(value: Any, name: str = "work", depth: int = 0) -> tuple[str, Any] | None:
    """A part that is defined in the main module, or an instance of what is."""
    kind = value if callable(value) and hasattr(value, "__qualname__") else type(value)
    if getattr(kind, "__module__", None) == "__main__":
        return name, value
    if depth < _DEEPEST:
        for label, part in _parts(value):
            if found := _from_main(part, f"{name}{label}", depth + 1):
                return found
    return None


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """What an object consists of, as far as can be seen from outside."""
    if isinstance(value, Mapping):
        yield from ((f"[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, (list, tuple)):
        yield from ((f"[{k}]", part) for k, part in enumerate(value))
    elif not isinstance(value, type) and not hasattr(value, "__qualname__"):
        yield from ((f".{key}", part) for key, part in getattr(value, "__dict__", {}).items())
