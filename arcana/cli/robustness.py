"""``arcana robustness``: which share of chips will work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arcana.cli.chip_options import (
    CV_SCALES,
    FACTOR_SCALES,
    check_cv,
    check_points,
    conditions,
    mismatch,
    only_one,
    share,
    switches,
)
from arcana.cli.common import AsJson, Force, check_folder, note, print_json, refuse_existing, table
from arcana.errors import BadFile, Problems
from arcana.limits import MOST, is_whole

if TYPE_CHECKING:
    from arcana.analysis.result import RobustnessReport
    from arcana.cli.chip_study import Judged

_LIST = "Commas between values: all combinations of all lists are run."


def robustness(
    config: Annotated[
        Path, typer.Argument(help="Settings file of a board, or a network saved with torch.save (.pt).")
    ],
    data: Annotated[
        str, typer.Option(help="Series to judge by: .npz with x (series, time, channels) and y; or basic-motions.")
    ],
    chips: Annotated[int, typer.Option(help="Virtual chips at each point.")] = 256,
    scale: Annotated[
        str | None,
        typer.Option(
            help="Size of the mismatch. Without --mismatch it is the CV of every bias (lognormal): 0.2 is 20 %. "
            f"With it, the factor on its CVs. Default: {CV_SCALES}; with --mismatch {FACTOR_SCALES}. {_LIST}"
        ),
    ] = None,
    mismatch_: Annotated[
        str | None,
        typer.Option(
            "--mismatch", help="Mismatch at scale 1: a CV, 'profile', or JSON of a MismatchModel or of a fit."
        ),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Accuracy from which on a chip works. Default: 0.9 of the clean one.")
    ] = None,
    require_yield: Annotated[
        float | None, typer.Option(help="Exit code 1 if the yield of a point is below this share, 0 to 1.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the chips.")] = 0,
    quantised: Annotated[
        str | None,
        typer.Option(help="Of a network: on (bias codes), off (exact currents), or on,off. Default: not mapped."),
    ] = None,
    temperature: Annotated[str | None, typer.Option(help="Of the chip [°C], such as -20,27,60.")] = None,
    dead_neurons: Annotated[str | None, typer.Option(help="Share of neurons that never spike.")] = None,
    dead_cams: Annotated[str | None, typer.Option(help="Share of input words that do not listen.")] = None,
    drift: Annotated[str | None, typer.Option(help="CV of what all neurons of a core share.")] = None,
    noise: Annotated[str | None, typer.Option(help="Noise on the signal, in its units.")] = None,
    jitter: Annotated[str | None, typer.Option(help="Shift of each input event [s], such as 0,1ms.")] = None,
    dropped: Annotated[str | None, typer.Option(help="Share of input events that are lost.")] = None,
    spurious: Annotated[str | None, typer.Option(help="Events on each line that mean nothing [Hz].")] = None,
    classes: Annotated[
        int | None, typer.Option(help="Classes that the outputs stand for. Default: as the data says.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Profile of the chip: name or file. Default: the one that the file names.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes; 1 is this one. Default: all processors, for 100 chips and more.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, such as tcp://host:8786.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="File for finished chips: the same command goes on from there.")
    ] = None,
    chunk: Annotated[int, typer.Option(help="Chips that run together. No number depends on it.")] = 8,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Also find which bias's mismatch costs most.")
    ] = False,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for report, rows, pictures and page.")] = Path(
        "arcana-robustness"
    ),
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Judge settings on hundreds of virtual chips: which share works, what limits it, how the worst ones fail."""
    lists = {
        "scale": scale if scale is not None else CV_SCALES if mismatch_ is None else FACTOR_SCALES,
        "temperature": temperature,
        "dead_neurons": dead_neurons, "dead_cams": dead_cams, "drift": drift, "noise": noise, "jitter": jitter,
        "dropped": dropped, "spurious": spurious,
    }  # fmt: skip
    problems = Problems()
    points: dict[str, tuple[Any, ...]] = {**conditions(lists, problems)}
    if quantised is not None:
        points["quantised"] = switches("quantised", quantised, problems)
    share("--require-yield", require_yield, problems)
    share("--threshold", threshold, problems)
    check_points(points, problems)
    check_cv(mismatch_, problems)
    if seed < 0:
        problems.note("--seed", seed, "a whole number >= 0")
    only_one(("--workers", "--scheduler"), (workers, scheduler), problems)
    if scheduler is not None and "://" not in scheduler:
        problems.note("--scheduler", scheduler, "the address of a Dask scheduler, such as tcp://host:8786")
    for name, value in (("--chips", chips), ("--chunk", chunk), ("--workers", workers)):
        if value is not None and not is_whole(value, 1):
            problems.note(name, value, f"a whole number from 1 to {MOST:,}")
    problems.raise_if_any()

    from arcana.cli.chip_report import outputs

    check_folder(out)
    refuse_existing(force, *outputs(out, sensitivity), reads=(config, data, checkpoint))

    from arcana.analysis.doubt import doubt
    from arcana.analysis.drawing import need_matplotlib
    from arcana.analysis.study import RobustnessStudy
    from arcana.cli.chip_progress import Bars
    from arcana.cli.chip_report import write_report
    from arcana.cli.chip_study import check_sensitivity, executor_for, judge, metric_for
    from arcana.cli.chip_subject import read_candidate
    from arcana.data.series import read_series

    need_matplotlib()
    candidate, series = read_candidate(config, profile), read_series(data)
    assumed = mismatch(mismatch_, candidate.chip)
    if assumed.doubt:
        note(f"warning: {assumed.doubt}")
    study = RobustnessStudy(
        candidate.given, metric_for(candidate, series, classes), (series.x, series.y), assumed.model,
        n_chips=chips, seed=seed, threshold=threshold, profile=candidate.chip, **points,
    )  # fmt: skip
    if sensitivity:
        check_sensitivity(study)
    executor = executor_for(workers, scheduler, chips * len(study.conditions))
    try:
        with Bars() as progress:
            done = judge(study, executor, checkpoint, chunk, sensitivity, progress.begin)
    except KeyboardInterrupt:
        kept = "nothing is kept without --checkpoint"
        if checkpoint is not None:
            kept = f"finished chips are in {checkpoint}: the same command goes on from there"
        note(f"stopped at {progress.told or 'the beginning'}; {kept}")
        raise
    given = {"settings": str(config), "data": data} | ({} if profile is None else {"profile": profile})
    work = study.work
    doubts = [text for text in (doubt(work.metric, done.report.clean, len(work.X)), assumed.doubt) if text]
    try:
        files = write_report(done, out, force, given, series.class_names, (*doubts, assumed.remark))
    except BadFile:  # what took so long to find out is said all the same
        note("\n".join(_answers(done.report)))
        raise
    _print(done, files, as_json)
    least = min(point.summary.yield_ for point in done.report.points)
    raise typer.Exit(1 if require_yield is not None and least < require_yield else 0)


def _print(done: Judged, files: list[Path], as_json: bool) -> None:
    from arcana.analysis.markup import cells_of

    report = done.report
    if as_json:
        print_json(_result(done, files))
        return
    typer.echo(table(*cells_of(report.table())))
    if done.sensitivity is not None:
        limits = done.sensitivity.table()
        typer.echo(f"\n{limits.title}\n{table(*cells_of(limits))}")
        if limits.caption:
            typer.echo(str(limits.caption))
    typer.echo()
    typer.echo("\n".join(_answers(report)))
    typer.echo(f"page: {next(path for path in files if path.suffix == '.html')}")


def _answers(report: RobustnessReport) -> list[str]:
    """What is called working, and a sentence for each point."""
    from arcana.analysis.wording import answer, definition

    return [definition(report), *(f"{answer(report, point)}." for point in report.points)]


def _result(done: Judged, files: list[Path]) -> dict[str, Any]:
    """The report without the values of single chips, which are in its files."""
    report = done.report.to_dict()
    points = [{name: part for name, part in point.items() if name != "values"} for point in report["points"]]
    found = None if done.sensitivity is None else done.sensitivity.to_dict()
    return {**report, "points": points, "sensitivity": found, "files": [str(path) for path in files]}
