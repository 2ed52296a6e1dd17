"""``arcana encode``."""

from __future__ import annotations

import csv
import json
import sys

import numpy as np
import pytest
import torch

from arcana.data import read_events, read_signal
from arcana.model import ADM


def test_events_and_numbers(run, files):
    done = run("encode hand.csv -o ev.csv --threshold 0.1 --json")
    assert done.exit_code == 0
    result = json.loads(done.stdout)
    signal = torch.from_numpy(read_signal("hand.csv").values)[None]
    adm = ADM(2, 0.1, 0.1, 0)
    spikes = adm(signal)
    assert result["events"] == spikes.sum() > 50
    events = read_events("ev.csv")
    lines = events.channels + 2 * (events.polarity < 0)
    again = torch.zeros_like(spikes)
    again[0, np.round(events.times / 1e-3).astype(int), lines] = 1
    assert torch.equal(again, spikes)
    error = signal - adm.reconstruct(spikes, signal[:, :1])
    for k, channel in enumerate(result["channels"]):
        assert channel["name"] == ("left", "right")[k]
        assert (channel["up"], channel["down"]) == (spikes[..., k].sum(), spikes[..., 2 + k].sum())
        assert channel["rate_Hz"] == pytest.approx((channel["up"] + channel["down"]) / 0.3)
        nrmse = error[..., k].pow(2).mean().sqrt() / signal[..., k].std(correction=0)
        assert channel["nrmse"] == pytest.approx(nrmse.item(), rel=1e-6)
        assert channel["worst_error"] == pytest.approx(error[..., k].abs().max().item())
        assert channel["worst_error"] <= channel["error_bound"] <= 0.1001
        assert channel["overloaded_samples"] == 0


def test_as_text(run, files):
    done = run("encode hand.csv -o ev.csv --threshold-up 0.1 --threshold-down 0.2 --refractory 2 --reset signal")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].split()[:4] == ["channel", "name", "up", "down"]
    assert lines[1].split()[5:7] == ["0.1", "0.2"]
    assert "300 samples of 0.001 s" in lines[3]
    assert done.stderr == ""


def test_thresholds_fitted_to_a_rate(run, files):
    done = run("encode hand.csv -o ev.csv --max-rate 40 --json")
    rates = [channel["rate_Hz"] for channel in json.loads(done.stdout)["channels"]]
    assert all(20 < rate <= 40 for rate in rates)
    assert "at most 40 events per second and channel" in done.stderr


def test_without_a_threshold_the_rate_is_stated(run, files):
    done = run("encode hand.csv -o ev.csv --json")
    assert json.loads(done.stdout)["max_rate_Hz"] == pytest.approx(200)
    assert "at most 200 events per second" in done.stderr


def test_upsample_standardise_and_a_given_step(run, files):
    (files.folder / "bare.csv").write_text("".join(f"{1000 + abs(k % 12 - 6)}\n" for k in range(50)))
    done = run("encode bare.csv --dt 10ms -o ev.csv --threshold 0.5 --upsample 4 --standardise --json")
    result = json.loads(done.stdout)
    assert (result["samples"], result["dt_s"], result["upsample"]) == (50, 0.0025, 4)
    values = 1000 + abs(np.arange(50) % 12 - 6)
    z = torch.from_numpy((values - values.mean()) / values.std())[None, :, None]
    assert result["events"] == ADM(1, 0.5, 0.5, 0, upsample=4)(z).sum()


def test_overload_is_reported(run, files):
    done = run("encode hand.csv -o ev.csv --threshold 0.01 --json")
    assert all(channel["overloaded_samples"] > 0 for channel in json.loads(done.stdout)["channels"])
    assert "cured by upsample=" in run("encode hand.csv -o ev2.csv --threshold 0.01").stdout


def test_no_event_falls_short(run, files):
    done = run("encode hand.csv -o ev.csv --threshold 100")
    assert done.exit_code == 1
    assert "no channel has an event" in done.stderr
    assert list(csv.reader((files.folder / "ev.csv").open())) == [["time_s", "channel", "polarity"]]


def test_picture(run, files):
    done = run("encode hand.csv -o ev.csv --threshold 0.1 --plot a.png")
    assert done.exit_code == 0
    assert (files.folder / "a.png").read_bytes().startswith(b"\x89PNG")


def test_picture_without_matplotlib(run, files, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = run("encode hand.csv -o ev.csv --threshold 0.1 --plot a.png")
    assert done.exit_code == 2
    assert 'pip install ".[plot]"' in done.stderr
    assert sorted(p.name for p in files.folder.iterdir()) == files.names


def test_force_replaces(run, files):
    (files.folder / "ev.csv").write_text("old")
    assert run("encode hand.csv -o ev.csv --threshold 0.1").exit_code == 2
    assert (files.folder / "ev.csv").read_text() == "old"
    assert run("encode hand.csv -o ev.csv --threshold 0.1 --force").exit_code == 0
    assert len(read_events("ev.csv").times) > 50
