"""One interface for whatever is timed: a number of steps of a shape, forward or forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import torch
from torch import Tensor, nn

from benchmarks.network import events
from benchmarks.shapes import Shape


class Job(Protocol):
    """A method at a shape, ready to run."""

    def forward(self, steps: int) -> object:
        """Run the first ``steps`` steps without gradients."""

    def train(self, steps: int) -> object:
        """Run them with gradients, and go back."""


class TorchJob:
    """A torch module that maps events (batch, steps, n_in) to spikes (..., batch, steps, n_out).

    ``run`` gives the spikes of a module; ``around`` makes the context in which the module runs (an engine).
    """

    def __init__(
        self,
        module: nn.Module,
        shape: Shape,
        run: Callable[[nn.Module, Tensor], Tensor],
        around: Callable[[], AbstractContextManager[object]] = nullcontext,
        device: str = "cpu",
        per_tick: int = 1,
    ) -> None:
        self.module, self.run, self.around, self.device = module.to(device), run, around, device
        self.X = events(shape.batch, shape.steps, shape.n_in, per_tick).to(device)
        lead = (shape.chips,) if shape.chips > 1 else ()
        generator = torch.Generator().manual_seed(1)
        self.weight = torch.randn(*lead, shape.batch, 1, shape.n_out, generator=generator).to(device)

    def forward(self, steps: int) -> Tensor:
        """Spikes of the first steps."""
        self.module.eval()  # some toolkits have a shorter path without gradients
        with self.around(), torch.no_grad():
            out = self.run(self.module, self.X[:, :steps])
        self._wait()
        return out

    def train(self, steps: int) -> None:
        """Gradients of a weighted sum of the spikes."""
        self.module.train()
        for parameter in self.module.parameters():
            parameter.grad = None
        with self.around():
            out = self.run(self.module, self.X[:, :steps])
            out.backward(self.weight.expand_as(out))
        self._wait()

    def _wait(self) -> None:
        if self.device.startswith("cuda"):
            torch.cuda.synchronize()
