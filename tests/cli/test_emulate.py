"""``arcana emulate``."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import torch

import arcana
from arcana.config import ChipConfig
from arcana.data import read_signal
from arcana.data.aer import OUT, read_address_events
from arcana.hardware import load_profile

pytestmark = pytest.mark.filterwarnings("ignore:the input current")


def address_list(config, rows):
    """Events on input lines, (time, line), as address events of these settings."""
    sent = {}
    for e in config.inputs[0].input_events:
        sent.setdefault(e.line, []).append(f"{e.chip},{e.cores},{e.tag}")
    lines = [f"{time},{address}" for time, line in rows for address in sent[line]]
    return "\n".join(["time_s,chip,cores,tag", *lines, ""])


def spikes_in(path):
    """Header, rows (time, neuron, chip where there are several), and the names of the neurons."""
    header, *rows = csv.reader(Path(path).read_text().splitlines())
    assert header[-1] == "name"
    names = {row[1]: row[-1] for row in rows}
    assert all(names[row[1]] == row[-1] for row in rows)
    return header, [(float(row[0]), *map(int, row[1:-1])) for row in rows]


@pytest.mark.parametrize("name", ["dynapse1", "dynapse2"])
def test_a_recording_through_the_encoder(run, files, name):
    done = run(f"emulate {name}.json hand.csv -o sp.csv --json")
    assert done.exit_code == 0
    result = json.loads(done.stdout)
    chip = load_profile(name)
    X = torch.from_numpy(read_signal("hand.csv").values).float()[None]
    trace = arcana.Emulator.from_config(f"{name}.json", chip).simulate(X, ("spikes", "spike_times"))
    wanted = trace["spikes"][0]
    header, rows = spikes_in("sp.csv")
    assert header == ["time_s", "neuron", "name"]
    assert len(rows) == result["spikes"] == wanted.sum() > 10
    again = torch.zeros_like(wanted)
    for time, neuron in rows:
        again[int(time / 1e-3), neuron] += 1
    assert torch.equal(again.sum(0), wanted.sum(0))
    assert rows == sorted(rows)
    assert result["rates_Hz"]["mean"] == pytest.approx((wanted.sum(0) / 0.3).tolist())
    assert result["seconds"] == pytest.approx(0.3)


def test_events_of_encode_give_what_the_recording_gives(run, files):
    assert run("encode hand.csv -o ev.csv --threshold 0.1").exit_code == 0
    assert run("emulate dynapse1-events.json ev.csv -o one.csv --duration 0.3").exit_code == 0
    assert run("emulate dynapse1.json hand.csv -o two.csv").exit_code == 0
    assert Path("one.csv").read_bytes() == Path("two.csv").read_bytes()
    assert len(spikes_in("one.csv")[1]) > 10


def test_events_by_input_line(run, files):
    Path("ev.csv").write_text("channel,time_s\n0,0.01\n0,0.01\n3,0.0101\n\n# end\n1,0.25\n")
    done = run("emulate dynapse1-events.json ev.csv -o sp.csv --json")
    assert json.loads(done.stdout)["seconds"] == pytest.approx(0.251)
    X = torch.zeros(1, 251, 4)
    X[0, 10, 0], X[0, 10, 3], X[0, 250, 1] = 2, 1, 1
    wanted = arcana.Emulator.from_config("dynapse1-events.json", load_profile("dynapse1"))(X)[0]
    assert json.loads(done.stdout)["spikes"] == wanted.sum() > 5


def test_virtual_chips(run, files):
    line = "emulate dynapse1.json hand.csv --chips 3 --cv 0.2 --seed 5"
    done = run(f"{line} -o sp.csv --json")
    result = json.loads(done.stdout)
    X = torch.from_numpy(read_signal("hand.csv").values).float()[None]
    mismatch = arcana.MismatchModel(0.2).sample(3, seed=5)
    wanted = arcana.Emulator.from_config("dynapse1.json", load_profile("dynapse1"), mismatch)(X)[0]
    header, rows = spikes_in("sp.csv")
    assert header == ["time_s", "neuron", "chip", "name"]
    for chip in range(3):
        assert sum(row[2] == chip for row in rows) == wanted[chip].sum()
    assert result["mismatch"] == mismatch.to_dict()
    rates = wanted[:, 0].sum(1) / 0.3
    assert result["rates_Hz"]["lowest"] == pytest.approx(rates.amin(0).tolist())
    assert result["rates_Hz"]["highest"] == pytest.approx(rates.amax(0).tolist())
    assert [row["output"] for row in result["outputs"]] == [f"layer0[{k}]" for k in range(3)]
    text = run(f"{line} -o again.csv").stdout
    assert "lowest_chip" in text
    assert "on 3 chips in 0.3 s -> again.csv" in text
    assert Path("again.csv").read_bytes() == Path("sp.csv").read_bytes()


def test_mismatch_of_the_profile(run, files):
    done = run("emulate dynapse1.json hand.csv --chips 1 -o sp.csv --json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["mismatch"]["cv"]["Itau_mem"] == load_profile("dynapse1").mismatch_cv("Itau_mem")


def test_a_strong_drive_warns_on_stderr(run, files):
    Path("ev.csv").write_text("time_s,channel\n" + "".join(f"0.0{k},{k % 4}\n" * 200 for k in range(10, 30)))
    done = run("emulate dynapse1-events.json ev.csv -o sp.csv --json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["neurons"] == 3
    assert all(line.startswith("warning: ") for line in done.stderr.splitlines())


ROWS = [(0.01, 0), (0.01, 0), (0.0101, 3), (0.02, 2), (0.25, 1)]


@pytest.mark.parametrize("name", ["dynapse1", "dynapse2"])
def test_address_events_are_the_lines_that_they_belong_to(run, files, name):
    Path("lines.csv").write_text("time_s,channel\n" + "".join(f"{t},{k}\n" for t, k in ROWS))
    Path("aer.csv").write_text(address_list(ChipConfig.load(f"{name}-events.json"), ROWS))
    assert run(f"emulate {name}-events.json --input lines.csv -o one.csv").exit_code == 0
    assert run(f"emulate {name}-events.json --input aer.csv -o two.csv").exit_code == 0
    assert Path("one.csv").read_bytes() == Path("two.csv").read_bytes()
    assert len(spikes_in("one.csv")[1]) > 5


@pytest.mark.parametrize("name", ["dynapse1", "dynapse2"])
def test_address_events_as_output(run, files, name):
    Path("lines.csv").write_text("time_s,channel\n" + "".join(f"{t},{k}\n" for t, k in ROWS))
    assert run(f"emulate {name}-events.json -i lines.csv -o plain.csv").exit_code == 0
    done = run(f"emulate {name}-events.json -i lines.csv -o aer.csv --aer --json")
    found, config = read_address_events("aer.csv"), ChipConfig.load(f"{name}-events.json")
    assert found.dtype == OUT
    addresses = config.outputs[0].addresses
    _, rows = spikes_in("plain.csv")
    assert json.loads(done.stdout)["spikes"] == len(rows) == found.size > 5
    wanted = [(pytest.approx(time), *addresses[neuron]) for time, neuron in rows]
    assert sorted(map(tuple, found.tolist())) == sorted(wanted, key=lambda row: row[0].expected)


def test_defects_that_are_not_in_the_way_change_nothing(run, files):
    Path("far.csv").write_text("chip,core,neuron\n3,3,255\n")
    assert run("emulate dynapse1.json hand.csv -o one.csv").exit_code == 0
    assert run("emulate dynapse1.json hand.csv -o two.csv --defects far.csv").exit_code == 0
    assert Path("one.csv").read_bytes() == Path("two.csv").read_bytes()
