"""``arcana map``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import arcana
from arcana.config import ChipConfig
from arcana.hardware import load_profile
from arcana.hardware.defects import DefectMap
from arcana.mapping.decode import decode
from arcana.mapping.drc import check

NET = """
dt 1 ms
input IN 4
population E 8  Itau_mem=5pA Idc=20pA refractory=2ms
population I 2  refractory=1ms
IN[0] -> E[0:4]  ampa 2    # two synapses from line 0 to each of neurons 0 to 3
E -> I           nmda      # all to all
I[1] -> E        gabaa 3
outputs E I
"""
CHIPS = pytest.mark.parametrize("name", ["dynapse1", "dynapse2"])


@pytest.fixture
def nets(tmp_path):
    """A netlist, a wide one, a saved module, a module of SE2, files that are no network, and defect maps."""
    ring = "population P 3 refractory=2ms\n"
    inputs = "".join(f"IN[{k}] -> P[0] ampa\n" for k in range(70))
    net = arcana.DPILayer(2, 3, profile="dynapse1", refractory=2e-3)
    files = {
        "net.txt": NET,
        "wide.txt": f"input IN 70\n{ring}{inputs}",
        "wrong.txt": "population E two Idd=1pA\npopulation F 3\nF -> G ampa\n",
        "huge.txt": "population E 5000 refractory=1ms\n",
        "settings.json": "{}",
        "noise.pt": "this is no module",
        "bad.csv": "chip,core,neuron\n0,7,1\n0,0,1,5\n",
        "dead.csv": "chip,core,neuron\n" + "".join(f"0,{c},{k}\n" for c in range(4) for k in range(256)),
        "mine.json": "mine",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    torch.save(net, tmp_path / "layer.pt")
    torch.save(net.state_dict(), tmp_path / "state.pt")
    torch.save(torch.nn.Sequential(torch.nn.Linear(2, 2)), tmp_path / "linear.pt")
    torch.save(arcana.DPILayer(2, 3, profile="ideal", refractory=2e-3), tmp_path / "ideal.pt")
    return tmp_path


@CHIPS
def test_a_netlist(run, nets, name):
    done = run(f"map net.txt -o chip.json --chip {name} --seed 3 --note hello")
    assert (done.exit_code, done.stderr) == (0, "")
    chip, config = load_profile(name), ChipConfig.load("chip.json")
    graph = arcana.read_netlist(Path("net.txt"), chip)
    mapping = arcana.map_network(graph, chip, seed=3, note="hello")
    assert Path("chip.json").read_text() == mapping.configuration().to_json()
    assert (config.provenance.seed, config.provenance.note) == (3, "hello")
    assert [v for v in check(config, chip, for_chip=True) if v.severity == "error"] == []
    assert decode(config, chip).graph.projections == graph.projections
    assert done.stdout == f"{mapping.report()}settings: chip.json\n"


def test_a_saved_module(run, nets):
    done = run("map layer.pt -o chip.json")
    assert (done.exit_code, done.stderr) == (0, "")
    config = ChipConfig.load("chip.json")
    assert [(p.name, p.size) for p in config.populations] == [("layer0", 3)]
    assert (
        config.to_json()
        == arcana.map_network(torch.load("layer.pt", weights_only=False), "dynapse1").configuration().to_json()
    )


def test_report_and_picture(run, nets):
    done = run("map net.txt -o chip.json --report report.txt --picture board.png")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == Path("report.txt").read_text() + "settings: chip.json\n"
    assert "Mapping on dynapse1" in done.stdout
    assert Path("board.png").read_bytes().startswith(b"\x89PNG")


def test_json(run, nets):
    done = run("map net.txt -o chip.json --json")
    assert (done.exit_code, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["config"], found["profile"]) == ("chip.json", "dynapse1")
    used = {row["resource"]: row["used"] for row in found["resources"]}
    words = sum(len(n.cams) for n in ChipConfig.load("chip.json").neurons)
    assert (used["neurons"], used["input words (CAM)"]) == (10, words) == (10, 8 + 16 + 24)
    assert [line["name"] for line in found["outputs"]] == [*(f"E[{k}]" for k in range(8)), "I[0]", "I[1]"]
    place = {(n.population, n.index): (n.chip, n.core, n.neuron) for n in ChipConfig.load("chip.json").neurons}
    for line in found["outputs"]:
        name, index = line["name"].rstrip("]").split("[")
        assert (line["chip"], *line["core"], line["slot"]) == (
            [place[name, int(index)][0]], list(place[name, int(index)][:2]), place[name, int(index)][2]
        )  # fmt: skip


def test_defects_are_avoided(run, nets):
    assert run("map net.txt -o free.json").exit_code == 0
    assert run("map net.txt -o spared.json --defects dead.csv").exit_code == 0
    chip = load_profile("dynapse1")
    dead = DefectMap.read("dead.csv", chip)
    assert {n.chip for n in ChipConfig.load("free.json").neurons} == {0}
    assert 0 not in {n.chip for n in ChipConfig.load("spared.json").neurons}
    assert [v for v in check(ChipConfig.load("spared.json"), chip, dead) if v.severity == "error"] == []
    done = run("drc free.json --defects dead.csv")
    assert done.exit_code == 1


@pytest.mark.parametrize("how", ["relay", "prune"])
def test_too_many_inputs_are_split_where_asked(run, nets, how):
    done = run(f"map wide.txt -o chip.json --split {how} --json")
    assert done.exit_code == 0, done.stderr
    cost = json.loads(done.stdout)["split"]
    assert (cost["how"], cost["neurons"], cost["most"]) == (how, 1, 70)
    assert max(len(n.cams) for n in ChipConfig.load("chip.json").neurons) <= 64
    assert (cost["removed"], cost["relays"] > 0) == ((6, False) if how == "prune" else (0, True))


def test_force_replaces_all_outputs(run, nets):
    Path("report.txt").write_text("old")
    assert run("map net.txt -o mine.json --report report.txt").exit_code == 2
    assert (Path("mine.json").read_text(), Path("report.txt").read_text()) == ("mine", "old")
    assert run("map net.txt -o mine.json --report report.txt --force").exit_code == 0
    ChipConfig.load("mine.json")
    assert "Mapping on dynapse1" in Path("report.txt").read_text()


def test_the_mapped_file_can_be_inspected_checked_and_emulated(run, nets):
    assert run("map net.txt -o chip.json").exit_code == 0
    assert run("drc chip.json --for-chip").exit_code == 0
    lines = [line.split() for line in run("inspect chip.json").stdout.splitlines()]
    assert ["IN", "E", "ampa", "none", "8"] in lines
    assert ["E", "I", "nmda", "none", "16"] in lines
    Path("ev.csv").write_text("time_s,channel\n0.01,0\n0.02,0\n")
    done = run("emulate chip.json --input ev.csv -o sp.csv --duration 0.2 --json")
    assert done.exit_code == 0, done.stderr
    assert [row["output"] for row in json.loads(done.stdout)["outputs"]] == [
        *(f"E[{k}]" for k in range(8)), "I[0]", "I[1]"
    ]  # fmt: skip


# line: what stderr must hold
BAD = {
    "map gone.txt -o x.json": ["gone.txt", "no such file"],
    "map gone.pt -o x.json": ["gone.pt", "no such file"],
    "map settings.json -o x.json": ["network is 'settings.json'", "settings files are mapped already"],
    "map noise.pt -o x.json": ["noise.pt", "a module saved with torch.save"],
    "map state.pt -o x.json": ["state.pt", "OrderedDict", "not its state_dict"],
    "map linear.pt -o x.json": ["linear.pt", "Sequential", "a DPILayer or a Sequential"],
    "map ideal.pt -o x.json": ["constants behind the biases", "profile='dynapse1'"],
    "map wrong.txt -o x.json": ["line 1, size is 'two'", "line 1, bias is 'Idd'", "line 3, target is 'G'"],
    "map huge.txt -o x.json": ["neurons is 5000", "at most 4096"],
    "map wide.txt -o x.json": ["P[0]: input words is 70", "at most 64", "split='prune' or split='relay'"],
    "map net.txt -o mine.json": ["mine.json", "--force"],
    "map net.txt -o .": ["this is a folder"],
    "map net.txt -o x.json --report x.json": ["different files"],
    "map net.txt -o x.json --report mine.json": ["mine.json", "--force"],
    "map net.txt -o x.json --picture mine.json": ["mine.json", "--force"],
    "map net.txt -o net.txt/x.json": ["net.txt"],
    "map net.txt -o x.json --report net.txt/r.txt": ["net.txt"],
    "map net.txt -o x.json --chip dynapse9": ["'dynapse9'", "did you mean"],
    "map net.txt -o x.json --chip ideal": ["'ideal'", "dynapse1"],
    "map net.txt -o x.json --weights swich": ["weights is 'swich'", "did you mean 'switch'?"],
    "map net.txt -o x.json --weights switch": ["weights is 'switch'", "repeat"],
    "map net.txt -o x.json --split relays": ["split is 'relays'", "'relay' or 'prune'"],
    "map net.txt -o x.json --share near": ["share is 'near'", "did you mean 'nearest'?"],
    "map net.txt -o x.json --method fast": ["method is 'fast'"],
    "map net.txt -o x.json --seed -1": ["seed is -1"],
    "map net.txt -o x.json --defects gone.csv": ["gone.csv", "no such file"],
    "map net.txt -o x.json --defects bad.csv": ["bad.csv", "line 2, core is '7'", "line 3 is '0,0,1,5'"],
}


@pytest.mark.parametrize("line", BAD)
def test_bad_line(run, nets, line):
    before = {path.name: path.read_bytes() for path in nets.iterdir()}
    done = run(line)
    assert done.exit_code == 2, (done.output, done.exception)
    assert done.stdout == ""
    assert not [part for part in BAD[line] if part not in done.stderr], done.stderr
    assert all(text.startswith("error: ") for text in done.stderr.splitlines())
    assert {path.name: path.read_bytes() for path in nets.iterdir()} == before
