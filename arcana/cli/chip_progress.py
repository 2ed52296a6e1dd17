"""How far a study of chips is, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_LINES = 10  # where stderr is no terminal, a line for each such part


class Bars:
    """A bar for each part of the work on a terminal, else ten lines: use it in a ``with`` block.

    Attributes:
        told: How far the part is that runs; empty before the first.
    """

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._terminal = console.is_terminal
        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("left:"), TimeRemainingColumn(),
        )  # fmt: skip
        self._bars = Progress(*columns, console=console, disable=not self._terminal)
        self.told = ""  # how far the part is that runs

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def begin(self, name: str) -> Callable[[int, int], None]:
        """A new part of the work; what comes back is told (finished, all)."""
        task, said = self._bars.add_task(name, total=None), 0

        def told(done: int, total: int) -> None:
            nonlocal said
            if not self.told.startswith(name) and done:
                print(f"{name}: {done} of {total} were finished before", file=sys.stderr, flush=True)
            self.told = f"{name}: {done} of {total}"
            self._bars.update(task, completed=done, total=total)
            if not self._terminal and done * _LINES // total > said:
                said = done * _LINES // total
                print(self.told, file=sys.stderr, flush=True)

        return told
