"""``arcana robustness``: what it finds, writes and refuses."""

from __future__ import annotations

import csv
import html
import json
import re
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from study_lines import RUN, waves

import arcana
from arcana.analysis import Accuracy, RobustnessStudy
from arcana.analysis.files import load_report
from arcana.data.series import read_series
from arcana.model import ADM

pytestmark = pytest.mark.filterwarnings("ignore::arcana.errors.ArcanaWarning")

PICTURES = ["histograms.png", "metric.png", "worst-chips.png", "yield.png"]


class Page(HTMLParser):
    """Counts tags that are not closed, and what is loaded from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.open, self.wrong, self.outside, self.images = [], [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag not in ("html", "meta", "img", "br"):  # html need not be closed, the others have no end
            self.open.append(tag)
        self.images += tag == "img"
        self.outside += [v for k, v in attrs if k in ("src", "href") and not v.startswith("data:")]

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_report_rows_pictures_and_page(run, folder):
    done = run(RUN)
    assert done.exit_code == 0, done.output
    assert sorted(p.name for p in (folder / "out").iterdir()) == sorted(
        [*PICTURES, "index.html", "robustness.csv", "robustness.json"]
    )
    report = load_report(folder / "out" / "robustness.json")
    assert [p.conditions.scale for p in report.points] == [0, 0.3]
    assert len(set(report.points[1].values)) > 1
    with (folder / "out" / "robustness.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["value"]) for row in rows] == [v for p in report.points for v in p.values]
    assert [int(row["chip"]) for row in rows] == [0, 1, 2, 3, 4] * 2
    s = report.points[1].summary
    sentence = f"At CV 0.3, {100 * s.yield_:.1f} % of 5 chips work ({100 * s.yield_low:.1f} to"
    assert sentence in done.stdout
    text = (folder / "out" / "index.html").read_text()
    page = Page(text)
    assert (page.open, page.wrong, page.outside, page.images) == ([], [], [], 4)
    assert "works</h1>" in text or sentence in html.unescape(text)
    assert all((folder / "out" / name).read_bytes().startswith(b"\x89PNG") for name in PICTURES)
    assert "5 of 10" not in done.stderr  # at CV 0 all chips are one
    assert "chips: 6 of 6" in done.stderr


def test_the_code_on_the_page_rebuilds_the_worst_chip(run, folder):
    run(RUN)
    (code,) = re.findall(r"<pre>(.*?)</pre>", (folder / "out" / "index.html").read_text(), re.DOTALL)
    names = {}
    exec(compile(html.unescape(code), "index.html", "exec"), names)
    point, chip = (int(found) for found in re.search(r"points\[(\d)\].*value\(0, (\d)\)", code, re.DOTALL).groups())
    report = load_report(folder / "out" / "robustness.json")
    value = min(value for p in report.points for value in p.values)
    assert names["study"].value(0, chip) == report.points[point].values[chip] == value
    assert names["study"].spikes(0, chip).shape[::2] == (6, 3)


def test_the_command_is_the_study(run, folder):
    run([*RUN.split(), "--seed", "3", "--temperature", "-20,60", "--jitter", "0,2ms", "--threshold", "0.5"])
    report = load_report(folder / "out" / "robustness.json")
    data = read_series(folder / "series.npz")
    study = RobustnessStudy(
        folder / "dynapse1.json", Accuracy(3), (data.x, data.y), arcana.MismatchModel(1.0), n_chips=5, seed=3,
        scale=(0, 0.3), temperature=(-20, 60), jitter=(0, 2e-3), threshold=0.5,
    )  # fmt: skip
    assert study.run() == report
    assert len(report.points) == 8


def test_a_network_that_guesses_is_called_so(run, folder):
    done = run(RUN)
    report, page = load_report(folder / "out" / "robustness.json"), (folder / "out" / "index.html").read_text()
    assert report.clean <= 1 / 3  # one neuron fires most, whatever comes in
    assert "no better than guessing among 3 classes" in done.stderr
    assert "no better than guessing among 3 classes" in page
    np.savez(folder / "same.npz", x=waves().astype("f4"), y=np.full(6, 2), class_names=["a", "b", "c"])
    right = next(k for k in range(3) if _clean(run, folder, k) == 1)
    assert "guessing" not in (folder / "out" / "index.html").read_text(), right


def _clean(run, folder, label):
    np.savez(folder / "same.npz", x=waves().astype("f4"), y=np.full(6, label), class_names=["a", "b", "c"])
    run(RUN.replace("series.npz", "same.npz") + " --force")
    return load_report(folder / "out" / "robustness.json").clean


def test_json_is_all_of_stdout_and_the_yield_decides_the_exit_code(run, folder):
    done = run(RUN + " --json --threshold 1 --dead-neurons 1 --require-yield 0.5")
    assert done.exit_code == 1
    result = json.loads(done.stdout)
    assert [p["summary"]["yield"] for p in result["points"]] == [0, 0]
    assert "values" not in result["points"][0]
    assert sorted(result["files"]) == sorted(f"out/{p.name}" for p in (folder / "out").iterdir())
    assert run(RUN + " --force --threshold 0 --require-yield 1").exit_code == 0


@pytest.mark.parametrize(
    ("option", "cv"),
    [("0.2", 0.2), ("profile", None), ("model.json", {"Idc": 0.3}), ("fit.json", {"Itau_mem": 0.1})],
)
def test_mismatch_from_everywhere(run, folder, option, cv):
    model = arcana.MismatchModel({"Idc": 0.3}, "normal")
    (folder / "model.json").write_text(json.dumps(model.to_dict()))
    (folder / "fit.json").write_text(json.dumps({"model": arcana.MismatchModel({"Itau_mem": 0.1}).to_dict()}))
    done = run([*RUN.split()[:-1], "1", "--mismatch", option])
    assert done.exit_code == 0, done.output
    report = load_report(folder / "out" / "robustness.json")
    expected = arcana.MismatchModel.from_profile(arcana.load_profile("dynapse1")).cv if cv is None else cv
    assert report.model.cv == expected
    page = (folder / "out" / "index.html").read_text()
    assert ("fitted to measurements" in page) == (option == "fit.json")
    assert ("assumption" in page) == (option in ("0.2", "profile"))


def test_a_checkpoint_goes_on_and_workers_change_nothing(run, folder):
    first = run(RUN + " --checkpoint chips.ck")
    assert first.exit_code == 0, first.output
    once = load_report(folder / "out" / "robustness.json")
    again = run(RUN.replace("--workers 1", "--workers 2") + " --checkpoint chips.ck --chunk 2 --force")
    assert "chips: 6 of 6" in again.stderr
    assert load_report(folder / "out" / "robustness.json") == once
    more = run(RUN.replace("--chips 5", "--chips 7").replace("--workers 1", "--workers 2") + " --force")
    assert more.exit_code == 0, more.output
    assert load_report(folder / "out" / "robustness.json").points[1].values[:5] == once.points[1].values


def test_sensitivity_goes_with_the_report_and_goes_when_it_is_stale(run, folder):
    done = run(RUN + " --sensitivity --checkpoint chips.ck")
    assert done.exit_code == 0, done.output
    found = json.loads((folder / "out" / "sensitivity.json").read_text())
    assert found["format"] == "arcana.sensitivity"
    assert found["n_chips"] == 4  # the power of two below 5
    assert (found["mismatch"]["cv"], found["metric"]) == (0.3, "Margin")
    assert found["threshold"] == pytest.approx(found["clean"] * (0.9 if found["clean"] > 0 else 1))
    assert f"Margin: {found['clean']:.4g} without mismatch" in done.stdout
    assert Page((folder / "out" / "index.html").read_text()).images == 5
    assert found["biases"][0]["bias"] in done.stdout
    assert run(RUN + " --force").exit_code == 0
    assert not (folder / "out" / "sensitivity.json").exists()
    assert not (folder / "out" / "sensitivity.png").exists()


def test_events_and_settings_without_an_encoder(run, folder):
    x = (np.random.default_rng(0).random((4, 50, 4)) < 0.2).astype("u1")
    np.savez(folder / "events.npz", x=x, y=[0, 1, 2, 0])
    done = run(RUN.replace("dynapse1.json", "dynapse1-events.json").replace("series.npz", "events.npz"))
    assert done.exit_code == 0, done.output


def test_a_network_with_and_without_codes(run, folder):
    chip = arcana.load_profile("dynapse1")
    torch.manual_seed(0)
    biases = {"Itau_mem": 2e-12, "Igain_mem": 8e-11, "Idc": 4e-11, "Iw_ampa": 2e-12, "Iw_gabab": 1e-13}
    layer = arcana.DPILayer(4, 3, profile=chip, refractory=4e-3, **biases)
    net = arcana.Sequential(ADM(2, 0.1, 0.1, 0), layer)
    torch.save(net, folder / "net.pt")
    line = RUN.replace("dynapse1.json", "net.pt").replace("--scale 0,0.3", "--scale 0.3")
    done = run(line + " --quantised on,off --sensitivity")
    assert done.exit_code == 0, done.output
    report = load_report(folder / "out" / "robustness.json")
    assert [p.conditions.quantised for p in report.points] == [True, False]
    data = read_series(folder / "series.npz")
    study = RobustnessStudy(
        net, Accuracy(3), (data.x, data.y), arcana.MismatchModel(1.0), n_chips=5, scale=0.3, quantised=(True, False)
    )
    assert study.run() == report
    (code,) = re.findall(r"<pre>(.*?)</pre>", (folder / "out" / "index.html").read_text(), re.DOTALL)
    names = {}
    exec(compile(html.unescape(code), "index.html", "exec"), names)
    chip, value = (float(part) for part in re.search(r"value\(0, (\d+)\)  # (.*)", code).groups())
    assert names["study"].value(0, int(chip)) == value
    assert run(line + " --force").exit_code == 0  # as it is, not mapped
    assert load_report(folder / "out" / "robustness.json").points[0].conditions.quantised is None
    (folder / "cut.pt").write_bytes((folder / "net.pt").read_bytes()[:500])
    broken = run(RUN.replace("dynapse1.json", "cut.pt") + " --force")
    assert broken.exit_code == 2
    assert "a module saved with torch.save" in broken.stderr


def test_biases_that_a_model_leaves_out_are_named(run, folder):
    (folder / "part.json").write_text(json.dumps(arcana.MismatchModel({"Itau_mem": 0.2}).to_dict()))
    done = run(f"{RUN} --mismatch part.json")
    assert done.exit_code == 0, done.output
    assert "warning: part.json has no mismatch for Igain_mem" in done.stderr
    assert "the yield is too high" in (folder / "out" / "index.html").read_text()


def test_a_study_that_goes_on_says_so_and_one_that_is_stopped_as_well(run, folder, monkeypatch):
    assert run(f"{RUN} --checkpoint study.ck").exit_code == 0
    done = run(f"{RUN} --checkpoint study.ck --force --chips 7")
    assert "chips: 6 of 8 were finished before" in done.stderr

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("arcana.analysis.work.StudyWork.__call__", stopped)
    done = run(f"{RUN} --checkpoint study.ck --force")
    assert "stopped at the beginning; finished chips are in study.ck: the same command goes on" in done.stderr
    assert "nothing is kept without --checkpoint" in run(f"{RUN} --force").stderr


def test_an_unreachable_scheduler_is_named(run, folder, monkeypatch):
    from arcana.cli import chip_study
    from arcana.executors import Dask

    monkeypatch.setattr(chip_study, "Dask", lambda where: Dask(where, timeout=0.5))
    done = run(RUN.replace("--workers 1", "--scheduler tcp://127.0.0.1:9"))
    assert done.exit_code == 2
    assert "tcp://127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "out").exists()


def test_without_matplotlib_the_extra_is_named(run, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = run(RUN)
    assert done.exit_code == 2
    assert "pip install '.[plot]'" in done.stderr
    assert not (folder / "out").exists()


def test_a_full_disk_leaves_no_file_and_keeps_the_chips(run, folder, monkeypatch):
    import os

    import arcana.cli.chip_report as module

    real = os.fdopen

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    whole = module.write_all

    def write_all(*args):
        monkeypatch.setattr(os, "fdopen", full)
        try:
            return whole(*args)
        finally:
            monkeypatch.setattr(os, "fdopen", real)

    monkeypatch.setattr(module, "write_all", write_all)
    done = run(RUN + " --checkpoint chips.ck")
    assert done.exit_code == 2
    assert "No space left" in done.stderr
    assert "goes on from the finished chips" in done.stderr
    assert "of 5 chips work (" in done.stderr
    assert done.stdout == ""
    assert list((folder / "out").iterdir()) == []
    monkeypatch.setattr(module, "write_all", whole)
    assert "chips: 6 of 6" in run(RUN + " --checkpoint chips.ck").stderr


def test_a_warning_is_said_once(run, folder, monkeypatch):
    import warnings

    from arcana.analysis.work import StudyWork
    from arcana.errors import ArcanaWarning

    before = StudyWork.spikes

    def spikes(self, *arguments):
        for k in range(2):
            warnings.warn(f"something {k}", ArcanaWarning, stacklevel=1)
        return before(self, *arguments)

    monkeypatch.setattr(StudyWork, "spikes", spikes)
    for _ in range(2):  # each command says it anew
        done = run(RUN + " --force")
        assert done.exit_code == 0, done.output
        assert [line for line in done.stderr.splitlines() if "something" in line] == [
            "warning: something 0", "warning: something 1",
        ]  # fmt: skip
