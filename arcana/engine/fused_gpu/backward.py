"""The backward kernel: replays each chunk of steps from its checkpoint, then walks the adjoint back through it."""

from __future__ import annotations

from arcana.engine.compiled.spec import Spec
from arcana.engine.fused_gpu.emit import name_of
from arcana.engine.fused_gpu.text import Text
from arcana.engine.program import circuit as programs


def backward_kernel(spec: Spec) -> str:
    """Source of a kernel that takes ``grad_spikes`` and ``grad_state`` back through some chunks.

    ``grad_state``, the adjoint of the state, is stepped back in place; the adjoints of the coefficients are added
    to what lies in ``grad_C``.
    """
    f = Text(spec)
    for i, name in enumerate(f.states):
        f.add(f"a_{name} = tl.load({f.field('grad_state', i)})")
    for name in spec.wrt:
        f.add(f"g_{name_of(name)} = tl.load({f.coefficient_sum(name)})")
    with f.loop("back in range(0, last_chunk - first_chunk)"):
        f.add("chunk = last_chunk - 1 - back")
        f.add("begin = chunk * every", "end = tl.minimum(begin + every, steps)")
        for i, name in enumerate(f.states):
            f.add(f"{name} = tl.load({f.field('checkpoints', i, 'chunk')})")
        with f.loop("t in range(begin, end)"):
            _replay(f)
        f.add("tl.debug_barrier()")  # the threads that read the history need not be those that wrote it
        with f.loop("down in range(0, end - begin)"):
            f.add("t = end - 1 - down")
            _walk_back(f)
        f.add("tl.debug_barrier()")
    for i, name in enumerate(f.states):
        f.add(f"tl.store({f.field('grad_state', i)}, a_{name}, mask=there)")
    for name in spec.wrt:
        f.add(f"tl.store({f.coefficient_sum(name)}, g_{name_of(name)}, mask=there)")
    return f.finish()


def _history(f: Text, i: int) -> str:
    moment = "((t - begin) * substeps + i)"
    return f"history + (({moment} * {len(f.fields) + 1} + {i}) * tl.num_programs(0) + number) * n + lane"


def _replay(f: Text) -> None:
    """Step the state forward again and keep it at the start of every sub-step."""
    if f.spec.feeds:
        f.receive()
    f.load_external()
    f.add("fired = zero")
    with f.loop("i in range(0, substeps)"):
        for i, name in enumerate([*f.states, "fired"]):
            f.add(f"tl.store({_history(f, i)}, {name}, mask=there)")
        program = programs.Program({name: node for name, node in f.substep.outputs.items() if name != "when"})
        targets = ["fired" if name == "fired" else f"n_{name}" for name in program.outputs]
        f.run("substep", program, {"external": "external_"}, targets)


def _walk_back(f: Text) -> None:
    """The adjoint of one step."""
    spec = f.spec
    wrt = tuple(name for name in spec.wrt if name in f.substep.coefficients())
    given = {"external": "external_", "fired": "h_fired", "adj.fired": "a_fired"}
    given |= {f"n.{name}": f"h_n_{name}" for name in f.fields}
    given |= {f"adj.{name}": f"a_n_{name}" for name in f.fields}
    f.load_external()
    f.add(f"a_fired = tl.load({f.series('grad_spikes')})")
    if spec.circuit.external:
        f.add("a_external = zero")
    with f.loop("up in range(0, substeps)"):
        f.add("i = substeps - 1 - up")
        for i, name in enumerate([*f.states, "fired"]):
            f.add(f"h_{name} = tl.load({_history(f, i)})")
        program = programs.substep_adjoint(spec.circuit, wrt)
        f.run("substep_adjoint", program, given, [_adjoint_name(name) for name in program.outputs])
        f.add(*(f"g_{name_of(name)} += d_c_{name_of(name)}" for name in wrt))
        if spec.circuit.external:
            f.add("a_external += d_external")
    if spec.circuit.external:
        f.add(f"tl.store({f.series('grad_external')}, a_external, mask=there)")
    if spec.feeds:
        _unreceive(f)


def _unreceive(f: Text) -> None:
    """The adjoint of the input events: of the events themselves, and of what a synapse jumps by."""
    spec = f.spec
    wrt = tuple(f"{r}.jump" for r in spec.feeds if f"{r}.jump" in spec.wrt)
    for i, receptor in enumerate(spec.feeds):
        if f"{receptor}.jump" in wrt:
            f.add(f"event_{receptor} = tl.load({f.event('events', i, 'x_rows', 'x_row')})")
    given = {f"adj.{name}": f"a_n_{name}" for name in f.fields}
    program = programs.receive_adjoint(spec.circuit, spec.feeds, wrt)
    f.run("receive_adjoint", program, given, [f"d_{name_of(name)}" for name in program.outputs])
    f.add(*(f"g_{name_of(name)} += d_c_{name_of(name)}" for name in wrt))
    if spec.events:
        for i, receptor in enumerate(spec.feeds):
            f.add(f"tl.store({f.event('grad_events', i, 'rows', 'row')}, d_event_{receptor}, mask=there)")


def _adjoint_name(name: str) -> str:
    """Where an adjoint goes: that of the state becomes what comes in one sub-step earlier, others are summed."""
    return f"a_{name_of(name)}" if name == "fired" or name.startswith("n.") else f"d_{name_of(name)}"
