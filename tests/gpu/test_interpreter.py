"""The Triton kernels on the processor, by Triton's own interpreter, against the reference engine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton", reason="Triton is not installed")


def test_interpreted_kernels(tmp_path):
    """In a process of its own: Triton is an interpreter or a compiler from its import on."""
    file = Path(__file__).with_name("interpreted.py")
    environment = {**os.environ, "TRITON_INTERPRET": "1", "ARCANA_CACHE_DIR": str(tmp_path)}
    environment.pop("PYTEST_XDIST_WORKER", None)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", str(file)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, cwd=file.parents[2], check=False
    )
    assert done.returncode == 0, done.stdout[-10000:] + done.stderr[-2000:]
    assert re.search(r"\d\d passed", done.stdout), done.stdout[-2000:]
    assert "skipped" not in done.stdout
    assert list((tmp_path / "triton").glob("*.py"))
