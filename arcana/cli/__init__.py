"""The command line. Each command is a file; what is heavy is imported when a command runs."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from typing import Annotated, Any, TextIO

import typer
from typer.core import TyperGroup

from arcana import __version__
from arcana.cli import brnn, profiles, rates
from arcana.cli.drc import drc
from arcana.cli.emulate import emulate
from arcana.cli.encode import encode
from arcana.cli.export import export
from arcana.cli.importing import import_command
from arcana.cli.inspect import inspect
from arcana.cli.mapping import map_command
from arcana.cli.robustness import robustness
from arcana.errors import ArcanaError, ArcanaWarning, BadInput

_SHOWN = 20  # problems that are spelled out
# Other warnings keep Python's own form: they are not addressed to the user of a command.
_python_form = warnings.showwarning
_said: set[str] = set()  # warnings of the command that runs


class _Commands(TyperGroup):
    """Turns an ``ArcanaError`` into its text on stderr and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; warnings of arcana are one line each on stderr, and the same one is said once."""
        _said.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("always", ArcanaWarning)
            warnings.showwarning = _show_warning
            try:
                return super().invoke(ctx)
            except ArcanaError as error:
                for line in _lines(error):
                    typer.echo(f"error: {line}", err=True)
                raise typer.Exit(2) from None


def _lines(error: ArcanaError) -> list[str]:
    """A line for each problem, with the file in front where there is one, and how many are not shown."""
    if not isinstance(error, BadInput):
        return [" ".join(str(error).split())]
    path = getattr(error, "path", "")
    shown = [f"{path}: {problem}" if path else str(problem) for problem in error.problems[:_SHOWN]]
    more = len(error.problems) - len(shown)
    return [" ".join(line.split()) for line in shown] + ([f"... and {more} more"] if more else [])


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    if issubclass(category, ArcanaWarning):
        if str(message) not in _said:
            _said.add(str(message))
            typer.echo(f"warning: {message}", err=True)
    else:
        _python_form(message, category, filename, lineno, file, line)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # it would take "[s]" for markup
    help="Emulate, train and deploy networks of analog DPI neurons on the Dynap-SE chips.",
)
app.add_typer(profiles.app, name="profiles")
app.add_typer(brnn.app, name="brnn")
app.add_typer(rates.app, name="rates")
app.command("encode")(encode)
app.command("inspect")(inspect)
app.command("map")(map_command)
app.command("emulate")(emulate)
app.command("robustness")(robustness)
app.command("export")(export)
app.command("import")(import_command)
app.command("drc")(drc)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _all_commands(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the command."""


if importlib.util.find_spec("arcana.cli.demo") is not None:
    app.command("demo")(importlib.import_module("arcana.cli.demo").demo)


def main() -> None:
    """The console script ``arcana``."""
    app(prog_name="arcana")
    sys.exit(0)
