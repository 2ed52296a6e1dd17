"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.shapes import SHAPES, Shape


@dataclass(frozen=True)
class Settings:
    """Rounds of interleaved repeats, seconds that one run may take, and what is left out in a quick look.

    Attributes:
        shapes: Sizes by name.
        quick: Fewer repeats, shorter runs, larger steps only.
        device: "cpu", or a CUDA device.
        oracle: File of exact spike times; None is one in the user's cache.
    """

    shapes: dict[str, Shape]
    quick: bool = False
    device: str = "cpu"
    oracle: Path | None = None

    @property
    def rounds(self) -> int:
        """Repeats of everything that is interleaved."""
        return 3 if self.quick else 5

    @property
    def seconds(self) -> float:
        """Longest run of one job; a longer one is cut to fewer steps."""
        return 0.1 if self.quick else 0.5

    @property
    def clock(self) -> str:
        """What ratios are of: processor time, or on a GPU the clock on the wall."""
        return "wall" if self.device.startswith("cuda") else "cpu"

    @classmethod
    def of(cls, names: list[str] | None, quick: bool, device: str, oracle: Path | None) -> Settings:
        """The settings of a command line; ``names`` None takes all shapes (two of them in a quick look)."""
        chosen = names or (["single", "batch"] if quick else list(SHAPES))
        return cls({name: SHAPES[name] for name in chosen}, quick, device, oracle)
