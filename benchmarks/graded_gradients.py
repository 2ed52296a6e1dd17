"""How many parameters of the tap withdrawal circuit get a gradient, by variant of the law."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from arcana.graded import EXCITATORY, GAP
from arcana.networks import TWC
from arcana.networks.search import sample
from benchmarks.tables import Table

STEPS = 20
VARIANTS: Mapping[str, tuple[str, dict[str, float]]] = {
    "exact": ("exact", {}),
    "smooth": ("smooth", {}),
    "annealed, 0.1": ("annealed", {"temperature": 0.1}),
    "annealed, 0.01": ("annealed", {"temperature": 0.01}),
}
COLUMNS = ("hidden T", "hidden d", "output T", "output d", "weights")


@dataclass(frozen=True)
class Gradients:
    """Gradients of a circuit.

    Attributes:
        threshold: dT by neuron.
        decay: dd by neuron.
        weight: dw by (source, target).
    """

    threshold: dict[str, float]
    decay: dict[str, float]
    weight: dict[Any, float]


def gradients(twc: TWC, obs: Tensor) -> Gradients:
    """Of the sum of all actions on observations (B, T, 2), from rest."""
    twc.zero_grad()
    twc.run(obs).action.sum().backward()  # type: ignore[no-untyped-call]
    T, d = (list_of(p) for p in (twc.cell.threshold, twc.cell.raw_decay))
    at = {name: k for k, name in enumerate(twc.neurons)}
    gaps = [key for key, c in twc.connectome.keys.items() if c.kind == GAP]
    weight = dict(zip(gaps, list_of(twc.gaps.raw), strict=True))
    for key, c in twc.connectome.keys.items():
        if c.kind != GAP:
            dense = twc.excitatory if c.kind == EXCITATORY else twc.inhibitory
            weight[key] = list_of(dense.raw)[at[c.target]][at[c.source]]
    return Gradients(dict(zip(twc.neurons, T, strict=True)), dict(zip(twc.neurons, d, strict=True)), weight)


def list_of(parameter: Tensor) -> list[Any]:
    """Its gradient, zeros where there is none."""
    grad = parameter.grad
    return [0.0] * len(parameter) if grad is None else list(grad.tolist())


def shares(variant: str, options: Mapping[str, float], circuits: int = 40, seed: int = 0) -> dict[str, float]:
    """Share of parameters with a gradient other than 0, over random circuits and observations of 20 steps.

    Circuits are drawn as for the random search: T in [0, 1], d in [0, 0.5], w in [0, 1]; observations are uniform.
    """
    generator = torch.Generator().manual_seed(seed)
    twc = TWC(variant, **options).double()  # type: ignore[arg-type]
    roles: dict[str, Callable[[str], bool]] = {
        "hidden": lambda name: twc.connectome.role(name) == "inter",
        "output": lambda name: twc.connectome.role(name) == "motor",
    }
    candidates = sample(twc.connectome, circuits, generator)
    scale, low = torch.tensor([1.8, 0.2]).double(), torch.tensor([-1.2, -0.1]).double()
    found: dict[str, list[bool]] = {column: [] for column in COLUMNS}
    for row in range(circuits):
        candidates.load_into(twc, row)
        obs = torch.rand(1, STEPS, 2, generator=generator, dtype=torch.float64) * scale + low
        g = gradients(twc, obs)
        for role, belongs in roles.items():
            found[f"{role} T"] += [v != 0 for name, v in g.threshold.items() if belongs(name)]
            found[f"{role} d"] += [v != 0 for name, v in g.decay.items() if belongs(name)]
        found["weights"] += [v != 0 for v in g.weight.values()]
    return {column: sum(values) / len(values) for column, values in found.items()}


def table(circuits: int) -> Table:
    """Shares by variant."""
    shown = Table(
        f"Share of parameters with a gradient, {STEPS} steps, {circuits} random circuits",
        ("variant", *COLUMNS),
        notes=[
            "of the sum of all actions; random circuits as in the search, uniform observations, from rest",
            "published for the original's own set-up, exact / smooth: hidden T .91 / .92, hidden d .19 / .40, "
            "output d .65 / .98",
        ],
    )
    for name, (variant, options) in VARIANTS.items():
        shown.add(name, *(f"{value:.2f}" for value in shares(variant, options, circuits).values()))
    return shown
