"""``arcana rates run``: files, numbers, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from arcana.networks.rate.stored_runs import read_run

RUN = "rates run two_populations.yml --set N_NEURON=200 --set K=20 --set DURATION=0.5 --set T_STEADY=0.2"


def test_a_run_is_written_and_told(run, files):
    done = run(f"{RUN} --batch 2 --record all -o rates.npz --plot rates.png")
    assert done.exit_code == 0, done.output
    assert "memory: about" in done.stderr
    assert done.stdout.startswith("population  mean rate  sd of neurons  silent")
    stored = read_run(files.folder / "rates.npz")
    assert stored.rates.shape == (2, 6, 200)
    assert (stored.config.batch, stored.config.record) == (2, "all")
    assert (files.folder / "rates.png").read_bytes()[:4] == b"\x89PNG"
    assert run(f"{RUN} -o rates.npz").exit_code == 2  # it exists
    assert run(f"{RUN} -o rates.npz --seed 1 --force").exit_code == 0


def test_the_same_seed_is_the_same_run(run, files):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run(f"{RUN} -o {name}.npz --seed {seed}").exit_code == 0
    a, b, c = (read_run(files.folder / f"{name}.npz").rates.numpy() for name in "abc")
    assert (a == b).all()
    assert np.abs(a - c).max() > 0.1


def test_json_is_all_of_stdout(run):
    done = run(f"{RUN} -o rates.npz --json")
    found = json.loads(done.stdout)
    assert found["shape"] == [1, 6, 160]
    assert [p["name"] for p in found["populations"]] == ["E"]
    assert found["files"] == ["rates.npz"]


def test_a_file_of_ones_own(run, files):
    (files.folder / "ring.yml").write_text(
        "neurons: 100\nin_degree: 10\nconnectivity: all_to_all\nstructure: [cosine]\nstructure_strength: 0.4\n"
        "strength: [[-2.75]]\nstrength_in: [10.0]\ndt_s: 0.002\ntau_s: 0.02\nduration_s: 0.2\nwindow_s: 0.02\n"
    )
    assert run("rates run ring.yml -o ring.npz").exit_code == 0
    assert run("rates run ring.yml -o ring.yml").exit_code == 2


BAD = {
    "--set GAIN=-5 --set foo=1 --batch 0": ["GAIN (gain) is -5", "'foo'", "N_BATCH (batch) is 0"],
    "--set K": ["--set is 'K'", "NAME=VALUE"],
    "--set K=[1": ["--set is 'K=[1'"],
    "--record some": ["record is 'some'"],
    "-o rates.txt --plot rates.jpg": ["--out is 'rates.txt'", "--plot is 'rates.jpg'"],
    "-o /proc/nowhere/rates.npz": ["a folder that can be written"],
    "--set CON_TYPE=all2all --batch 1000000 --set T_WINDOW=0.0025": ["memory is", "GB", "weights"],
    "--seed -1": ["seed) is -1"],
    "--set K=30": ["--set is 'K=30', allowed: K once"],
    "--batch 2 --set N_BATCH=3 --seed 1 --set seed=2": ["--batch is 2", "--seed is 1", "not both"],
}


@pytest.mark.parametrize("line", BAD)
def test_what_is_refused(run, files, line):
    before = sorted(files.folder.rglob("*"))
    done = run(f"{RUN} {line}")
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert "Traceback" not in done.output
    assert not [part for part in BAD[line] if part not in done.stderr], done.stderr
    assert sorted(files.folder.rglob("*")) == before


@pytest.mark.parametrize("path", ["gone.yml", "two_populations.yaml"])
def test_a_file_that_is_not_there(run, path):
    done = run(f"rates run {path}")
    assert done.exit_code == 2
    assert "an existing file" in done.stderr
