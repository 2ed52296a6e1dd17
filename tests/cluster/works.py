"""Works for tests with real processes: what they give follows from (point, chip); what they do is written down.

Without torch, so that their workers start fast. ``studies.py`` has the real thing.
"""

from __future__ import annotations

import math
import os
import signal
import time
from dataclasses import dataclass
from multiprocessing import active_children
from pathlib import Path
from typing import Any

from arcana.errors import BadInput


@dataclass
class Waves:
    """A value for each chip with all of its 53 bits in use.

    Attributes:
        folder: Where each call leaves a line in ``calls``, and waits until it is let through; None for neither.
        pause: Time that a chip takes [s].
        kills: Chip that kills its worker.
        times: How often it does.
        refuses: Chip that is refused.
    """

    folder: Path | None = None
    pause: float = 0.0
    kills: int = -1
    times: int = 10**6
    refuses: int = -1

    def __call__(self, point: int, first: int, count: int) -> list[float]:
        note(self.folder, point, first, count)
        time.sleep(self.pause * count)
        chips = range(first, first + count)
        if self.kills in chips and self._killed() < self.times:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.refuses in chips:
            raise BadInput.one(f"metric of chip {self.refuses}", math.nan, "one finite number", hint="look at it")
        return [math.sin(chip + 1) * math.exp(-point / 7) / 3 for chip in chips]

    def _killed(self) -> int:
        """How often it has, this time not counted."""
        mark = self.folder / "killed"
        with mark.open("ab") as stream:
            stream.write(b".")
        return mark.stat().st_size - 1


class Threads:
    """Torch threads where it runs."""

    def __call__(self, point: int, first: int, count: int) -> list[float]:
        import torch

        return [float(torch.get_num_threads())] * count


class Alone:
    """How many calls go on at the same time in this process, at most."""

    busy = 0

    def __call__(self, point: int, first: int, count: int) -> list[float]:
        Alone.busy += 1
        time.sleep(0.05)
        seen = Alone.busy
        Alone.busy -= 1
        return [float(seen)] * count


def note(folder: Path | None, *numbers: int) -> None:
    """Write a call down (process, numbers), then wait for as long as ``let_through`` says."""
    if folder is None:
        return
    with (folder / "calls").open("ab") as stream:
        stream.write(" ".join(map(str, (os.getpid(), *numbers))).encode() + b"\n")
        stream.flush()
        end = stream.tell()
    mine = (folder / "calls").read_bytes()[:end].count(b"\n")
    gate = folder / "gate"
    while gate.exists() and mine > int(gate.read_text()):
        time.sleep(0.01)


def let_through(folder: Path, number: int) -> None:
    """From now on only so many calls, counted from the first, go on."""
    (folder / "gate.new").write_text(str(number))
    (folder / "gate.new").replace(folder / "gate")


def calls(folder: Path) -> list[tuple[int, ...]]:
    """The calls so far."""
    path = folder / "calls"
    lines = path.read_text().splitlines() if path.exists() else []
    return [tuple(map(int, line.split())) for line in lines]


def own_children() -> list[Any]:
    """Processes started here that still run, but for those of the cluster that all tests share."""
    return [process for process in active_children() if "Dask" not in process.name]
