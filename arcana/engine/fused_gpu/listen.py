"""Recurrent layers, step by step: the spikes of a step reach their targets before the next one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from arcana.engine.compiled.plan import Plan
from arcana.engine.compiled.spec import Spec
from arcana.engine.fused_gpu.call import call
from arcana.typing import Tensor


def listen(plan: Plan, counts: Sequence[Tensor], t: int, given: dict[str, Any]) -> None:
    """The spikes of step ``t`` as events: added to ``given["state"]``, and to the record of the step.

    Args:
        plan: What is fixed in the run.
        counts: Recurrent counts (n_out, n_out), one for each of ``spec.loops``.
        t: The step.
        given: The kernel's arguments, ``spikes`` (rows, steps, n) among them.
    """
    echo = _echo(counts, given["spikes"][:, t])
    call(plan.spec, "listen", plan.shape.rows, plan.shape.n, given | {"echo": echo, "segment_start": t})


def listen_back(
    plan: Plan,
    spec: Spec,
    counts: Sequence[Tensor],
    spikes: Tensor,
    t: int,
    given: dict[str, Any],
    sums: Sequence[Tensor],
) -> None:
    """The adjoint of ``listen``.

    Args:
        plan: What is fixed in the run.
        spec: The backward kernel.
        counts: As for ``listen``.
        spikes: Of the forward run (rows, steps, n).
        t: The step.
        given: The kernel's arguments; the adjoint of the spikes in ``grad_spikes`` is added to.
        sums: Adjoints of the counts, added to; empty if not wanted.
    """
    s, now = plan.shape, spikes[:, t]
    grad = torch.empty_like(now).expand(len(counts), s.rows, s.n).contiguous()
    call(spec, "listen", s.rows, s.n, given | {"echo": _echo(counts, now), "grad_echo": grad, "first_row": 0})
    for adjoint, w in zip(grad, counts, strict=True):
        given["grad_spikes"][:, t] += adjoint @ w
    for adjoint, total in zip(grad, sums, strict=bool(sums)):
        total.addmm_(adjoint.mT, now)


def _echo(counts: Sequence[Tensor], spikes: Tensor) -> Tensor:
    return torch.stack([spikes @ w.mT for w in counts])
