"""``arcana import``: a settings file from the form of another tool."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from arcana.cli.common import AsJson, Force, print_json, refuse_existing, seconds, working
from arcana.cli.export import Dialect, Order
from arcana.errors import BadInput


def import_command(
    file: Annotated[Path, typer.Argument(help="File in the form of another tool.")],
    form: Annotated[
        str, typer.Option("--from", help="bias-text, set-bias, netparser, caer-words, netlist, samna1 or samna2.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Settings file to write (JSON).")],
    chip: Annotated[str, typer.Option(help="Hardware profile: name or file.")] = "dynapse1",
    dialect: Dialect = None,
    order: Order = "coarse-fine",
    place: Annotated[
        str | None, typer.Option(help="Core of set-bias lines that do not say it, such as C0c1.")
    ] = None,
    dt: Annotated[str, typer.Option(help="Time step of an emulation, such as 1ms [s].")] = "1ms",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Read biases, words, connections or the vendor's configuration into a settings file.

    What the form does not hold stays empty: `arcana inspect` and `arcana drc` show what is missing.
    """
    refuse_existing(force, out, reads=(file, chip))

    from arcana.hardware.registry import load_profile
    from arcana.interop import import_config

    step = seconds(dt)
    where = None if place is None else _place(place)
    with working(f"reading {file}"):
        config = import_config(
            file, load_profile(chip), form, dialect=dialect, order=order, place=where, dt=step or 0.0,  # type: ignore[arg-type]
        )  # fmt: skip
        config.save(out, overwrite=force)
    counts = {
        "cores": len(config.cores),
        "biases": sum(len(core.biases) for core in config.cores),
        "neurons": len(config.neurons),
        "input_words": sum(len(n.cams) for n in config.neurons),
        "output_words": sum(len(n.srams) for n in config.neurons),
    }
    if as_json:
        print_json({"file": str(file), "form": form, "config": str(out), "profile": config.profile.name, **counts})
    else:
        found = ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in counts.items())
        typer.echo(f"settings: {out} ({found})")


def _place(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"C(\d{1,9})c(\d{1,9})", text, re.ASCII)
    if match is None:
        raise BadInput.one("--place", text, "a core, C<chip>c<core>")
    return int(match[1]), int(match[2])
