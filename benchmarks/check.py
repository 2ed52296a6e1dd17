"""Does the eager loop do arcana's forward Euler? The spikes of both in float64, and finite gradients."""

from __future__ import annotations

import torch

from benchmarks.arcana_layer import engine, layer_of
from benchmarks.network import draw, events
from benchmarks.peers.eager import EagerDPI

CASES = (  # chips, batch, n_in, n_out, steps, recurrent
    (1, 2, 64, 96, 300, False),
    (1, 3, 32, 64, 300, True),
    (5, 2, 48, 32, 300, False),
)


class Disagreement(Exception):
    """The eager loop is not the same circuit."""


def check() -> list[str]:
    """Compare at several random inputs; returns what agreed.

    Raises:
        Disagreement: saying what differs.
    """
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        return _compare()
    finally:
        torch.set_default_dtype(before)


def _compare() -> list[str]:
    said = []
    for seed, (chips, batch, n_in, n_out, steps, recurrent) in enumerate(CASES):
        net = draw(n_in, n_out, recurrent, seed=seed)
        X = events(batch, steps, n_in, seed=seed).double()
        with engine("reference"), torch.no_grad():
            expected, _ = layer_of(net, "euler", chips=chips)(X)
        for hoist in (False, True):
            eager = EagerDPI(net, chips=chips, hoist=hoist)
            found, _ = eager(X)
            case = f"chips {chips}, recurrent {recurrent}, hoisted {hoist}"
            if not (found == expected).all() or not expected.any():
                differ = int((found != expected).sum())
                raise Disagreement(f"eager loop, {case}: {differ} of {int(expected.sum())} spikes differ")
            found.sum().backward()
            for name, parameter in eager.named_parameters():
                grad = parameter.grad
                if parameter.requires_grad and (grad is None or not grad.isfinite().all() or not grad.any()):
                    raise Disagreement(f"eager loop, {case}: the gradient of {name} is zero or not finite")
            said.append(f"{case}: the same {int(expected.sum())} spikes")
    return said
