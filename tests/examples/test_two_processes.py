"""Example 08: two processes train one network, and their gradients are those of one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "08_two_processes.py"


def run(*command):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore::FutureWarning"}
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment, timeout=300)


def test_gradients_are_those_of_one_process():
    done = run(SCRIPT, "--check")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    found = [float(line.split("differ by ")[1].split()[0]) for line in lines]
    assert max(found[:2]) <= 1e-12  # float64, with one chip and with two
    assert max(found[2:]) <= 1e-4
    assert "StiffDriveWarning" not in done.stderr


def test_torchrun_trains_and_networks_stay_equal():
    pytest.importorskip("torch.distributed.run")
    launch = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", SCRIPT)
    done = run(*launch, "--updates", "6", "--chips")
    assert done.returncode == 0, done.stderr
    assert "2 processes, 6 updates" in done.stdout
    assert "networks of all processes are equal, bit for bit" in done.stdout
    before, after = (float(part.split()[0]) for part in done.stdout.split("loss ")[1].split(",")[0].split(" -> "))
    assert after < before
    assert "StiffDriveWarning" not in done.stderr
