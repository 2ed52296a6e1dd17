"""Training of the demo network with surrogate gradients, on synapse counts and biases together."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch.nn.functional import cross_entropy

from arcana.demo.network import Task, parts, set_solver, set_whole
from arcana.demo.settings import Settings
from arcana.engine.stiffness import StiffDriveWarning
from arcana.mismatch import MismatchModel
from arcana.nn.chips import apply_mismatch, remove_mismatch
from arcana.nn.encoder import ADM, SlewOverloadWarning
from arcana.nn.parameter import CountParameter, UpdateParams
from arcana.nn.readout import population_rates
from arcana.nn.sequential import Sequential
from arcana.typing import Tensor

LOWEST, HIGHEST = 10.0, 80.0  # [Hz]: where the rates of hidden neurons are not penalised
RATE_UNIT = 8.0  # [Hz]: one unit of the logits


def encode(adm: ADM, signal: Tensor) -> Tensor:
    """Events of the encoder. Its slew overload is measured and reported, so it need not warn as well."""
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", SlewOverloadWarning)
        events: Tensor = adm(signal)
    return events


def train(net: Sequential, task: Task, settings: Settings, step: Callable[[float, float], None]) -> None:
    """Minimise the cross-entropy of the class rates on random windows; whole-number weights in the last part.

    Every update sees another virtual chip, so that what is learnt does not hang on one.

    Args:
        net: From ``build``; left with whole-number weights.
        task: The recordings.
        settings: Numbers of updates and rates.
        step: Called after each update with loss and training accuracy.
    """
    events, classes = encode(parts(net)[0], task.train_x), len(task.class_names)
    generator = torch.Generator().manual_seed(settings.seed)
    trained = [p for p in net.parameters() if p.requires_grad]
    counts = [p for p in trained if isinstance(p, CountParameter)]
    biases = [p for p in trained if not isinstance(p, CountParameter)]
    optimizer = torch.optim.Adam(
        [{"params": counts, "lr": settings.weight_rate}, {"params": biases, "lr": settings.bias_rate}]
    )
    optimizer.register_step_post_hook(UpdateParams)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.updates)
    set_solver(net, "heun", 1)
    model = MismatchModel(settings.training_cv)
    window = min(settings.window, events.shape[-2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StiffDriveWarning)  # training may pass there; what is judged may not
        for k in range(settings.updates):
            set_whole(net, k >= settings.rounding_from * settings.updates)
            apply_mismatch(net, model.sample(1, settings.seed, first=k))
            start = int(torch.randint(events.shape[-2] - window + 1, (), generator=generator))
            hidden, out = layer_spikes(net, events[:, start : start + window])
            rates = population_rates(out, classes, settings.dt)
            loss = cross_entropy(rates / RATE_UNIT, task.train_y) + rate_cost(hidden, out, settings.dt)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            schedule.step()
            step(loss.item(), _accuracy(rates, task.train_y))
    remove_mismatch(net)
    set_whole(net, True)
    set_solver(net, "rk4", None)


def layer_spikes(net: Sequential, events: Tensor) -> tuple[Tensor, Tensor]:
    """Spikes of the hidden layer and of the read-out."""
    _, first, second = parts(net)
    hidden, _ = first(events)
    out, _ = second(hidden)
    return hidden, out


def rate_cost(hidden: Tensor, out: Tensor, dt: float) -> Tensor:
    """Keeps neurons between silence and saturation, where there is something to learn."""
    rates = hidden.mean((0, 1)) / dt
    strays = (rates - HIGHEST).clamp(min=0) + (LOWEST - rates).clamp(min=0)
    silent = (LOWEST - out.mean(1) / dt).clamp(min=0)
    return 2e-3 * strays.mean() + 1e-2 * silent.mean()


def _accuracy(rates: Tensor, classes: Tensor) -> float:
    return float((rates.argmax(-1) == classes).float().mean())
