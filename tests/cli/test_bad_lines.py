"""Everything that a user may get wrong on the command line: exit code 2, the value, no traceback, no new file."""

from __future__ import annotations

import copy
import json

import pytest

# line: what stderr must hold
TABLE = {
    "encode gone.csv -o x.csv": ["gone.csv", "no such file"],
    "encode . -o x.csv": ["readable"],
    "encode hand.csv -o hand.csv": ["hand.csv", "another file than those that are read"],
    "encode hand.csv -o .": ["this is a folder"],
    "encode hand.csv -o x.csv --plot x.csv": ["different files"],
    "encode hand.csv -o x.csv --plot hand.csv": ["hand.csv", "another file than those"],
    "encode hand.csv -o x.csv --threshold 0": ["threshold_up is 0.0", "threshold_down is 0.0"],
    "encode hand.csv -o x.csv --threshold nan": ["threshold_up is nan"],
    "encode hand.csv -o x.csv --threshold -1": ["-1"],
    "encode hand.csv -o x.csv --threshold a": ["--threshold", "valid"],
    "encode hand.csv -o x.csv --threshold-up 1": ["--threshold-up is 1.0", "--threshold-down"],
    "encode hand.csv -o x.csv --threshold 1 --max-rate 5": ["--threshold --max-rate"],
    "encode hand.csv -o x.csv --max-rate 0": ["max_rate is 0.0"],
    "encode hand.csv -o x.csv --max-rate 1": ["1.0 1/s", "a higher limit or a longer signal"],
    "encode hand.csv -o x.csv --max-rate 1e9": ["every threshold keeps this limit"],
    "encode hand.csv -o x.csv --dt 2ms": ["dt is 0.002"],
    "encode hand.csv -o x.csv --dt fast": ["'fast'"],
    "encode hand.csv -o x.csv --refractory -1 --upsample 0": ["refractory is -1", "upsample is 0"],
    "encode hand.csv -o x.csv --reset lvel": ["lvel"],
    "encode flat.csv -o x.csv": ["constant"],
    "encode flat.csv -o x.csv --standardise": ["'left'", "constant"],
    "encode dynapse1.json -o x.csv": ["dynapse1.json"],
    "inspect gone.json": ["gone.json", "no such file"],
    "inspect hand.csv": ["hand.csv", "JSON written by"],
    "inspect cut.json": ["cut.json", "cut off"],
    "inspect newer.json": ["version is 99", "newer arcana"],
    "inspect older.json": ["older.json", "version is 1", "map the network again with `arcana map`"],
    "inspect wrong.json": ["coarse", "is 77"],
    "inspect names.json": ["'IF_TAU1_M'", "did you mean 'IF_TAU1_N'?"],
    "inspect dynapse1.json --profile dynapse2": ["'dynapse2'", "'dynapse1'"],
    "inspect dynapse1.json --profile dynapse9": ["'dynapse9'", "did you mean"],
    "inspect dynapse1.json --profile gone.toml": ["gone.toml", "no such file"],
    "inspect stale.json": ["profile.hash", "the profile was changed since"],
    "inspect dynapse1.json --bias-list --json": ["--bias-list --json"],
    "inspect dynapse1.json --bias-list --dialect cear": ["did you mean 'caer'?"],
    "inspect dynapse2.json --bias-list --dialect caer": ["no tool of dynapse2"],
    "emulate gone.json hand.csv -o x.csv": ["gone.json", "no such file"],
    "emulate dynapse1.json gone.csv -o x.csv": ["gone.csv", "no such file"],
    "emulate dynapse1.json hand.csv -o hand.csv": ["another file than those that are read"],
    "emulate dynapse1.json flat.csv -o x.csv": ["channels is 1", "2"],
    "emulate dynapse1.json slow.csv -o x.csv": ["sampling step is 0.01"],
    "emulate dynapse1.json events.csv -o x.csv": ["an event list"],
    "emulate dynapse1.json hand.csv -o x.csv --duration 1": ["--duration is 1.0"],
    "emulate dynapse1.json hand.csv -o x.csv --cv 2": ["mismatch is 2.0"],
    "emulate dynapse1.json hand.csv -o x.csv --chips 0 --seed -1": ["n_chips is 0", "seed is -1"],
    "emulate dynapse1-events.json hand.csv -o x.csv": ["'time_s'", "'channel'"],
    "emulate dynapse1-events.json events.csv -o x.csv --dt 1ms": ["--dt is 0.001"],
    "emulate dynapse1-events.json events.csv -o x.csv --duration -1": ["--duration is -1.0"],
    "emulate dynapse1-events.json lines.csv -o x.csv": ["channel is '4'", "0 to 3"],
    "emulate dynapse1-events.json late.csv -o x.csv": ["times are in seconds"],
    "emulate dynapse1-events.json none.csv -o x.csv": ["events is 'none'"],
    "emulate names.json hand.csv -o x.csv": ["C0c0, bias IF_TAU1_M: there is no bias IF_TAU1_M on dynapse1"],
    "emulate crowded.json hand.csv -o x.csv": ["(layer0[", "65 input words, at most 64", "word 64 does not exist"],
    "emulate dynapse1.json -o x.csv": ["--input is 'None'", "one file"],
    "emulate dynapse1.json hand.csv --input hand.csv -o x.csv": ["--input is 'hand.csv'", "one file"],
    "emulate dynapse1-events.json backwards.csv -o x.csv": ["backwards.csv", "line 3", "0.01 s", "at least 0.02"],
    "emulate dynapse1-events.json -i polar.csv -o x.csv": ["polar.csv", "line 3", "0.01 s", "at least 0.02"],
    "emulate dynapse1-events.json beyond.csv -o x.csv": [
        "events[0] is 'chip 0, cores 0b0001, tag 1023'",
        "events[1] is 'chip 3, cores 0b10000, tag 5000'",
        "an event of one of the input lines",
    ],
    "emulate dynapse1-events.json addresses.csv -o x.csv": [
        "addresses.csv",
        "line 3, time_s is 0.01 s",
        "line 4, chip is -1",
        "line 5 is 'x,0,1,5'",
    ],
    "emulate dynapse1-events.json late-addresses.csv -o x.csv": ["times are in seconds"],
    "emulate dynapse1-events.json outputs.csv -o x.csv": ["outputs.csv", "header"],
    "emulate dynapse1.json hand.csv -o x.csv --aer --chips 2": ["--aer is '2 chips'", "one chip"],
    "emulate dynapse1.json hand.csv -o x.csv --defects gone.csv": ["gone.csv", "no such file"],
    "emulate dynapse1.json hand.csv -o x.csv --defects odd.csv": [
        "odd.csv",
        "line 2, core is '9'",
        "line 3, neuron is '999'",
    ],
    "emulate dynapse1.json hand.csv -o x.csv --defects dead.csv": ["(layer0[0])", "dead place"],
    "profiles show dynapse9": ["'dynapse9'"],
    "profiles show gone.toml": ["no such file"],
    "profiles show dynapse1 --json --toml": ["--json --toml"],
    "profiles validate dynapse1.json gone.toml": ["gone.toml", "no such file"],
    "demo --profile dynapse9": ["'dynapse9'"],
}


