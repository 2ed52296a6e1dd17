"""A network as training sees it: the spikes of every layer, on one chip or several, and their loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import nn

from arcana.errors import BadInput
from arcana.graph import Solver
from arcana.nn.base import DPIModule
from arcana.nn.chips import remove_mismatch
from arcana.nn.sequential import Sequential, dpi_layers
from arcana.typing import Tensor


class Loss(Protocol):
    """A number to make small, from the spikes of all DPI layers (B, T, n) on one chip, in order, and targets."""

    def __call__(self, *spikes_and_targets: Any) -> Tensor:
        """``loss(spikes_1, ..., spikes_n, targets)``, a tensor of one number."""
        ...


def split(net: nn.Module) -> tuple[list[nn.Module], list[nn.Module]]:
    """The modules before the first DPI layer (encoders), and the others."""
    modules = list(net) if isinstance(net, Sequential) else [net]
    first = next(k for k, module in enumerate(modules) if isinstance(module, DPIModule))
    return modules[:first], modules[first:]


def front_of(net: nn.Module) -> Callable[[Tensor], Tensor]:
    """What makes events of the input of a network, without gradients."""
    modules = split(net)[0]

    @torch.no_grad()
    def front(X: Tensor) -> Tensor:
        for module in modules:
            X = module(X)
        return X

    return front


def mean_loss(net: nn.Module, events: Tensor, targets: Any, loss: Loss) -> Tensor:
    """Mean over the chips of the loss of each chip.

    Raises:
        BadInput: if the loss is not one finite number.
    """
    outputs: list[Tensor] = []
    for module in split(net)[1]:
        events = module(events)
        if isinstance(module, DPIModule):
            events = events[0]
            outputs.append(events)
    if outputs[-1].ndim == 3:
        return _checked(loss(*outputs, targets))
    losses = [_checked(loss(*spikes, targets)) for spikes in zip(*outputs, strict=True)]
    return torch.stack(losses).mean()


def _checked(value: Any) -> Tensor:
    if not isinstance(value, torch.Tensor) or value.ndim:
        shape = f"{type(value).__name__}{tuple(getattr(value, 'shape', ()))}"
        raise BadInput.one("loss", shape, "a tensor of one number", hint="take its mean")
    if torch.is_grad_enabled() and not value.requires_grad:
        hint = "argmax, item() and detach() have no gradient: use rates, such as population_rates"
        raise BadInput.one("loss", "a number without gradient", "one that follows from the spikes", hint=hint)
    if not bool(torch.isfinite(value)):
        raise BadInput.one(
            "loss", value.item(), "a finite number", hint="smaller learning rates, or a milder start"
        )
    return value


@contextmanager
def training(net: nn.Module, solver: Solver | None, substeps: int | None) -> Iterator[None]:
    """The network in training, with a solver to train by; without mismatch after it, else as it was before."""
    layers = dpi_layers(net).values()
    before, mode = [(layer.solver, layer.substeps) for layer in layers], net.training
    net.train()
    if solver is not None:
        for layer in layers:
            layer.solver, layer.substeps = solver, substeps
    try:
        yield
    finally:
        remove_mismatch(net)
        net.train(mode)
        for layer, (was, steps) in zip(layers, before, strict=True):
            layer.solver, layer.substeps = was, steps
