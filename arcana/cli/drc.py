"""``arcana drc``: what a chip cannot do of a settings file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arcana.cli.common import AsJson, print_json, working

if TYPE_CHECKING:
    from arcana.mapping.drc import DesignRuleViolation

_SHOWN = 100  # violations in the printed list; JSON has all


def drc(
    config: Annotated[Path, typer.Argument(help="Settings file written by ChipConfig.save.")],
    profile: Annotated[
        str | None, typer.Option(help="Profile of the chip: name or file. Default: the one that the file names.")
    ] = None,
    defects: Annotated[
        Path | None, typer.Option(help="What does not work on the board (CSV: chip, core, neuron, cam, tag).")
    ] = None,
    for_chip: Annotated[
        bool, typer.Option("--for-chip", help="The file is meant for a chip: exact currents are errors.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check a settings file against the design rules of its chip.

    Exit code 0: no errors (warnings are allowed), 1: errors, 2: input that cannot be read.
    """
    from arcana.config import ChipConfig
    from arcana.hardware.defects import DefectMap
    from arcana.hardware.registry import load_profile
    from arcana.mapping.drc import check

    settings = ChipConfig.load(config)
    chip = load_profile(profile or settings.profile.name)
    broken = None if defects is None else DefectMap.read(defects, chip)
    with working(f"checking {config}"):
        found = check(settings, chip, broken, for_chip=for_chip)
    errors = sum(v.severity == "error" for v in found)
    if as_json:
        counts = {"errors": errors, "warnings": len(found) - errors}
        listed = [v.to_dict() for v in found]
        print_json({"config": str(config), "profile": chip.name, **counts, "violations": listed})
    else:
        _print(config, found, errors)
    if errors:
        raise typer.Exit(1)


def _print(config: Path, found: tuple[DesignRuleViolation, ...], errors: int) -> None:
    for number, violation in enumerate(found[:_SHOWN], start=1):
        typer.echo(f"{number}. {violation.severity} {violation.rule}: {violation.sentence}")
    if len(found) > _SHOWN:
        typer.echo(f"... and {len(found) - _SHOWN} more (--json lists all)")
    typer.echo(f"{config}: errors: {errors}, warnings: {len(found) - errors}")
