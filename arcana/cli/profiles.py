"""``arcana profiles``: list, show and check hardware profiles."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from arcana.errors import BadInput
from arcana.hardware.describe import as_tables
from arcana.hardware.registry import check_files, load_profile, profile_names, profile_text

app = typer.Typer(no_args_is_help=True, help="List, show and check hardware profiles.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_profiles(as_json: AsJson = False) -> None:
    """List the profiles that come with arcana."""
    profiles = [load_profile(name) for name in profile_names()]
    if as_json:
        fields = {"name", "full_name", "aliases", "summary"}
        typer.echo(json.dumps([profile.model_dump(mode="json", include=fields) for profile in profiles]))
        return
    for profile in profiles:
        typer.echo(f"{profile.name:<12} {profile.summary}")
        typer.echo(f"{'':<12} also called {', '.join(profile.aliases)}")


@app.command("show")
def show_profile(
    name_or_path: Annotated[str, typer.Argument(help="A name, an alias, or the path of a .toml file.")],
    as_json: AsJson = False,
    as_toml: Annotated[bool, typer.Option("--toml", help="Print the file, to copy and change.")] = False,
) -> None:
    """Show a profile: sizes, constants and how sure they are, and what is unknown."""
    if as_json and as_toml:
        raise BadInput.one("--json --toml", "both", "one of them")
    if as_toml:
        typer.echo(profile_text(name_or_path), nl=False)
    elif as_json:
        typer.echo(json.dumps(as_tables(load_profile(name_or_path))))
    else:
        typer.echo(load_profile(name_or_path).describe())


@app.command("validate")
def validate_profiles(
    paths: Annotated[list[str], typer.Argument(help="Profile files, or names.")],
    as_json: AsJson = False,
) -> None:
    """Check profile files and print everything that is wrong with them; exit code 2 if any is."""
    reports = check_files(paths)
    if as_json:
        typer.echo(json.dumps([report.to_dict() for report in reports]))
    else:
        for report in reports:
            typer.echo(report, err=bool(report.problems))
    if any(report.problems for report in reports):
        raise typer.Exit(2)
