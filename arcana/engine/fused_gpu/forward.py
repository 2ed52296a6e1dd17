"""The forward kernel: the time loop of a segment for one row and a block of neurons."""

from __future__ import annotations

from arcana.engine.compiled.spec import Spec
from arcana.engine.fused_gpu.text import Text


def forward_kernel(spec: Spec) -> str:
    """Source of a kernel that steps ``state`` in place through some chunks, with checkpoints if ``keep`` is 1."""
    f = Text(spec)
    has_peak = "ampa" in f.fields
    for i, name in enumerate(f.states):
        f.add(f"{name} = tl.load({f.field('state', i)})")
    if has_peak:
        f.add("top = tl.load(peak + row * n + lane)")
    f.add("kept = place < n * keep")
    with f.loop("chunk in range(first_chunk, last_chunk)"):
        for i, name in enumerate(f.states):
            f.add(f"tl.store({f.field('checkpoints', i, 'chunk')}, {name}, mask=kept)")
        with f.loop("t in range(chunk * every, tl.minimum(chunk * every + every, steps))"):
            if spec.feeds:
                f.receive()
            if has_peak:
                f.add("top = tl.maximum(top, n_ampa)")
            f.load_external()
            f.add("fired, when, start = zero, zero, zero")
            with f.loop("i in range(0, substeps)"):
                targets = [name if name in ("fired", "when") else f"n_{name}" for name in f.substep.outputs]
                f.run("substep", f.substep, {"external": "external_"}, targets)
                f.add("start = start + k_h")
            f.add(f"tl.store({f.series('spikes')}, fired, mask=there)")
            if spec.record:
                for i, name in enumerate([*f.states, "when"]):
                    f.add(f"tl.store({f.series('record', i)}, {name}, mask=there)")
    for i, name in enumerate(f.states):
        f.add(f"tl.store({f.field('state', i)}, {name}, mask=there)")
    if has_peak:
        f.add("tl.store(peak + row * n + lane, top, mask=there)")
    return f.finish()
