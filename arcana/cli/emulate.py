"""``arcana emulate``: the chip with these settings, fed with a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arcana.cli.common import AsJson, Force, print_json, refuse_existing, seconds, table, working
from arcana.errors import BadInput

if TYPE_CHECKING:
    from arcana.cli.emulation import Run

_ROWS = 32  # neurons in the printed table; JSON has all


def emulate(
    config: Annotated[Path, typer.Argument(help="Settings file written by ChipConfig.save.")],
    file: Annotated[
        Path | None,
        typer.Argument(help="Recording (CSV) if the settings hold an encoder, else an event list (CSV)."),
    ] = None,
    given: Annotated[Path | None, typer.Option("--input", "-i", help="The same, as an option.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Spikes to write (CSV).")] = Path("spikes.csv"),
    aer: Annotated[bool, typer.Option("--aer", help="Write address events: time_s,chip,core,neuron,tag.")] = False,
    defects: Annotated[
        Path | None, typer.Option(help="Defect map of the board (CSV): settings that use a defect are refused.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Profile of the chip: name or file. Default: the one that the file names.")
    ] = None,
    dt: Annotated[str | None, typer.Option(help="Sampling step of a recording without a time column [s].")] = None,
    duration: Annotated[
        str | None, typer.Option(help="How long to run on an event list [s]. Default: to the last event.")
    ] = None,
    chips: Annotated[
        int | None, typer.Option(help="Virtual chips with mismatch. Default: one chip without.")
    ] = None,
    cv: Annotated[
        float | None, typer.Option(help="Mismatch of all biases, 0 to 1. Default: the profile's.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the mismatch.")] = 0,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Emulate a board from its settings file alone, and write the spikes of its outputs."""
    if (file is None) == (given is None):
        raise BadInput.one("--input", str(given), "one file: --input FILE, or FILE without the option")
    source = file or given
    assert source is not None
    refuse_existing(force, output, reads=(config, source, profile, defects))

    from arcana.cli.emulation import run, write

    with working(f"emulating {config}"):
        done = run(config, source, profile, seconds(dt), seconds(duration), chips, cv, seed, defects)
        write(done, output, force, aer)
    if as_json:
        print_json({"output": str(output), **done.to_dict()})
    else:
        _print(done, output)


def _print(done: Run, output: Path) -> None:
    names = [name for name, _ in done.outputs]
    rows = list(zip(names, *(done.rates[key] for key in ("mean", "lowest", "highest")), strict=True))
    header = ["output", "rate_Hz"]
    cells = [[neuron, f"{mean:.4g}"] for neuron, mean, _, _ in rows]
    if done.chips > 1:
        header += ["lowest_chip", "highest_chip"]
        cells = [[*cell, f"{low:.4g}", f"{high:.4g}"] for cell, (_, _, low, high) in zip(cells, rows, strict=True)]
    typer.echo(table(header, cells[:_ROWS]))
    if len(cells) > _ROWS:
        typer.echo(f"... and {len(cells) - _ROWS} more outputs (--json lists all)")
    if done.load is not None and done.energy is not None:
        rates = ", ".join(f"{name} {rate:.4g}" for name, rate in done.load.per_second.items())
        typer.echo(f"events per second: {rates}")
        if done.load.peak_link is not None:
            link, rate = done.load.peak_link
            typer.echo(f"busiest link: chip {link.source} to chip {link.target}, {rate:.4g} per second")
        typer.echo(f"energy: {done.energy}")
    chips = f" on {done.chips} chips" if done.chips > 1 else ""
    typer.echo(f"{done.spikes} spikes of {done.neurons} outputs{chips} in {done.seconds:.6g} s -> {output}")
