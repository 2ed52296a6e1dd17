"""``arcana encode``: a recording as UP and DOWN events."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from arcana.cli.common import AsJson, Force, note, print_json, refuse_existing, seconds, table, working
from arcana.errors import Problems

if TYPE_CHECKING:
    from arcana.cli.encoding import Encoding


def encode(
    file: Annotated[Path, typer.Argument(help="Recording: a CSV file with a row for each sample.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Event list to write (CSV).")],
    dt: Annotated[str | None, typer.Option(help="Sampling step, such as 0.01 or 10ms [s].")] = None,
    threshold: Annotated[float | None, typer.Option(help="Threshold, UP and DOWN.")] = None,
    threshold_up: Annotated[float | None, typer.Option(help="Threshold of UP events.")] = None,
    threshold_down: Annotated[float | None, typer.Option(help="Threshold of DOWN events.")] = None,
    max_rate: Annotated[
        float | None, typer.Option(help="Fit thresholds to at most this many events per second and channel [Hz].")
    ] = None,
    refractory: Annotated[int, typer.Option(help="Steps after an event without another one.")] = 0,
    upsample: Annotated[int, typer.Option(help="Steps of the encoder for each sample.")] = 1,
    reset: Annotated[
        Literal["level", "signal"], typer.Option(help="What the reference does after an event.")
    ] = "level",
    standardise: Annotated[
        bool, typer.Option("--standardise/--raw", help="Put each channel in units of its standard deviation first.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(help="Picture of signal and reconstruction (PNG).")] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Encode a recording with the asynchronous delta modulator (ADM).

    Without a threshold or --max-rate, thresholds are fitted to one event in five samples and channel at most.
    Exit code 1 if no channel has an event.
    """
    problems = Problems()
    ups = {"--threshold-up": threshold_up, "--threshold-down": threshold_down}
    named = [name for name, value in ups.items() if value is not None]
    if len(named) == 1:
        problems.note(named[0], ups[named[0]], "both --threshold-up and --threshold-down, or --threshold")
    ways = [("--threshold", threshold), ("/".join(ups), threshold_up), ("--max-rate", max_rate)]
    used = [name for name, value in ways if value is not None]
    if len(used) > 1:
        problems.note(" ".join(used), "given together", "one of them")
    problems.raise_if_any()
    refuse_existing(force, output, plot, reads=(file,))

    from arcana.cli.encoding import encode_file, write

    step = seconds(dt)
    up, down = (threshold, threshold) if threshold is not None else (threshold_up, threshold_down)
    with working(f"encoding {file}"):
        done = encode_file(file, step, up, down, max_rate, refractory, upsample, reset, standardise)
        write(done, output, plot, force)
    if done.fitted_to is not None:
        note(f"thresholds fitted to at most {done.fitted_to:.6g} events per second and channel")
    if as_json:
        print_json({"output": str(output), "plot": None if plot is None else str(plot), **done.to_dict()})
    else:
        _print(done, output)
    if done.events == 0:
        note("no channel has an event: choose smaller thresholds")
        raise typer.Exit(1)


def _print(done: Encoding, output: Path) -> None:
    header = "channel name up down rate_Hz threshold_up threshold_down nrmse worst_error error_bound overloaded"
    rows = [[_shown(value) for value in channel.values()] for channel in done.channels]
    typer.echo(table(header.split(), rows))
    typer.echo(f"{done.samples} samples of {done.dt:g} s, {done.events} events -> {output}")
    typer.echo(done.slew)


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
