"""The demo network trained by both engines: the same accuracy, at a fraction of the time.

    python examples/04_engines.py
    python examples/04_engines.py --updates 10

Trains the network of ``arcana demo`` (BasicMotions recordings, two layers of DPI neurons on biases and counts)
once with the compiled kernels and once with the reference engine in eager torch, from the same start and on the
same random windows, and prints accuracy on the test recordings, the first updates' losses, and the ratio of the
times. The kernels are compiled before the clock starts (a few seconds, once for each version of arcana).
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace

import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import arcana
from arcana.demo.network import Task, build, load_task, parts
from arcana.demo.settings import Settings
from arcana.demo.train import encode, layer_spikes, train
from arcana.nn.readout import population_rates


@dataclass(frozen=True)
class Run:
    """One engine: losses of the updates, accuracies in [0, 1], times [s]."""

    engine: str
    losses: tuple[float, ...]
    train: float
    test: float
    training_seconds: float
    testing_seconds: float


def run(engine: str, settings: Settings, task: Task, progress: Progress) -> Run:
    net = build(settings, task, arcana.load_profile(settings.profile))
    losses: list[float] = []
    bar = progress.add_task(engine, total=settings.updates)

    def step(loss: float, _: float) -> None:
        losses.append(loss)
        progress.advance(bar)

    with arcana.use_engine(engine):
        start = time.perf_counter()
        train(net, task, settings, step)
        trained = time.perf_counter()
        test = accuracy(net, task.test_x, task.test_y, settings)
        tested = time.perf_counter()
        train_accuracy = accuracy(net, task.train_x, task.train_y, settings)
    return Run(engine, tuple(losses), train_accuracy, test, trained - start, tested - trained)


@torch.no_grad()
def accuracy(net: arcana.Sequential, signal: torch.Tensor, classes: torch.Tensor, settings: Settings) -> float:
    """With the default solver, over the whole recordings."""
    _, out = layer_spikes(net, encode(parts(net)[0], signal))
    rates = population_rates(out, int(classes.max()) + 1, settings.dt)
    return float((rates.argmax(-1) == classes).float().mean())


def main(updates: int | None = None, show: bool = True, settings: Settings | None = None) -> list[Run]:
    settings = settings or Settings()
    settings = replace(settings, updates=updates or settings.updates)
    task = load_task(settings)
    console = Console(quiet=not show)
    with Progress(console=console, disable=not show) as progress:
        run("fused", replace(settings, updates=1), task, progress)  # compiles
        runs = [run(engine, settings, task, progress) for engine in ("fused", "reference")]
    fused, reference = runs
    table = Table(title=f"{settings.updates} updates of the demo network")
    for column in ("engine", "training", "testing", "train", "test", "losses of the first updates"):
        table.add_column(column, justify="left" if column == "engine" else "right")
    for one in runs:
        first = " ".join(f"{loss:.4f}" for loss in one.losses[:3])
        table.add_row(
            one.engine, f"{one.training_seconds:.1f} s", f"{one.testing_seconds:.2f} s",
            f"{one.train:.1%}", f"{one.test:.1%}", first,
        )  # fmt: skip
    console.print(table)
    console.print(
        f"reference / fused: training {reference.training_seconds / fused.training_seconds:.1f} x, "
        f"testing {reference.testing_seconds / fused.testing_seconds:.1f} x"
    )
    return runs


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=None, help="optimiser steps (default: the demo's)")
    updates = parser.parse_args().updates
    torch.set_num_threads(1)  # eager torch is slower with more: its operations are small
    main(updates)
