"""A file is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arcana.errors import BadFile
from arcana.files import read_text, write_whole


def test_written_text_reads_back(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "new" / "a.txt", "ä\n")
    assert read_text(path) == "ä\n"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_an_existing_file_is_kept_unless_asked(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "a.txt", "old")
    with pytest.raises(BadFile, match="--force"):
        write_whole(path, "new", overwrite=False)
    assert read_text(path) == "old"
    write_whole(path, b"new")
    assert read_text(path) == "new"


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_whole(tmp_path / "a.txt", "old")

    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fdopen", fail)
    with pytest.raises(OSError, match="no space"):
        write_whole(path, "new")
    assert read_text(path) == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_a_missing_file_and_binary_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="folder"):
        write_whole(tmp_path, "x")
    with pytest.raises(BadFile, match="no such file"):
        read_text(tmp_path / "missing.txt")
    binary = tmp_path / "b"
    binary.write_bytes(b"\xff\xfe\x00\x9f")
    with pytest.raises(BadFile, match="UTF-8"):
        read_text(binary)
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadFile, match="writable"):
        write_whole(tmp_path / "file" / "below.txt", "x")
