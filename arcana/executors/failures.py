"""Errors of the work that happened in another process, brought to the caller as they were."""

from __future__ import annotations

import pickle
import traceback
from dataclasses import dataclass

from arcana.errors import ArcanaError


class WorkersFailed(ArcanaError, RuntimeError):
    """Workers ended, or were out of reach, so often that the study stopped. What was finished is kept."""


@dataclass(frozen=True)
class Failure:
    """An exception of the work on its way to the caller.

    Exceptions are not pickled as they are: ``__init__`` may take other arguments than ``args`` holds
    (``BadInput`` does), and then the copy would be another error, or none.

    Attributes:
        packed: Class, ``args`` and attributes; None if they cannot be pickled.
        text: Type and message.
        trace: Where it happened.
    """

    packed: bytes | None
    text: str
    trace: str

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Wrap an exception that was just caught."""
        text = "".join(traceback.format_exception_only(error)).strip()
        trace = "".join(traceback.format_exception(error))
        try:
            packed = pickle.dumps((type(error), error.args, vars(error)))
            _rebuilt(packed)
        except Exception:  # an exception may hold anything, and fail in any way when it is pickled
            return cls(None, text, trace)
        return cls(packed, text, trace)

    def restored(self) -> BaseException:
        """The exception with its own type and message; ``WorkersFailed`` with its text where it does not travel."""
        try:
            error = WorkersFailed(self.text) if self.packed is None else _rebuilt(self.packed)
        except Exception:  # a class that only the worker knows
            error = WorkersFailed(self.text)
        error.add_note(f"It happened in a worker:\n{self.trace}")
        return error


def _rebuilt(packed: bytes) -> BaseException:
    kind, args, state = pickle.loads(packed)
    error: BaseException = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(state)
    str(error)  # an exception that lacks a part fails here
    return error
