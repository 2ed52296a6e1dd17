"""The folder of compiled kernels: used by the next process, never needed, never trusted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Runs a small layer and prints how many kernels were compiled, the spikes and a gradient
RUN = """
import warnings
import torch
torch.set_num_threads(1)
import arcana
from arcana.engine.fused_cpu import compile
compiled, before = [], compile.object_code
compile.object_code = lambda spec: (compiled.append(spec), before(spec))[1]
net = arcana.DPILayer(3, 5, solver="euler", Idc=300e-12, Itau_mem=15e-12, Ith=150e-12, train_Itau_mem=True)
arcana.use_engine("fused")
spikes, _ = net(torch.ones(1, 30, 3))
spikes.sum().backward()
print(len(compiled), int(spikes.sum()), float(net.log_Itau_mem.grad))
"""
WITHOUT_LLVMLITE = """
import sys, warnings
sys.modules["llvmlite"] = None
import torch
torch.set_num_threads(1)
import arcana
net = arcana.DPILayer(3, 5, solver="euler", Idc=300e-12, Itau_mem=15e-12, Ith=150e-12, train_Itau_mem=True)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    for _ in range(2):
        spikes, _ = net(torch.ones(1, 30, 3))
spikes.sum().backward()
print([(type(w.message).__name__, str(w.message)) for w in said])
print(0, int(spikes.sum()), float(net.log_Itau_mem.grad))
arcana.use_engine("fused")
try:
    net(torch.ones(1, 30, 3))
except arcana.errors.BadInput as error:
    print(error)
"""


def python(code: str, folder: Path | str | None, **environment: str) -> list[str]:
    """The lines that a fresh process prints."""
    given = {name: value for name, value in os.environ.items() if name != "ARCANA_CACHE_DIR"} | environment
    if folder is not None:
        given["ARCANA_CACHE_DIR"] = str(folder)
    done = subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def run(folder: Path | str | None, **environment: str) -> tuple[int, tuple[str, ...]]:
    """Kernels compiled, and what was computed."""
    (line,) = python(RUN, folder, **environment)
    compiled, *computed = line.split()
    assert int(computed[0]) > 0
    return int(compiled), tuple(computed)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[str, ...]]:
    """A folder after one process, and what that computed."""
    folder = tmp_path_factory.mktemp("cache") / "of arcana"  # made by the process
    compiled, computed = run(folder)
    assert compiled == 2  # forward and backward
    return folder, computed


def test_a_second_process_compiles_nothing(filled: tuple[Path, tuple[str, ...]]) -> None:
    folder, computed = filled
    files = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert len(files) == 2
    assert all(name.endswith(".o") for name in files)  # no half-written file is left
    assert run(folder) == (0, computed)
    assert {file.name: file.stat().st_mtime_ns for file in folder.iterdir()} == files


@pytest.mark.parametrize("damage", ["cut", "cut in the header", "empty", "a bit", "noise"])
def test_a_damaged_file_is_compiled_again(
    filled: tuple[Path, tuple[str, ...]], tmp_path: Path, damage: str
) -> None:
    folder, computed = filled
    for file in folder.iterdir():
        whole = file.read_bytes()
        flipped = bytearray(whole)
        flipped[len(whole) // 2] ^= 1
        damaged = {
            "cut": whole[: len(whole) // 2], "cut in the header": whole[:7], "empty": b"", "a bit": bytes(flipped),
            "noise": bytes(range(256)) * 40,
        }[damage]  # fmt: skip
        (tmp_path / file.name).write_bytes(damaged)
    assert run(tmp_path) == (2, computed)
    assert run(tmp_path) == (0, computed)  # and was put right


def test_a_folder_that_cannot_be_written_is_done_without(
    filled: tuple[Path, tuple[str, ...]], tmp_path: Path
) -> None:
    file = tmp_path / "a file"
    file.write_text("not a folder")
    assert run(file / "below" / "it") == (2, filled[1])
    assert run(file) == (2, filled[1])
    assert file.read_text() == "not a folder"


def test_files_that_are_folders_are_done_without(filled: tuple[Path, tuple[str, ...]], tmp_path: Path) -> None:
    for file in filled[0].iterdir():
        (tmp_path / file.name / "inside").mkdir(parents=True)
    assert run(tmp_path) == (2, filled[1])
    assert {file.name for file in tmp_path.iterdir()} == {file.name for file in filled[0].iterdir()}


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="XDG_CACHE_HOME names the folder on other systems")
def test_the_folder_of_the_user(filled: tuple[Path, tuple[str, ...]], tmp_path: Path) -> None:
    assert run(None, XDG_CACHE_HOME=str(tmp_path / "xdg")) == (2, filled[1])
    assert len(list((tmp_path / "xdg" / "arcana").iterdir())) == 2
    assert run(None, XDG_CACHE_HOME="", HOME=str(tmp_path / "home")) == (2, filled[1])
    assert len(list((tmp_path / "home" / ".cache" / "arcana").iterdir())) == 2


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    from arcana.engine.fused_cpu import compile

    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("ARCANA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    file = compile.cache_folder() / "kernel.o"
    compile._write(file, b"code")
    assert compile._read(file) is None


def test_without_llvmlite_the_reference_runs_and_says_so_once(
    filled: tuple[Path, tuple[str, ...]], tmp_path: Path
) -> None:
    said, result, refused = python(WITHOUT_LLVMLITE, tmp_path / "unused")
    assert said.count("FallbackNotice") == 1
    assert "llvmlite is not installed" in said
    _, spikes, gradient = result.split()
    assert spikes == filled[1][0]
    assert float(gradient) == pytest.approx(float(filled[1][1]), rel=1e-4)
    assert "llvmlite is not installed" in refused
    assert not (tmp_path / "unused").exists()
