"""The kernels compile for a Hopper GPU on a machine that has none."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

pytest.importorskip("triton", reason="Triton is not installed")

from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile

from arcana.circuits import equations as eq
from arcana.engine.compiled.spec import Spec
from arcana.engine.fused_gpu.module import kernel
from arcana.engine.fused_gpu.text import SIZES, arguments
from arcana.engine.program.circuit import Circuit
from arcana.surrogate import FastSigmoid

HOPPER = GPUTarget("cuda", 90, 32)
SMALL = eq.Live(ampa=True, nmda=False, gabaa=False, gabab=True, ahp=False)


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCANA_CACHE_DIR", str(tmp_path / "arcana"))
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "triton"))


def compiled(spec: Spec, part: str = "steps"):
    real = "*fp64" if spec.kind == "double" else "*fp32"
    signature = {name: "i32" if name in SIZES else real for name in arguments(spec, part)}
    source = ASTSource(kernel(spec, part), signature)
    return compile(source, target=HOPPER, options={"num_warps": spec.width // 32, "enable_fp_fusion": True})


def spec_of(kind: str, solver: str, backward: bool) -> Spec:
    circuit = Circuit(solver, True, SMALL, True, FastSigmoid)
    spec = Spec(circuit, ("ampa", "gabab"), (), kind, 128, True, record=not backward)
    if not backward:
        return spec
    return replace(spec, backward=True, wrt=("leak", "ampa.jump"), events=True, weights=True)


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("solver", ["rk4", "heun", "euler"])
@pytest.mark.parametrize("kind", ["float", "double"])
def test_machine_code_for_hopper(kind, solver, backward):
    done = compiled(spec_of(kind, solver, backward))
    text = done.asm["ptx"]
    assert ".target sm_90a" in text
    assert len(done.asm["cubin"]) > 10_000
    # One precision all through: a constant of the other would be converted
    assert (".f64" in text) == (kind == "double")
    assert "cvt.f64.f32" not in text
    assert "cvt.rn.f32.f64" not in text
    assert ("ex2.approx" in text) == (kind == "float")
    if solver == "rk4":  # 1 / 6, rounded to this precision
        assert ("0d3FC5555555555555" if kind == "double" else "0f3E2AAAAB") in text


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
def test_the_kernels_of_recurrent_layers(backward):
    spec = replace(spec_of("float", "rk4", backward), loops=("ampa", "gabab"))
    assert len(compiled(spec, "listen").asm["cubin"]) > 1000


def test_the_source_is_the_same_in_every_process():
    """Its hash is the name of its file, and Triton finds compiled code by the text."""
    code = (
        "from arcana.engine.fused_gpu.backward import backward_kernel as b\n"
        "from test_compiles_for_hopper import spec_of\n"
        "print(b(spec_of('float', 'rk4', True)))"
    )
    texts = set()
    for seed in "12":
        environment = {"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        texts.add(done.stdout)
    assert len(texts) == 1
    assert "tl.exp" in texts.pop()
