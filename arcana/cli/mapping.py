"""``arcana map``: a network on a board."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arcana.cli.common import AsJson, Force, print_json, refuse_existing, working
from arcana.errors import BadInput

if TYPE_CHECKING:
    from arcana.hardware.profile import HardwareProfile


def map_command(
    net: Annotated[
        Path, typer.Argument(help="Network: a netlist (text), or a module saved with torch.save (.pt).")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Settings file to write (JSON).")],
    chip: Annotated[str, typer.Option(help="Hardware profile: name or file.")] = "dynapse1",
    weights: Annotated[str, typer.Option(help="auto, repeat (n words for a weight n) or switch (SE2).")] = "auto",
    split: Annotated[
        str | None, typer.Option(help="For neurons with too many inputs: relay or prune. Default: refuse.")
    ] = None,
    share: Annotated[
        str, typer.Option(help="Where biases are more than cores: nearest (share, and say so) or refuse.")
    ] = "nearest",
    defects: Annotated[Path | None, typer.Option(help="Defect map of the board (CSV).")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the searches.")] = 0,
    method: Annotated[str, typer.Option(help="Placement: search, auto or exact.")] = "search",
    note: Annotated[str, typer.Option(help="Written into the file.")] = "",
    report: Annotated[Path | None, typer.Option(help="Also write the report (text).")] = None,
    picture: Annotated[Path | None, typer.Option(help="Also draw the board (PNG).")] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Place a network on a board, route and quantise it, check the result, and write the settings file."""
    refuse_existing(force, out, report, picture, reads=(net, chip, defects))

    from arcana.files import write_all
    from arcana.hardware.defects import DefectMap
    from arcana.hardware.registry import load_profile
    from arcana.mapping.pipeline import map_network

    profile = load_profile(chip)
    bad = None if defects is None else DefectMap.read(defects, profile)
    with working(f"mapping {net}"):
        mapping = map_network(
            _network(net, profile), profile, seed=seed, weights=weights, split=split, share=share,  # type: ignore[arg-type]
            defects=bad, method=method, note=note,  # type: ignore[arg-type]
        )  # fmt: skip
        found = mapping.report()
        files: dict[Path, str | bytes] = {out: mapping.configuration().to_json()}
        if report is not None:
            files[report] = str(found)
        if picture is not None:
            files[picture] = found.picture()
    write_all(files, overwrite=force)
    if as_json:
        print_json({"config": str(out), **found.to_dict()})
    else:
        typer.echo(str(found), nl=False)
        typer.echo(f"settings: {out}")


def _network(path: Path, profile: HardwareProfile) -> object:
    if path.suffix in (".pt", ".pth"):
        from arcana.cli.saved import load_module

        return load_module(path)
    from arcana.netlist import read_netlist

    if path.suffix == ".json":
        hint = "settings files are mapped already: see arcana inspect, export and emulate"
        raise BadInput.one("network", str(path), "a netlist or a module (.pt)", hint=hint)
    return read_netlist(path, profile)
