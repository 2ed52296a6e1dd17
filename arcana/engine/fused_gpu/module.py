"""The source of a kernel as a module: Triton reads a kernel's source from its file."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from arcana.engine.fused_cpu.compile import cache_folder
from arcana.engine.fused_cpu.spec import Spec
from arcana.engine.fused_gpu.backward import backward_kernel
from arcana.engine.fused_gpu.forward import forward_kernel
from arcana.engine.fused_gpu.text import NAME


@lru_cache
def kernel(spec: Spec) -> Any:
    """The Triton function of a kernel; Triton compiles it when it is first called and keeps the code on disk."""
    source = backward_kernel(spec) if spec.backward else forward_kernel(spec)
    return getattr(_imported(source), NAME)


def _imported(source: str) -> Any:
    name = hashlib.sha256(source.encode()).hexdigest()[:32]
    file = _written(source, f"{name}.py")
    about = importlib.util.spec_from_file_location(f"arcana_kernel_{name}", file)
    assert about is not None
    assert about.loader is not None
    module = importlib.util.module_from_spec(about)
    sys.modules[about.name] = module
    about.loader.exec_module(module)
    return module


def _written(source: str, name: str) -> Path:
    """The file with this source: in the cache folder, or in a temporary one where that cannot be written."""
    try:
        return _write(cache_folder() / "triton", source, name)
    except OSError:
        return _write(_temporary_folder(), source, name)


def _write(folder: Path, source: str, name: str) -> Path:
    file = folder / name
    if file.is_file() and file.read_text() == source:
        return file
    folder.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    part.write_text(source)
    part.replace(file)  # at once: another process never reads half a file
    return file


@lru_cache
def _temporary_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="arcana_"))
