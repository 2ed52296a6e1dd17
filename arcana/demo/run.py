"""The demo from end to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from arcana.analysis.drawing import need_matplotlib
from arcana.data.series import Series, write_series
from arcana.demo import pictures
from arcana.demo.network import build, load_task, parts
from arcana.demo.report import html_report
from arcana.demo.settings import Settings
from arcana.demo.study import Results, study
from arcana.demo.train import train
from arcana.errors import BadFile, Problem
from arcana.files import write_whole
from arcana.hardware.registry import load_profile

REPORT_NAME = "report.html"
SERIES_NAME = "test-series.npz"


@dataclass(frozen=True)
class DemoResult:
    """What the demo measured and wrote."""

    results: Results
    configs: dict[str, Path]
    report: Path
    series: Path

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        measured = asdict(self.results)
        measured["mismatch"] = [
            {"cv": row.cv, "mean": row.mean, "worst": row.worst, "chips": len(row.accuracies)}
            for row in self.results.mismatch
        ]
        configs = {name: str(path) for name, path in self.configs.items()}
        return {**measured, "configs": configs, "report": str(self.report), "series": str(self.series)}


def run_demo(
    folder: Path,
    settings: Settings,
    overwrite: bool = False,
    on_train: Callable[[int, float, float], None] = lambda *_: None,
    on_study: Callable[[str], None] = lambda _: None,
) -> DemoResult:
    """Train, quantise, export, re-import, emulate and report.

    Args:
        folder: Where the settings files, the test series and the report go; made if missing.
        settings: What to run.
        overwrite: Whether files of an earlier run may be replaced.
        on_train: Called after each update with its number, loss and training accuracy.
        on_study: Called after each measurement with its name.

    Raises:
        BadFile: if a file of an earlier run is in the way; nothing has been run by then.
    """
    profile, report_path = load_profile(settings.profile), folder / REPORT_NAME
    chips = [profile.name]
    if settings.also != profile.name and load_profile(settings.also).technology() == profile.technology():
        chips.append(settings.also)
    configs = {name: folder / f"{name}.json" for name in chips}
    series_path = folder / SERIES_NAME
    for path in (*configs.values(), report_path, series_path):
        if path.exists() and not overwrite:
            raise BadFile(path, Problem("output", str(path), "a file that does not exist yet", hint="pass --force"))
    need_matplotlib()
    torch.manual_seed(settings.seed)
    task = load_task(settings)
    net = build(settings, task, profile)
    done = 0

    def step(loss: float, accuracy: float) -> None:
        nonlocal done
        done += 1
        on_train(done, loss, accuracy)

    train(net, task, settings, step)
    results, emulator = study(net, task, settings, profile, configs, on_study)
    adm, _, _ = parts(net)
    images = {
        "Signal and reconstruction": pictures.signal_and_reconstruction(emulator, task, settings),
        "Spikes": pictures.spike_raster(emulator, task, settings),
        "Inside a neuron": pictures.membrane(emulator, task, settings),
        "Accuracy against mismatch": pictures.accuracy_against_mismatch(results.mismatch),
    }
    sample = task.upsample * settings.dt  # as the chip gets them: faster than life
    write_series(series_path, Series(task.test_x.numpy(), task.test_y.numpy(), task.class_names, sample))
    slew = str(adm.overload(task.test_x))
    write_whole(report_path, html_report(results, settings, emulator.config, profile, images, slew))
    for name, png in images.items():
        write_whole(folder / f"{name.lower().replace(' ', '-')}.png", png)
    on_study("report")
    return DemoResult(results, configs, report_path, series_path)
