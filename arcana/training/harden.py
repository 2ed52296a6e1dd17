"""``harden``: train a network on chips that differ, so that it works on one that it has not seen."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from arcana.engine.stiffness import StiffDriveWarning
from arcana.graph import Solver
from arcana.mismatch import MismatchModel
from arcana.nn.base import DPIModule
from arcana.nn.chips import apply_mismatch, remove_mismatch
from arcana.nn.parameter import CountParameter, UpdateParams
from arcana.nn.sequential import dpi_layers
from arcana.training.attack import Attack
from arcana.training.batches import source_of
from arcana.training.harden_checks import check, scale_of
from arcana.training.on_layers import Loss, front_of, mean_loss, training
from arcana.training.schedule import Ramp, Schedule

Method = Literal["plain", "sample", "attack", "both"]


@dataclass(frozen=True)
class Update:
    """What one update saw.

    Attributes:
        number: 0, 1, 2 ...
        scale: Share of the mismatch that was in.
        loss: Loss of the chips of this update before its step; of the network without mismatch where none is drawn.
        worst: Loss of the worst chips found near them; None without an attack.
    """

    number: int
    scale: float
    loss: float
    worst: float | None


def harden(
    net: nn.Module,
    data: Any,
    loss: Loss,
    *,
    mismatch: MismatchModel | None,
    method: Method = "sample",
    updates: int,
    seed: int,
    schedule: Schedule = Ramp(),  # noqa: B008  (it is frozen)
    chips: int = 1,
    attack: Attack = Attack(),  # noqa: B008  (it is frozen)
    beta: float = 1.0,
    batch: int | None = None,
    window: int | None = None,
    whole_from: float | None = 0.6,
    count_rate: float = 0.3,
    bias_rate: float = 0.01,
    clip: float = 1.0,
    solver: Solver | None = "heun",
    substeps: int | None = 2,
    progress: Callable[[Update], None] | None = None,
) -> tuple[Update, ...]:
    """Minimise L = mean over chips of loss(chip) + beta loss(worst chip near it).

    ============  =====================================  =================================
    method        chips of an update                     worst chip near each of them
    ============  =====================================  =================================
    ``plain``     one without mismatch                   -
    ``sample``    ``chips`` fresh ones                   -
    ``attack``    one without mismatch                   yes, see ``Attack``
    ``both``      ``chips`` fresh ones                   yes
    ============  =====================================  =================================

    Adam with a cosine from its rates to 0, gradients clipped; after each step the parameters are put back into what
    a chip can hold (``UpdateParams``). Series and windows are the same for every method.

    Args:
        net: A ``DPILayer`` or a ``Sequential``; trained in place. At the end it has no mismatch, and its solver is
            what it was. What comes before its first DPI layer (an encoder) is not trained.
        data: Series and targets ``(X, targets)``, X (B, T, channels); or a function that gives them for the number
            of an update.
        loss: ``loss(spikes_1, ..., spikes_n, targets)`` of the spikes (B, T, n) of every DPI layer on one chip.
        mismatch: Spread of the biases; None is allowed for ``plain``.
        method: See the table.
        updates: Steps of the optimiser.
        seed: Of batches, windows, chips and attacks; chips ``n * chips`` to ``n * chips + chips - 1`` of
            ``mismatch.sample(..., seed)`` are those of update n, so judge by another seed.
        schedule: Scale of the mismatch, 0 to 1, by the share of updates done. At 0 an update is a plain one.
        chips: Chips of an update.
        attack: How the worst chip is found.
        beta: Weight of its loss.
        batch: Series of an update; None takes all.
        window: Steps of an update, at a random place; None takes all.
        whole_from: Share of updates from which on weights are what the chip has (whole numbers of synapses, or sums
            of weight switches), with gradients straight through; before it they have fractions, and at the end they
            are whole. None leaves ``whole_weights`` of the layers alone.
        count_rate: Learning rate of synapse counts.
        bias_rate: Learning rate of everything else that is trained (ln of the biases).
        clip: Largest norm of the gradient.
        solver: Of all layers in training; None leaves each its own, and then ``substeps`` too.
        substeps: Inner steps of that solver. Chips differ, and on some of them neurons are driven harder: with one
            inner step of 2 ms gradients grew to 10^6 there, and training went astray.
        progress: Called after each update.

    Returns:
        What each update saw.

    Raises:
        BadInput: listing everything that was refused; in training, for a loss that is not one finite number.
    """
    options = {
        "updates": updates, "seed": seed, "schedule": schedule, "chips": chips, "beta": beta, "batch": batch,
        "window": window, "whole_from": whole_from, "count_rate": count_rate, "bias_rate": bias_rate, "clip": clip,
        "solver": solver, "substeps": substeps,
    }  # fmt: skip
    check(net, data, loss, mismatch, method, attack, options)
    model = mismatch or MismatchModel(0)
    layers = dpi_layers(net).values()
    trained = [p for p in net.parameters() if p.requires_grad]
    optimizer = _optimizer(trained, count_rate, bias_rate)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, updates)
    history: list[Update] = []
    with training(net, solver, substeps), _kept_if_it_fails(layers), warnings.catch_warnings():
        source = source_of(data, front_of(net), batch, window, seed)
        warnings.simplefilter("ignore", StiffDriveWarning)  # training may pass there; what is judged may not
        for k in range(updates):
            events, targets = source(k)
            if whole_from is not None:
                for layer in layers:
                    layer.whole_weights = k >= whole_from * updates

            def judged() -> torch.Tensor:
                return mean_loss(net, events, targets, loss)  # noqa: B023  (called in this round only)

            scale = 0.0 if method == "plain" else scale_of(schedule(k / updates), k / updates)
            here = model.scaled(scale)
            remove_mismatch(net)
            if scale and method != "attack":
                apply_mismatch(net, here.sample(chips, seed, first=k * chips))
            optimizer.zero_grad()
            value, worst = judged(), None
            value.backward()  # type: ignore[no-untyped-call]
            if scale and method in ("attack", "both"):
                attack(net, judged, here, (seed, k))
                worst = judged()
                (beta * worst).backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(trained, clip)
            optimizer.step()
            decay.step()
            history.append(Update(k, scale, value.item(), None if worst is None else worst.item()))
            if progress is not None:
                progress(history[-1])
    if whole_from is not None:
        for layer in layers:
            layer.whole_weights = True
    return tuple(history)


@contextmanager
def _kept_if_it_fails(layers: Collection[DPIModule]) -> Iterator[None]:
    """A loss that is no number, or Ctrl-C, leaves ``whole_weights`` as it was."""
    before = [layer.whole_weights for layer in layers]
    try:
        yield
    except BaseException:
        for layer, whole in zip(layers, before, strict=True):
            layer.whole_weights = whole
        raise


def _optimizer(trained: list[nn.Parameter], count_rate: float, bias_rate: float) -> torch.optim.Adam:
    counts = [p for p in trained if isinstance(p, CountParameter)]
    others = [p for p in trained if not isinstance(p, CountParameter)]
    groups = [{"params": counts, "lr": count_rate}, {"params": others, "lr": bias_rate}]
    optimizer = torch.optim.Adam([group for group in groups if group["params"]])
    optimizer.register_step_post_hook(UpdateParams)
    return optimizer
