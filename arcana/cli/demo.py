"""``arcana demo``: the whole road on real recordings."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

FOLDER = Path("arcana-demo")


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the report and the settings file.")
    ] = Path("arcana-demo"),
    profile: Annotated[str, typer.Option(help="Hardware profile.")] = "dynapse1",
    seed: Annotated[int, typer.Option(help="Seed of weights, training windows and virtual chips.")] = 0,
    speed: Annotated[float, typer.Option(help="How many times faster than life the recordings are played.")] = 10.0,
    updates: Annotated[int | None, typer.Option(help="Optimiser steps.")] = None,
    chips: Annotated[int, typer.Option(help="Virtual chips for each size of mismatch.")] = 32,
    quick: Annotated[bool, typer.Option("--quick", help="A small version, to see that it runs.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the files of an earlier run.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Results as JSON on standard output.")] = False,
) -> None:
    """Wrist movements -> spikes -> trained DPI network -> bias codes -> emulated, mismatched chips.

    Exit code 1 if the float network stays below 95 %, the quantised one more than 3 points below it, or the mean
    chip at CV 0.1 more than 5 points below it.
    """
    import torch
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Table

    from arcana.demo.report import accuracy_rows
    from arcana.demo.run import run_demo
    from arcana.demo.settings import Settings
    from arcana.demo.verdict import shortfalls

    settings = Settings(profile=profile, seed=seed, speed=speed, chips=chips)
    if quick:
        settings = replace(settings, speed=50.0, hidden=24, per_class=4, window=60, updates=3)
    if updates is not None:
        settings = replace(settings, updates=updates)
    torch.set_num_threads(1)  # many small operations: a second thread costs more than it brings
    screen = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen) as progress:
        training = progress.add_task("training", total=settings.updates)
        checking = progress.add_task("measuring", total=None)

        def on_train(done: int, loss: float, accuracy: float) -> None:
            text = f"training (loss {loss:.2f}, accuracy {100 * accuracy:.0f} %)"
            progress.update(training, completed=done, description=text)
            if not screen.is_terminal and done % 10 == 0:
                print(f"{text}, update {done} of {settings.updates}", file=sys.stderr, flush=True)

        def on_study(name: str) -> None:
            progress.update(checking, advance=1, description=f"measured: {name}")
            if not screen.is_terminal:
                print(f"measured: {name}", file=sys.stderr, flush=True)

        done = run_demo(output, settings, force, on_train, on_study)
    missed = shortfalls(done.results)
    if as_json:
        typer.echo(json.dumps({**done.to_dict(), "shortfalls": missed}, indent=2))
    else:
        table = Table(title=f"Test accuracy, {profile}, seed {seed}", title_justify="left")
        table.add_column("network")
        table.add_column("accuracy", justify="right")
        table.add_column("worst chip", justify="right")
        for row in accuracy_rows(done.results):
            table.add_row(*row)
        out = Console()
        out.print(table)
        out.print(f"report:   {done.report}")
        for path in done.configs.values():
            out.print(f"settings: {path}")
        out.print(f"series:   {done.series}")
    for text in missed:
        screen.print(f"falls short: {text}")
    raise typer.Exit(1 if missed and not quick else 0)
