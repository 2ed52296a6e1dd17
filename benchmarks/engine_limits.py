"""What the engine's own vector instructions cost: loops over one operation, compiled the way its kernels are."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

OPERATIONS = ("exp", "log", "divide", "add")
WIDTH, UNROLLED = 16, 4  # numbers of a vector, and vectors that are under way at once
_alive: list[Any] = []


def compiled(operation: str, count: int) -> Callable[[], None]:
    """A call that applies an operation to ``count`` float32 numbers in cache.

    Raises:
        ImportError: without llvmlite or the fused engine.
    """
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_triple(binding.get_process_triple()).create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=3,
        reloc="pic",
        codemodel="jitdefault",
        jit=True,
    )
    module = binding.parse_assembly(_text(operation))
    module.triple = binding.get_process_triple()
    module.data_layout = str(machine.target_data)
    module.verify()
    passes = binding.create_pass_builder(machine, binding.create_pipeline_tuning_options(speed_level=2))
    passes.getModulePassManager().run(module, passes)
    engine = binding.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    call = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(
        engine.get_function_address("kernel")
    )
    source = np.linspace(0.5, 1.5, count, dtype=np.float32)
    target = np.empty_like(source)
    _alive.append((engine, source, target))
    addresses = source.ctypes.data, target.ctypes.data
    return lambda: call(*addresses, count)


def _text(operation: str) -> str:
    from llvmlite import ir

    from arcana.engine.fused_cpu.vector import I64, POINTER, Lanes

    module = ir.Module()
    kernel = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER, POINTER, I64]), "kernel")
    for pointer in kernel.args[:2]:
        pointer.add_attribute("noalias")
    start, loop, end = (kernel.append_basic_block(name) for name in ("start", "loop", "end"))
    ir.IRBuilder(start).branch(loop)
    b = ir.IRBuilder(loop)
    lanes = Lanes(b, "float", WIDTH)
    i = b.phi(I64)
    i.add_incoming(ir.Constant(I64, 0), start)
    addresses = []
    for k in range(UNROLLED):
        at = b.add(i, ir.Constant(I64, k * WIDTH))
        addresses.append([b.gep(p, [at], source_etype=lanes.p.type) for p in kernel.args[:2]])
    values = [b.load(source, typ=lanes.type, align=4) for source, _ in addresses]
    one = lanes.const(1.0)
    if operation == "add":  # as rows of counts are added up: loaded, and one sum stored
        total = values[0]
        for value in values[1:]:
            total = b.fadd(total, value)
        b.store(total, addresses[0][1], align=4)
    else:
        for value, (_, target) in zip(values, addresses, strict=True):
            result = b.fdiv(one, value) if operation == "divide" else getattr(lanes, operation)(value)
            b.store(result, target, align=4)
    following = b.add(i, ir.Constant(I64, UNROLLED * WIDTH))
    i.add_incoming(following, loop)
    b.cbranch(b.icmp_signed("<", following, kernel.args[2]), loop, end)
    ir.IRBuilder(end).ret_void()
    return str(module)
