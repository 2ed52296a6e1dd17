"""The sizes that are measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """Sizes of one run: ``chips`` virtual chips, each with ``batch`` sequences of ``steps`` time steps."""

    chips: int
    batch: int
    n_in: int
    n_out: int
    steps: int
    recurrent: bool = False

    @property
    def lanes(self) -> int:
        """Neurons that are simulated side by side."""
        return self.chips * self.batch * self.n_out

    def __str__(self) -> str:
        loop = ", recurrent" if self.recurrent else ""
        return f"({self.chips}, {self.batch}, {self.n_in}, {self.n_out}, {self.steps}){loop}"


SHAPES = {
    "single": Shape(1, 1, 64, 256, 1000),
    "batch": Shape(1, 32, 64, 256, 500),
    "wide": Shape(1, 64, 128, 1024, 200),
    "chips": Shape(256, 1, 64, 256, 500),
    "recurrent": Shape(1, 32, 64, 256, 500, recurrent=True),
}
