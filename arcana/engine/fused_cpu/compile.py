"""Machine code for this processor, kept between processes."""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import llvmlite
from llvmlite import binding

import arcana.circuits
import arcana.engine.compiled
import arcana.engine.fused_cpu
import arcana.engine.program
from arcana.engine.compiled.cache import cache_folder
from arcana.engine.compiled.spec import Spec
from arcana.engine.fused_cpu.backward import backward_kernel
from arcana.engine.fused_cpu.code import NAME
from arcana.engine.fused_cpu.forward import forward_kernel
from arcana.engine.fused_cpu.graded import GradedSpec, graded_kernel
from arcana.engine.fused_cpu.listed import ListedSpec, listed_kernel
from arcana.engine.fused_cpu.project import ProjectSpec, project_kernel
from arcana.engine.fused_cpu.recurrent import RecurrentSpec
from arcana.engine.fused_cpu.recurrent_back import recurrent_back
from arcana.engine.fused_cpu.recurrent_forward import recurrent_forward
from arcana.engine.fused_cpu.team import ShareSpec, share_kernel
from arcana.engine.surrogates import slope_text

Kernel = Callable[..., None]
AnySpec: TypeAlias = Spec | ProjectSpec | ShareSpec | GradedSpec | RecurrentSpec | ListedSpec
DIGEST = hashlib.sha256().digest_size  # a file begins with the hash of what follows
_alive: list[Any] = []  # the code of a kernel lives as long as its engine


@lru_cache
def _target() -> Any:
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding.Target.from_triple(binding.get_process_triple())


def _machine() -> Any:
    features = binding.get_host_cpu_features().flatten()
    # jit: so that the code may lie anywhere in memory
    return _target().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=features, opt=3, reloc="pic", codemodel="jitdefault", jit=True
    )


@lru_cache
def kernel(spec: AnySpec) -> Kernel:
    """The compiled kernel, from the cache folder if it lies there."""
    file = _file(spec)
    code = _read(file)
    machine = _machine()
    if code is None:
        code = object_code(spec)
        _write(file, code)
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _alive.append(engine)
    words = 1 if isinstance(spec, ShareSpec) else 3
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * words)(engine.get_function_address(NAME))


def object_code(spec: AnySpec) -> bytes:
    """Compile a kernel."""
    module, machine = optimised(spec)
    code: bytes = machine.emit_object(module)
    return code


def optimised(spec: AnySpec) -> tuple[Any, Any]:
    """The module of a kernel after LLVM's optimiser, and the machine it is for."""
    if isinstance(spec, ShareSpec):
        text = share_kernel()
    elif isinstance(spec, ProjectSpec):
        text = project_kernel(spec)
    elif isinstance(spec, GradedSpec):
        text = graded_kernel(spec)
    elif isinstance(spec, ListedSpec):
        text = listed_kernel(spec)
    elif isinstance(spec, RecurrentSpec):
        text = recurrent_back(spec) if spec.backward else recurrent_forward(spec)
    else:
        text = backward_kernel(spec) if spec.backward else forward_kernel(spec)
    machine = _machine()
    module = binding.parse_assembly(text)
    module.triple = binding.get_process_triple()
    module.data_layout = str(machine.target_data)
    module.verify()
    tuning = binding.create_pipeline_tuning_options(speed_level=2)
    tuning.loop_vectorization = tuning.slp_vectorization = tuning.loop_unrolling = False
    passes = binding.create_pass_builder(machine, tuning)
    passes.getModulePassManager().run(module, passes)
    return module, machine


def _file(spec: AnySpec) -> Path:
    # Classes of one name may have different slopes, in one notebook after the other
    slope = slope_text(spec.circuit.surrogate) if isinstance(spec, Spec) else ""
    about = (repr(spec), slope, _sources(), llvmlite.__version__, binding.get_host_cpu_name(),
             binding.get_host_cpu_features().flatten())  # fmt: skip
    return cache_folder() / f"{hashlib.sha256(repr(about).encode()).hexdigest()[:32]}.o"


@lru_cache
def _sources() -> str:
    """A hash of all code that kernels are made from: another version of arcana never finds an old kernel."""
    digest = hashlib.sha256()
    packages = (arcana.circuits, arcana.engine.program, arcana.engine.compiled, arcana.engine.fused_cpu)
    folders = [Path(str(package.__file__)).parent for package in packages]
    files = [f for folder in folders for f in folder.rglob("*.py")]
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _read(file: Path) -> bytes | None:
    """The code in a file, if it is whole: LLVM ends the process on an object file that is not."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    digest, code = content[:DIGEST], content[DIGEST:]
    return code if hashlib.sha256(code).digest() == digest else None


def _write(file: Path, code: bytes) -> None:
    """Keep the code if the folder lets us: a machine that cannot write compiles anew in every process."""
    part = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(hashlib.sha256(code).digest() + code)
        part.replace(file)
    except OSError:
        with suppress(OSError):
            part.unlink()
