"""``arcana export``: a settings file in the form of another tool."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from arcana.cli.common import AsJson, Force, note, print_json, refuse_existing, working

Order = Annotated[
    str, typer.Option(help="Which code of a pair stands first: coarse-fine or fine-coarse (bias-text only).")
]
Dialect = Annotated[
    str | None,
    typer.Option(
        help="Order of coarse codes: samna (0 is smallest) or caer (0 is largest). Default: the form's own."
    ),
]


def export(
    config: Annotated[Path, typer.Argument(help="Settings file written by ChipConfig.save.")],
    to: Annotated[
        str,
        typer.Option(help="bias-text, set-bias, netparser, caer-words, netlist, samna1, samna2 or script."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write.")],
    profile: Annotated[
        str | None, typer.Option(help="Profile of the chip: name or file. Default: the one that the file names.")
    ] = None,
    dialect: Dialect = None,
    order: Order = "coarse-fine",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write a settings file as biases, words, connections, the vendor's configuration, or a script."""
    refuse_existing(force, out, reads=(config, profile))

    from arcana.cli.inspection import load_both
    from arcana.files import write_whole
    from arcana.interop import export_config, left_out

    settings, chip = load_both(config, profile)
    with working(f"writing {out}"):
        text = export_config(settings, chip, to, dialect=dialect, order=order)  # type: ignore[arg-type]  # it checks
        write_whole(out, text, overwrite=force)
    missing = left_out(settings, to)
    if as_json:
        result = {"config": str(config), "form": to, "output": str(out), "bytes": len(text.encode())}
        print_json({**result, "profile": chip.name, "left_out": missing})
        return
    typer.echo(f"{to}: {out}")
    if missing:
        note("not in it: " + ", ".join(missing))
