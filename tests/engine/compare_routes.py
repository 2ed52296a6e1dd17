"""One run through both routes, and how far they are apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from drawn_layers import PA, Case, make_input, make_layer, state_of

import arcana
from arcana.circuits.dpi import DPIState

RECORDS = ("spikes", "spike_times", *DPIState._fields)
UNITS = dict.fromkeys(DPIState._fields[:6], 10 * PA) | {"refractory": 1e-3}


@dataclass(frozen=True)
class Outcome:
    """Spikes, state at the end, and the gradient of a sum over both by each leaf that needs one."""

    spikes: torch.Tensor
    state: dict[str, torch.Tensor]
    gradients: dict[str, torch.Tensor | None]


def run(case: Case, dtype: torch.dtype, engine: str) -> Outcome:
    """Run and differentiate; the sum has weights of both signs, each quantity in units of its own."""
    net, given = make_layer(case, dtype), make_input(case, dtype)
    if not case.all_trained:
        given["X"].requires_grad_(case.seed % 2 == 0)
    with arcana.use_engine(engine):
        spikes, state = net(given["X"], state_of(given), given.get("external"))
        rng = np.random.default_rng((3, case.seed))
        loss = torch.zeros((), dtype=dtype)
        for name, value in {"spikes": spikes, **state._asdict()}.items():
            weigh = torch.from_numpy(rng.uniform(-1, 1, value.shape)).to(dtype)
            loss = loss + (value / UNITS.get(name, 1.0) * weigh).sum()
        if loss.requires_grad:
            loss.backward()
    leaves = {name: p for name, p in (*net.named_parameters(), *given.items()) if p.requires_grad}
    after = {name: value.detach() for name, value in state._asdict().items()}
    return Outcome(spikes.detach(), after, {name: leaf.grad for name, leaf in leaves.items()})


def records(case: Case, dtype: torch.dtype, engine: str) -> dict[str, torch.Tensor]:
    """All that can be recorded."""
    net, given = make_layer(case, dtype), make_input(case, dtype)
    with torch.no_grad(), arcana.use_engine(engine):
        return net.run(given["X"], state_of(given), given.get("external"), RECORDS).records


def state_deviation(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor], dt: float) -> dict[str, float]:
    """Largest difference by name: of a current relative to that current itself, of a time relative to dt."""
    found = {}
    for name, value in theirs.items():
        if name == "spikes":
            continue
        assert ours[name].shape == value.shape, name
        assert torch.equal(ours[name].isnan(), value.isnan()), name
        scale = value if name.startswith("I") else torch.full_like(value, dt)
        found[name] = float(((ours[name] - value).abs() / scale).nan_to_num(0.0).max())
    return found


def gradient_deviation(ours: Outcome, theirs: Outcome) -> dict[str, float]:
    """Largest difference by name, relative to the largest element of that gradient; None counts as zeros."""
    assert ours.gradients.keys() == theirs.gradients.keys()
    found = {}
    for name, expected in theirs.gradients.items():
        got = ours.gradients[name]
        if got is None or expected is None:
            assert all(g is None or not g.any() for g in (got, expected)), name
            continue
        assert got.shape == expected.shape, name
        largest = float(expected.abs().max())
        difference = float((got - expected).abs().max())
        found[name] = difference / largest if largest else (math.inf if difference else 0.0)
    return found
