"""Works for tests with real processes: what they give follows from (point, chip); what they do is written down."""

from __future__ import annotations

import math
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from arcana.errors import BadInput


@dataclass
class Waves:
    """A value for each chip with all of its 53 bits in use.

    Attributes:
        folder: Where each call leaves a line in ``calls``; None for none.
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


@dataclass
class Chips:
    """Virtual chips of a small network; each value hangs on every bit of every membrane."""

    folder: Path | None = None
    pause: float = 0.0
    seed: int = 3

    def __post_init__(self) -> None:
        import torch

        import arcana

        generator = torch.Generator().manual_seed(self.seed)
        start = {"Itau_mem": 2e-12, "Igain_mem": 8e-11, "Idc": 4e-11, "Iw_ampa": 1e-12}
        layers = [arcana.DPILayer(n, m, profile="dynapse1", **start) for n, m in ((4, 7), (7, 3))]
        with torch.no_grad():
            for layer in layers:
                layer.W_ampa.copy_(torch.randint(0, 4, layer.W_ampa.shape, generator=generator))
        self.net = arcana.Sequential(*layers)
        self.X = (torch.rand(2, 120, 4, generator=generator) < 0.1).float()

    def __call__(self, point: int, first: int, count: int) -> list[float]:
        import torch

        import arcana
        from arcana.nn.chips import on_chips

        note(self.folder, point, first, count)
        time.sleep(self.pause * count)
        chips = arcana.MismatchModel(0.1 * (point + 1)).sample(count, self.seed, first)
        with torch.inference_mode(), on_chips(self.net, chips):
            spikes, states = self.net(self.X)
        assert float(spikes.sum()) > 0
        membranes = states[-1].Imem.reshape(count, -1).double()
        return [float(row.log().sum()) for row in membranes]


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


def note(folder: Path | None, point: int, first: int, count: int) -> None:
    """Write a call down: process, point, first chip, number of chips."""
    if folder is not None:
        with (folder / "calls").open("a") as stream:
            stream.write(f"{os.getpid()} {point} {first} {count}\n")


def calls(folder: Path) -> list[tuple[int, int, int, int]]:
    """The calls so far."""
    path = folder / "calls"
    lines = path.read_text().splitlines() if path.exists() else []
    return [tuple(map(int, line.split())) for line in lines]
