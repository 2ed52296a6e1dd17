"""``arcana rates run``: a balanced network of rate units from a configuration file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from arcana.cli.common import AsJson, Force, check_folder, note, print_json, refuse_existing, table
from arcana.errors import Problems

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Balanced networks of rate units.")


@app.callback()
def _group() -> None:
    """Balanced networks of rate units."""


@app.command("run")
def run_command(
    config: Annotated[str, typer.Argument(help="YAML or JSON file; two_populations.yml is shipped.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="A field that differs: NAME=VALUE, as in YAML; may be repeated."),
    ] = None,
    batch: Annotated[int | None, typer.Option(help="Runs side by side, each from its own first state.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of connections, first states and noise.")] = None,
    record: Annotated[str | None, typer.Option(help="first population, or all.")] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File for rates, times and configuration (.npz).")
    ] = Path("rates.npz"),
    plot: Annotated[Path | None, typer.Option(help="Picture of the rates (.png).")] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Simulate a network, write its rates, and say what they are like."""
    from arcana.networks.rate.files import read_config

    read = read_config(config, **_overrides(set_ or [], batch, seed, record))
    problems = Problems()
    for name, path, suffix in (("--out", out, ".npz"), ("--plot", plot, ".png")):
        if path is not None and path.suffix != suffix:
            problems.note(name, str(path), f"a file whose name ends with {suffix}")
    problems.raise_if_any()
    for path in (out, *([] if plot is None else [plot])):
        check_folder(path.parent)
    refuse_existing(force, out, plot, reads=[config])

    from arcana.networks.rate.memory import check_fits

    told = f"{read.neurons:,} neurons, {read.steps:,} steps of {1e3 * read.dt_s:g} ms ({read.integration})"
    note(f"{told}; memory: about {check_fits(read) / 1e6:.2g} MB")

    import torch

    from arcana.cli.chip_progress import Bars
    from arcana.files import write_all
    from arcana.networks.rate.analysis import population_curves, rate_statistics
    from arcana.networks.rate.network import RateNetwork
    from arcana.networks.rate.stored_runs import run_bytes

    torch.set_num_threads(1)  # many small operations: a second thread costs more than it brings
    network = RateNetwork.from_config(read)
    with Bars() as bars:
        rates = network(progress=bars.begin("steps"))
    files: dict[Path, str | bytes] = {out: run_bytes(read, rates)}
    if plot is not None:
        from arcana.networks.rate.pictures import curves_picture

        files[plot] = curves_picture(network, rates)
    write_all(files, force)
    names, first, rows = population_curves(network, rates), 0, []
    for name, size in zip(names, read.sizes, strict=False):
        rows.append(rate_statistics(rates[..., first : first + size], name))
        first += size
    if as_json:
        print_json(
            {
                "shape": list(rates.shape),
                "populations": [vars(row) for row in rows],
                "files": [str(p) for p in files],
            }
        )
        return
    cells = [[r.name, f"{r.mean:.4g}", f"{r.sd:.4g}", f"{100 * r.silent:.1f} %", f"{r.cv:.3g}"] for r in rows]
    typer.echo(table(["population", "mean rate", "sd of neurons", "silent", "cv in time"], cells))
    for path in files:
        note(f"written: {path}")


def _overrides(given: list[str], batch: int | None, seed: int | None, record: str | None) -> dict[str, Any]:
    import yaml

    found, problems = dict[str, Any](), Problems()
    for text in given:
        name, equals, value = text.partition("=")
        if name.strip() in found:
            problems.note("--set", text, f"{name.strip()} once")
        try:
            found[name.strip()] = yaml.safe_load(value)
        except yaml.YAMLError:
            equals = ""
        if not equals or not name.strip():
            problems.note("--set", text, "NAME=VALUE, such as K=100 or tau_s=[0.04,0.02]")
    options = {"batch": ("N_BATCH", batch), "seed": ("SEED", seed), "record": ("", record)}
    for ours, (theirs, option) in options.items():
        if option is not None and {ours, theirs} & set(found):
            problems.note(f"--{ours}", option, "the option or --set, not both")
    problems.raise_if_any()
    return found | {name: option for name, (_, option) in options.items() if option is not None}