@pytest.fixture
def broken(files):
    """The files of ``files``, and damaged copies."""
    text = (files.folder / "dynapse1.json").read_text()
    events = "time_s,channel,polarity\n0.01,0,UP\n"
    data = json.loads(text)
    crowded = copy.deepcopy(data)
    word = crowded["neurons"][0]["cams"][0]
    crowded["neurons"][0]["cams"] = [[k, *word[1:]] for k in range(65)]
    contents = {
        "cut.json": text[: len(text) // 2],
        "newer.json": text.replace('"version": 2', '"version": 99'),
        "older.json": text.replace('"version": 2', '"version": 1'),
        "wrong.json": text.replace('"coarse": 1', '"coarse": 77'),
        "names.json": text.replace('"IF_TAU1_N"', '"IF_TAU1_M"'),
        "stale.json": text.replace('"hash": "', '"hash": "0'),
        "crowded.json": json.dumps(crowded),
        "backwards.csv": "time_s,channel\n0.02,0\n0.01,0\n",
        "polar.csv": "time_s,channel,polarity\n0.02,0,UP\n0.01,0,DOWN\n",
        "beyond.csv": "time_s,chip,cores,tag\n0.01,0,1,1023\n0.02,3,16,5000\n",
        "addresses.csv": "time_s,chip,cores,tag\n0.02,0,1,5\n0.01,0,1,5\n0.03,-1,1,5\nx,0,1,5\n",
        "late-addresses.csv": "time_s,chip,cores,tag\n1e9,{2},{3},{1}\n".format(*data["inputs"][0]["events"][0]),
        "outputs.csv": "time_s,chip,core,neuron,tag\n0.02,0,0,1,1\n",
        "dead.csv": "chip,core,neuron\n"
        + "".join(f"{n['chip']},{n['core']},{n['neuron']}\n" for n in data["neurons"]),
        "odd.csv": "chip,core,neuron\n0,9,1\n0,0,999\n",
        "slow.csv": "time,a,b\n" + "".join(f"{k / 100},{k % 3},{k % 5}\n" for k in range(9)),
        "events.csv": events,
        "lines.csv": "time_s,channel\n0.01,4\n",
        "late.csv": "time_s,channel\n1e9,0\n",
        "none.csv": "time_s,channel\n",
    }
    for name, content in contents.items():
        (files.folder / name).write_text(content)
    return files.folder


@pytest.mark.parametrize("line", TABLE)
def test_bad_line(run, broken, line):
    before = {path.name: path.read_bytes() for path in broken.iterdir()}
    done = run(line)
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert not [part for part in TABLE[line] if part not in done.stderr], done.stderr
    assert {path.name: path.read_bytes() for path in broken.iterdir() if path.is_file()} == before


def test_all_problems_are_lines_of_their_own(run, broken):
    done = run("encode hand.csv -o x.csv --threshold -1 --refractory -1 --upsample 0")
    assert [line.split()[1] for line in done.stderr.splitlines()] == [
        "refractory",
        "upsample",
        "threshold_up",
        "threshold_down",
    ]
    many = "time,a\n" + "".join(f"{k},x\n" for k in range(100))
    (broken / "many.csv").write_text(many)
    lines = run("encode many.csv -o x.csv --threshold 1").stderr.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "error: ... and 80 more"
