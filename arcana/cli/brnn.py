"""``arcana brnn compare``: which rules of biology cost how much on a task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arcana.cli.common import AsJson, Force, check_folder, note, print_json, refuse_existing, table
from arcana.errors import BadInput, Problems, unknown_name

if TYPE_CHECKING:
    from arcana.networks.brnn.comparison import Comparison
    from arcana.networks.brnn.task import Task

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Biologically plausible recurrent networks: the bRNN family."
)
DEFAULT = "vanilla,simple_gru,full_gru,cb_gru,cb_rnn,cb_rnn_tied,dale_cb,cb_rnn_stp,dale_cb_stp"
TASKS = ("digits", "adding", "flip-flop", "delayed-match")


@app.callback()
def _group() -> None:
    """Biologically plausible recurrent networks: the bRNN family."""


@app.command("compare")
def compare_command(
    presets: Annotated[str, typer.Option(help="Names with commas between, or all.")] = DEFAULT,
    task: Annotated[str, typer.Option(help=f"One of {', '.join(TASKS)}; --data takes its place.")] = "digits",
    length: Annotated[
        int | None, typer.Option(help="Steps of a sequence of adding, flip-flop or delayed-match. Default: 50.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Images: an IDX file (its labels lie beside it), or CIFAR-10's binary batches."),
    ] = None,
    test: Annotated[
        int | None, typer.Option(help="Images of --data that are for the test. Default: a fifth.")
    ] = None,
    window: Annotated[
        int | None, typer.Option(help="Pixels of a step. Default: 8; with --order rows a row.")
    ] = None,
    stride: Annotated[
        str | None, typer.Option(help="Pixels from step to step, or half. Default: 4; with --order rows a row.")
    ] = None,
    order: Annotated[str, typer.Option(help="snake, or rows.")] = "snake",
    share: Annotated[float, typer.Option(help="Share of each sequence that is shown, from the first step.")] = 1.0,
    hidden: Annotated[int, typer.Option(help="Units.")] = 48,
    dt: Annotated[
        float | None, typer.Option(help="Step of the voltage. Default: 0.6 for digits, else 0.1.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Networks of each preset.")] = 3,
    epochs: Annotated[int, typer.Option(help="At most so many times through the training part.")] = 150,
    patience: Annotated[int, typer.Option(help="Epochs without a better validation score, then it ends.")] = 40,
    batch: Annotated[int, typer.Option(help="Series of an update.")] = 40,
    rate: Annotated[float, typer.Option(help="Learning rate of Adam.")] = 0.02,
    folder: Annotated[
        Path | None, typer.Option("--out", help="Folder for comparison.json and comparison.png.")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Train presets on one task, and print how well each does.

    Early stopping looks at a part of the training data; the test part is looked at once for each network.
    """
    from arcana.networks.brnn.comparison import compare
    from arcana.networks.brnn.parts import PRESETS

    names = list(PRESETS) if presets == "all" else [name.strip() for name in presets.split(",") if name.strip()]
    outputs = [] if folder is None else [folder / "comparison.json", folder / "comparison.png"]
    if folder is not None:
        check_folder(folder)
    refuse_existing(force, *outputs, reads=[data])
    step = dt if dt is not None else 0.6 if data is None and task == "digits" else 0.1
    training = {"epochs": epochs, "patience": patience, "batch": batch, "rate": rate}

    def made(seed: int) -> Task:
        return _task(task, length, data, test, window, stride, order, share, seed)

    from arcana.cli.chip_progress import Bars

    with Bars() as bars:
        told = bars.begin("training")
        runs = len(set(names)) * seeds
        begun: dict[tuple[str, int], int] = {}
        told(0, max(1, runs * epochs))

        def progress(preset: str, seed: int, epoch: int, _: float) -> None:
            begun.setdefault((preset, seed), len(begun))
            told((len(begun) - 1) * epochs + epoch + 1, runs * epochs)

        found = compare(names, made, hidden, step, seeds, training, progress)
    if folder is not None:
        _write(found, *outputs)
    if as_json:
        print_json(found.to_dict())
    else:
        _print(found)
    for path in outputs:
        note(f"written: {path}")


def _task(
    task: str, length: int | None, data: Path | None, test: int | None, window: int | None, stride: str | None,
    order: str, share: float, seed: int,
) -> Task:  # fmt: skip
    from arcana.networks.brnn import tasks, tasks_synthetic
    from arcana.networks.brnn.presentations import Presentation

    if data is None and task not in TASKS:
        raise BadInput(unknown_name("--task", task, TASKS))
    problems = Problems()
    if data is None and test is not None:
        problems.note("--test", test, "together with --data")
    if data is None and task != "digits" and (window, stride, order, share) != (None, None, "snake", 1.0):
        problems.note("--task", task, "digits, or --data, together with --window, --stride, --order and --share")
    if length is not None and (data is not None or task == "digits"):
        problems.note("--length", length, f"together with --task {', '.join(TASKS[1:])}")
    problems.raise_if_any()
    if data is None and task != "digits":
        made: Task = getattr(tasks_synthetic, task.replace("-", "_"))(50 if length is None else length, seed=seed)
        return made
    rows = order == "rows" and window is None and stride is None
    wide = None if rows else 8 if window is None else window
    step: Any = None if rows else 4 if stride is None else stride
    if isinstance(step, str) and step != "half":
        if not step.isdecimal():
            raise BadInput.one("--stride", stride, "a whole number of pixels, or half")
        step = int(step)
    presentation = Presentation(order, wide, step, share)  # type: ignore[arg-type]
    if data is None:
        return tasks.digits(presentation, seed)
    return tasks.of_file(data, presentation, test, seed)


def _write(found: Comparison, numbers: Path, picture: Path) -> None:
    import json

    from arcana.files import write_whole
    from arcana.networks.brnn.pictures import comparison_picture

    numbers.parent.mkdir(parents=True, exist_ok=True)
    write_whole(picture, comparison_picture(found))
    write_whole(numbers, json.dumps(found.to_dict(), indent=1) + "\n")


def _print(found: Comparison) -> None:
    settings = ", ".join(f"{name} {value}" for name, value in found.settings.items())
    typer.echo(f"{found.task}: {settings}; chance {found.chance:.3f}\n")
    rows = [
        (
            r["preset"], f"{r['parameters']:,}", f"{r['mean']:.3f}", f"{r['least']:.3f} to {r['greatest']:.3f}",
            f"{r['epochs']:.0f}", f"{r['seconds']:.0f}", f"{r['failed']} failed" if r["failed"] else "",
        )
        for r in found.summary()
    ]  # fmt: skip
    typer.echo(table(("preset", "parameters", "test score", "seeds", "epochs", "CPU s", ""), rows))
