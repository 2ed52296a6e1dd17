"""``arcana inspect``: what a settings file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from arcana.cli.common import AsJson, print_json, table
from arcana.errors import BadInput

_ROWS = 32  # lines of a printed table; JSON has all


def inspect(
    config: Annotated[Path, typer.Argument(help="Settings file written by ChipConfig.save.")],
    profile: Annotated[
        str | None, typer.Option(help="Profile of the chip: name or file. Default: the one that the file names.")
    ] = None,
    as_list: Annotated[
        bool, typer.Option("--bias-list", help="Print the biases as a text list C0c0:(NAME,coarse,fine).")
    ] = False,
    dialect: Annotated[
        str,
        typer.Option(help="Order of the coarse codes in that list: samna (0 is smallest) or caer (0 is largest)."),
    ] = "samna",
    as_json: AsJson = False,
) -> None:
    """Show what is in a settings file: cores, populations, synapses, and each bias with its meaning."""
    if as_list and as_json:
        raise BadInput.one("--bias-list --json", "both", "one of them")

    from arcana.cli.inspection import inspection, load_both

    settings, chip = load_both(config, profile)
    if as_list:
        from arcana.quantize.bias_list import bias_list

        typer.echo(bias_list(settings, chip, dialect), nl=False)  # type: ignore[arg-type]  # it checks the dialect
    elif as_json:
        print_json({"config": str(config), **inspection(settings, chip)})
    else:
        _print(inspection(settings, chip))


def _print(found: dict[str, Any]) -> None:
    seed = "" if found["seed"] is None else f", seed {found['seed']}"
    typer.echo(f"profile {found['profile']} ({found['profile_hash'][:12]}), arcana {found['arcana_version']}{seed}")
    if found["note"]:
        typer.echo(f"note: {found['note']}")
    if found["encoder"] is not None:
        typer.echo("\nencoder: " + ", ".join(f"{key} {_shown(value)}" for key, value in found["encoder"].items()))
    typer.echo()
    header = tuple(found["populations"][0])
    rows = [[row[key] for key in header] for row in found["populations"]]
    typer.echo(table(header, rows) + f"\nat most {found['fan_in_limit']} input words on a neuron of this chip\n")
    rows = [[c["source"], c["target"], c["receptor"], c["delay"], c["synapses"]] for c in found["connections"]]
    typer.echo(table(("from", "to", "receptor", "delay", "synapses"), rows))
    for what in ("inputs", "outputs"):
        if found[what]:
            header = tuple(found[what][0])
            typer.echo("\n" + table(header, [list(row.values()) for row in found[what][:_ROWS]]))
            if len(found[what]) > _ROWS:
                typer.echo(f"... and {len(found[what]) - _ROWS} more {what} (--json lists all)")
    typer.echo(
        f"\n{len(found['violations'])} design-rule findings"
        + "; `arcana drc` lists them" * bool(found["violations"])
    )
    for core in found["cores"]:
        typer.echo(f"\nchip {core['chip']} core {core['core']}")
        rows = [[b["name"], b["coarse"], b["fine"], b["shown"], b["meaning"]] for b in core["biases"]]
        typer.echo(table(("bias", "coarse", "fine", "current", "meaning"), rows))
        for name, value in core["exact"].items():
            typer.echo(f"exact {name}: {value:g} (no chip takes it)")
        for latch, on in core["latches"].items():
            typer.echo(f"latch {latch}: {'on' if on else 'off'}")


def _shown(value: Any) -> str:
    return ", ".join(f"{x:.6g}" for x in value).join("[]") if isinstance(value, list) else str(value)
