"""What takes the route through the Triton kernels, and where their source is kept."""

from __future__ import annotations

import os

import engine_checks as checks
import pytest
import torch

from arcana.engine import dispatch
from arcana.engine.fused_gpu import module

pytest.importorskip("triton", reason="Triton is not installed")


def job_of(net, X, monkeypatch):
    jobs = []
    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "run", jobs.append)
        net.run(X)
    return jobs[0]


@pytest.fixture
def job(monkeypatch):
    case = checks.Case()
    return job_of(checks.layer(case, torch.float32, "cpu"), torch.ones(1, 2, 3), monkeypatch)


def test_tensors_on_the_processor_only_with_the_interpreter(job, monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    assert checks.route.why_not(job) == "its tensors are on cpu"
    assert checks.route.usable(torch.device("cuda"))
    assert not checks.route.usable(torch.device("mps"))
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    assert checks.route.why_not(job) is None


def test_triton_is_asked_for_by_its_name(job, monkeypatch):
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    monkeypatch.setattr(checks.route.importlib.util, "find_spec", lambda name: None)
    assert checks.route.why_not(job) == "Triton is not installed"


def test_the_source_is_written_once(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCANA_CACHE_DIR", str(tmp_path))
    file = module._written("a = 1\n", "some.py")
    assert file == tmp_path / "triton" / "some.py"
    os.utime(file, (1, 1))
    assert module._written("a = 1\n", "some.py").stat().st_mtime == 1
    file.write_text("a = ")  # a file that something else cut short
    assert module._written("a = 1\n", "some.py").read_text() == "a = 1\n"
    assert [f.name for f in file.parent.iterdir()] == ["some.py"]


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ARCANA_CACHE_DIR", str(tmp_path / "file"))
    file = module._written("a = 1\n", "some.py")
    assert file.read_text() == "a = 1\n"
    assert tmp_path not in file.parents
