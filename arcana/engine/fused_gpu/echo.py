"""The kernels of recurrent layers: events from the spikes of a step, between that step and the next."""

from __future__ import annotations

from arcana.engine.compiled.spec import Spec
from arcana.engine.fused_gpu.emit import name_of
from arcana.engine.fused_gpu.text import Text
from arcana.engine.program import circuit as programs


def listen_kernel(spec: Spec) -> str:
    """Source of a kernel that adds the events in ``echo`` to ``state``, and to the record of ``segment_start``."""
    f = Text(spec, "listen")
    _load_echo(f)
    for receptor in spec.loops:
        f.add(f"n_{receptor} = tl.load({f.field('state', f.fields.index(receptor))})")
    program = programs.receive(spec.circuit, spec.loops)
    f.run("receive", program, {}, [f"n_{name}" for name in program.outputs])
    f.add("t = segment_start")
    for receptor in spec.loops:
        i = f.fields.index(receptor)
        f.add(f"tl.store({f.field('state', i)}, n_{receptor}, mask=there)")
        if spec.record:
            f.add(f"tl.store({f.series('record', i)}, n_{receptor}, mask=there)")
    return f.finish()


def listen_back_kernel(spec: Spec) -> str:
    """Source of its adjoint: ``grad_echo`` from ``grad_state``; what a synapse jumps by is added to ``grad_C``."""
    f = Text(spec, "listen")
    wrt = tuple(f"{r}.jump" for r in spec.loops if f"{r}.jump" in spec.wrt)
    if wrt:
        _load_echo(f)
    for receptor in spec.loops:
        f.add(f"a_n_{receptor} = tl.load({f.field('grad_state', f.fields.index(receptor))})")
    given = {f"adj.{receptor}": f"a_n_{receptor}" for receptor in spec.loops}
    program = programs.receive_adjoint(spec.circuit, spec.loops, wrt)
    f.run("receive_adjoint", program, given, [f"d_{name_of(name)}" for name in program.outputs])
    for name in wrt:
        total = f.coefficient_sum(name)
        f.add(f"tl.store({total}, tl.load({total}) + d_c_{name_of(name)}, mask=there)")
    for i, receptor in enumerate(spec.loops):
        f.add(f"tl.store(grad_echo + ({i} * rows + row) * n + lane, d_event_{receptor}, mask=there)")
    return f.finish()


def _load_echo(f: Text) -> None:
    for i, receptor in enumerate(f.spec.loops):
        f.add(f"event_{receptor} = tl.load(echo + ({i} * rows + row) * n + lane)")
