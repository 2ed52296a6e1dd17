"""The source of a kernel as a module: Triton reads a kernel's source from its file."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
import threading
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from arcana.engine.compiled.cache import cache_folder
from arcana.engine.compiled.spec import Spec
from arcana.engine.fused_gpu.backward import backward_kernel
from arcana.engine.fused_gpu.echo import listen_back_kernel, listen_kernel
from arcana.engine.fused_gpu.forward import forward_kernel
from arcana.engine.fused_gpu.text import NAME, Part

_WRITERS = {"steps": (forward_kernel, backward_kernel), "listen": (listen_kernel, listen_back_kernel)}


@lru_cache
def kernel(spec: Spec, part: Part = "steps") -> Any:
    """The Triton function of a kernel; Triton compiles it when it is first called and keeps the code on disk."""
    write = _WRITERS[part][spec.backward]
    return getattr(_imported(write(spec)), NAME)


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
    folder = cache_folder()
    if folder is not None:
        with suppress(OSError):
            return _write(folder / "triton", source, name)
    return _write(_temporary_folder(), source, name)


def _write(folder: Path, source: str, name: str) -> Path:
    file = folder / name
    if file.is_file() and file.read_text() == source:
        return file
    folder.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    part.write_text(source)
    part.replace(file)  # at once: another process never reads half a file
    return file


@lru_cache
def _temporary_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="arcana_"))
