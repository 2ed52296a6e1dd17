"""The kernels are vector code: looked for in what LLVM makes of them for this processor."""

from __future__ import annotations

import platform
import re
from collections import Counter

import pytest

from arcana.circuits.equations import Live
from arcana.engine.compiled.spec import Spec
from arcana.engine.fused_cpu.compile import optimised
from arcana.engine.fused_cpu.project import ProjectSpec
from arcana.engine.program.circuit import Circuit

RECEPTORS = ("ampa", "nmda", "gabaa", "gabab")
KINDS = {"float": ("ps", "ss", 64), "double": ("pd", "sd", 32)}  # packed and scalar suffix, lanes
ARITHMETIC = r"\bv?(?:add|sub|mul|div|sqrt|max|min|fn?m(?:add|sub)(?:132|213|231))"


def spec(solver: str, kind: str, backward: bool) -> Spec:
    """A kernel of a layer with all receptors."""
    circuit = Circuit(solver, True, Live(), external=True)
    given = Spec(circuit, RECEPTORS, ("ampa",), kind, KINDS[kind][2], ragged=True, backward=backward)
    return (
        Spec(**{**vars(given), "wrt": given.coefficients, "events": True, "weights": True}) if backward else given
    )


def is_x86() -> bool:
    return platform.machine().lower() in ("x86_64", "amd64")


@pytest.fixture(
    scope="module", params=[(s, k, b) for s in ("rk4", "euler") for k in KINDS for b in (False, True)], ids=str
)
def compiled(request: pytest.FixtureRequest) -> tuple[str, str, str]:
    """Text of the optimised module, its assembly, and the kind of its numbers."""
    solver, kind, backward = request.param
    module, machine = optimised(spec(solver, kind, backward))
    return str(module), machine.emit_assembly(module), kind


def test_arithmetic_is_on_vectors(compiled: tuple[str, str, str]) -> None:
    """In LLVM's own text: of all arithmetic on numbers at most one in fifty is on a single one."""
    text, _, kind = compiled
    lanes = KINDS[kind][2]
    found = re.findall(rf"= f(?:add|sub|mul|div|neg)(?: \w+)* (<\d+ x {kind}>|{kind}) ", text)
    count = Counter(found)
    assert count[f"<{lanes} x {kind}>"] >= 30
    assert count[kind] <= len(found) / 50


def test_no_function_of_a_library_is_called(compiled: tuple[str, str, str]) -> None:
    """No expf, logf, pow or their vectors taken apart: nothing is left to be linked but LLVM's intrinsics."""
    text, assembly, _ = compiled
    declared = re.findall(r"^declare .*?@([\w.]+)\(", text, re.MULTILINE)
    assert [name for name in declared if not name.startswith("llvm.")] == []
    calls = re.findall(r"^\s+(?:call|callq|bl)\s+(\S+)", assembly, re.MULTILINE)
    assert [name for name in calls if re.search(r"exp|log|pow|sqrt|fma|fm(?:in|ax)", name)] == []


@pytest.mark.skipif(not is_x86(), reason="names of instructions of x86; the text of LLVM is checked everywhere")
def test_instructions_are_packed(compiled: tuple[str, str, str]) -> None:
    """Of all arithmetic instructions at least 95 in 100 are packed, on the widest registers there are."""
    _, assembly, kind = compiled
    packed, scalar, _ = KINDS[kind]
    vector = re.findall(rf"{ARITHMETIC}{packed}\s+(.*)$", assembly, re.MULTILINE)
    single = re.findall(rf"{ARITHMETIC}{scalar}\s", assembly)
    assert len(vector) >= 100
    assert len(single) <= 0.05 * (len(vector) + len(single))
    widest = next(name for name in ("zmm", "ymm", "xmm") if f"%{name}" in assembly)
    assert sum(f"%{widest}" in operands for operands in vector) >= 0.95 * len(vector)


def test_the_adjoint_of_the_input_too() -> None:
    module, _ = optimised(ProjectSpec("float", 64, True))
    assert "<64 x float> @llvm.fma" in str(module)
    assert not re.search(r"= f(?:add|sub|mul|div)(?: \w+)* float ", str(module))
