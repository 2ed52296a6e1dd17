"""arcana's own layer on the drawn network, and the engines it can run on."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

import arcana
from arcana.mismatch import MismatchModel
from arcana.nn.chips import apply_mismatch
from benchmarks.network import Network, draw
from benchmarks.shapes import Shape

TRAINED_BIASES = ("Itau_mem", "Igain_mem", "Iw_ampa", "Iw_gabab", "Itau_ampa")
TRAINED_WEIGHTS = ("ampa", "gabab")
MISMATCH = 0.1


class Unavailable(Exception):
    """A method that cannot be measured here; the text says why."""


def engines() -> tuple[str, ...]:
    """The engines of this installation, the fastest first."""
    return ("fused", "reference") if hasattr(arcana, "use_engine") else ("reference",)


def engine(name: str) -> AbstractContextManager[object]:
    """Inside the ``with`` block every layer runs on this engine, or fails."""
    if name not in engines():
        raise Unavailable(f"this version of arcana has no {name} engine")
    return arcana.use_engine(name) if hasattr(arcana, "use_engine") else nullcontext()


def layer_of(
    net: Network, solver: str = "rk4", dt: float = 1e-3, chips: int = 1, train: bool = True
) -> arcana.DPILayer:
    """A ``DPILayer`` with the biases and synapses of the network; ``chips`` > 1 adds mismatch for as many."""
    n_out, n_in = net.counts["ampa"].shape
    flags = dict.fromkeys((*TRAINED_BIASES, *TRAINED_WEIGHTS), train)
    layer = arcana.DPILayer(
        n_in, n_out, dt=dt, solver=solver, recurrent=bool(net.loop),
        **{f"train_{name}": flag for name, flag in flags.items()},
        **{name: torch.from_numpy(value) for name, value in net.biases.items()},
    )  # fmt: skip
    with torch.no_grad():
        for receptor, counts in net.counts.items():
            getattr(layer, f"W_{receptor}").copy_(torch.from_numpy(counts))
        for receptor, counts in net.loop.items():
            getattr(layer, f"R_{receptor}").copy_(torch.from_numpy(counts))
    if chips > 1:
        apply_mismatch(layer, MismatchModel(MISMATCH).sample(chips))
    return layer


def layer_for(shape: Shape, solver: str = "rk4", dt: float = 1e-3, train: bool = True) -> arcana.DPILayer:
    """The layer of a shape."""
    return layer_of(draw(shape.n_in, shape.n_out, shape.recurrent), solver, dt, shape.chips, train)
