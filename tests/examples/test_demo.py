"""The demo at small size: every station runs, and what it writes is what it measured."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

import arcana
from arcana.demo.mapped import MappedRow
from arcana.demo.network import load_task
from arcana.demo.report import accuracy_rows
from arcana.demo.run import DemoResult, run_demo
from arcana.demo.settings import Settings
from arcana.demo.study import MismatchRow, Results
from arcana.demo.verdict import shortfalls
from arcana.errors import BadFile, BadInput
from arcana.nn.readout import population_rates

CHIPS = ["dynapse1", "dynapse2"]
SMALL = Settings(speed=50, hidden=12, per_class=2, updates=2, window=40, chips=3, cvs=(0.0, 0.1))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoResult, list[str], int]:
    steps: list[int] = []
    names: list[str] = []
    folder = tmp_path_factory.mktemp("demo")
    result = run_demo(folder, SMALL, on_train=lambda k, *_: steps.append(k), on_study=names.append)
    assert steps == [1, 2]
    return result, names, len(steps)


def test_every_station_reports(small: tuple[DemoResult, list[str], int]) -> None:
    result, names, _ = small
    stations = [f"{name}: mapped, written, read back" for name in CHIPS]
    assert names[:4] == ["float network", "whole-number weights", *stations]
    assert names[-1] == "report"
    assert [row.chip for row in result.results.mapped] == list(result.configs) == CHIPS
    assert all(row.before == row.after for row in result.results.mapped)
    assert all(row.cores >= 2 and row.words > 0 for row in result.results.mapped)
    assert [len(row.accuracies) for row in result.results.mismatch] == [3, 3]
    assert 0 < result.results.synapses <= 64
    assert 0 < result.results.bias_error < 0.2
    assert all(0 <= value <= 1 for value in (result.results.float_test, result.results.quantised_test))


@pytest.mark.filterwarnings("ignore:slew overload")  # the demo plays fast, and reports it
def test_the_file_gives_the_accuracy_that_was_printed(small: tuple[DemoResult, list[str], int]) -> None:
    """From the file alone, encoder included."""
    result, _, _ = small
    task = load_task(SMALL)
    for name, row in zip(CHIPS, result.results.mapped, strict=True):
        emulator = arcana.Emulator.from_config(result.configs[name], name)
        with torch.no_grad():
            spikes, _ = emulator(task.test_x)
        right = population_rates(spikes, 4, SMALL.dt).argmax(-1) == task.test_y
        assert float(right.float().mean()) == pytest.approx(row.after)
    assert result.results.quantised_test == result.results.mapped[0].after


def test_the_report_holds_pictures_biases_and_the_table(small: tuple[DemoResult, list[str], int]) -> None:
    result, _, _ = small
    page = result.report.read_text()
    assert page.count("data:image/png;base64,") == 4
    assert "NPDPIE_TAU_F_P" in page
    for _, accuracy, _ in accuracy_rows(result.results):
        assert accuracy in page
    assert len(list(result.report.parent.glob("*.png"))) == 4


def test_an_earlier_run_is_not_overwritten(small: tuple[DemoResult, list[str], int]) -> None:
    result, _, _ = small
    before = {path: path.read_bytes() for path in result.report.parent.iterdir()}
    with pytest.raises(BadFile, match="--force"):
        run_demo(result.report.parent, replace(SMALL, seed=5))
    assert {path: path.read_bytes() for path in result.report.parent.iterdir()} == before


def test_the_same_seed_gives_the_same_files(small: tuple[DemoResult, list[str], int], tmp_path: Path) -> None:
    again = run_demo(tmp_path, SMALL)
    for name in CHIPS:
        assert again.configs[name].read_bytes() == small[0].configs[name].read_bytes()
    assert again.results == small[0].results


def test_on_the_command_line(tmp_path: Path) -> None:
    from arcana.cli import app

    words = ["demo", "--quick", "--updates", "1", "--chips", "2", "--json", "-o", str(tmp_path / "out")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert [row["cv"] for row in data["mismatch"]] == [0.0, 0.1, 0.2]
    assert [row["chip"] for row in data["mapped"]] == list(data["configs"]) == CHIPS
    for name, path in data["configs"].items():
        assert arcana.ChipConfig.load(path).profile.name == name


def _results(**changes: object) -> Results:
    rows = (MismatchRow(0.0, (1.0, 1.0)), MismatchRow(0.1, (1.0, 0.92)), MismatchRow(0.2, (0.5, 0.5)))
    mapped = tuple(MappedRow(name, 0.96, 0.96, 2, 1000) for name in CHIPS)
    kept = Results(1.0, 0.98, 0.98, 0.96, mapped, rows, (10.0, 10.0), 64, 0.01)
    return replace(kept, **changes)  # type: ignore[arg-type]


def test_promises_that_are_kept_and_broken() -> None:
    assert shortfalls(_results()) == []
    assert len(shortfalls(_results(float_test=0.9))) == 1
    assert "quantised" in shortfalls(_results(quantised_test=0.9))[0]
    lost = shortfalls(_results(mapped=(MappedRow("dynapse2", 0.96, 0.94, 2, 1000),)))
    assert lost == ["dynapse2: 0.940 after export, 0.960 before"]
    rows = (MismatchRow(0.1, (0.9, 0.9)),)
    assert "CV 0.1" in shortfalls(_results(mismatch=rows))[0]


def test_settings_are_checked_together() -> None:
    with pytest.raises(BadInput) as caught:
        Settings(hidden=0, speed=-1.0, seed=-2, chips=0)
    assert len(caught.value.problems) == 4
    with pytest.raises(BadInput, match="whole number"):
        load_task(Settings(speed=30.0))


def test_rates_of_groups() -> None:
    spikes = torch.zeros(1, 10, 4)
    spikes[0, :5, 0] = 1
    assert population_rates(spikes, 2, 1e-3)[0].tolist() == pytest.approx([250.0, 0.0])
    with pytest.raises(BadInput, match="divisor of the 4"):
        population_rates(spikes, 3, 1e-3)
