"""Random layers with random input: every option of a layer that reaches the engine, sizes of all kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

from arcana import surrogate
from arcana.circuits.dpi import DPIState
from arcana.circuits.names import BIASES, RECEPTORS
from arcana.model import DPILayer

PA = 1e-12
SURROGATES = {
    "fast_sigmoid": surrogate.fast_sigmoid,
    "triangular": surrogate.triangular,
    "step": surrogate.step,
    "ste": surrogate.ste,
}
# Lanes are 8, 16 or 32 numbers in float64 and 16, 32 or 64 in float32: sizes on both sides of their multiples
SIZES = (1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 40, 48, 63, 64, 65, 77, 96, 100, 127, 128, 129, 150)
SUBSETS = tuple(tuple(r for i, r in enumerate(RECEPTORS) if k >> i & 1) for k in range(16))
CHOICES: dict[str, Sequence[Any]] = {
    "batch": range(1, 5),
    "steps": range(1, 61),
    "n_in": range(1, 41),
    "n_out": SIZES,
    "dt": (1e-3, 1e-4, 3e-3),
    "solver": ("rk4", "heun", "euler"),
    "substeps": (None, 1, 3),
    "leak_saturation": (True, False),
    "feeds": (*SUBSETS, *[RECEPTORS] * 8, *[("ampa",)] * 4),  # all and one are the usual ones
    "loops": ((), (), ("ampa",), ("gabab",), ("ampa", "gabaa"), RECEPTORS),
    "dense_loops": (False, True),
    "spread": ("layer", "neuron", "chips", "groups", "series"),
    "chips": range(1, 5),
    "leading": ("batch", "none", "extra"),
    "external": (False, True),
    "adaptation": (True, False),
    "pulse": (False, True),
    "start": (False, True),
    "whole": (True, False),
    "events": ("0 or 1", "counts", "dense"),
    "surrogate": tuple(SURROGATES),
    "all_trained": (True, True, False),
    "seed": range(1_000_000),
}


@dataclass(frozen=True)
class Case:
    """One random run: structure by name, numbers by ``seed``. See ``CHOICES``."""

    batch: int
    steps: int
    n_in: int
    n_out: int
    dt: float
    solver: str
    substeps: int | None
    leak_saturation: bool
    feeds: tuple[str, ...]
    loops: tuple[str, ...]
    dense_loops: bool
    spread: str
    chips: int
    leading: str
    external: bool
    adaptation: bool
    pulse: bool
    start: bool
    whole: bool
    events: str
    surrogate: str
    all_trained: bool
    seed: int

    @property
    def x_leading(self) -> tuple[int, ...]:
        """Shape of the input before (time, n_in). Chips are the axis before the batch; it may be there."""
        if self.leading == "none":
            return ()
        if self.leading == "batch":
            return (self.batch,)
        aligned = 1 if self.seed % 2 and not self.start else self.chips  # a state has all axes of the input
        return (aligned if self.spread == "chips" else 2, self.batch)

    @property
    def out_leading(self) -> tuple[int, ...]:
        """Shape of the output before (time, n_out)."""
        mismatch = {"chips": (self.chips, 1), "series": (self.batch,)}.get(self.spread, ())
        return tuple(np.broadcast_shapes(self.x_leading, mismatch))


def draw_case(rng: np.random.Generator, **given: Any) -> Case:
    """A case, without hypothesis; some of its fields may be given."""
    chosen = {f.name: CHOICES[f.name][int(rng.integers(len(CHOICES[f.name])))] for f in fields(Case)}
    return Case(**{**chosen, **given})


def _substeps(case: Case) -> int | None:
    """Sub-steps above 1 ms are left out: an explicit solver then multiplies rounding by 1e7 in 50 steps (seen)."""
    return None if case.solver == "euler" or case.dt > 1e-3 else case.substeps


def make_layer(case: Case, dtype: torch.dtype) -> DPILayer:
    """Log-uniform biases around neurons that fire, counts that are not whole, mismatch."""
    rng = np.random.default_rng((1, case.seed))
    values = _biases(case, rng)
    groups = [j % min(3, case.n_out) for j in range(case.n_out)] if case.spread == "groups" else None
    own = {"neuron": case.n_out, "groups": min(3, case.n_out)}.get(case.spread, 0)
    if own:  # half of the biases have a value for each, the others one for all
        chosen = [name for name in values if rng.random() < 0.5]
        values |= {name: [values[name] * float(f) for f in rng.uniform(0.8, 1.25, own)] for name in chosen}
    trained = [n for n in (*BIASES, *case.feeds, *case.loops) if n in BIASES or n in RECEPTORS]
    flags = {
        f"train_{name}": case.all_trained or bool(rng.random() < 0.4)
        for name in trained
        if name not in BIASES or (name in values and np.all(np.asarray(values[name]) > 0))
    }
    net = DPILayer(
        case.n_in, case.n_out, case.dt, solver=case.solver, recurrent=bool(case.loops), bias_groups=groups,
        substeps=_substeps(case), leak_saturation=case.leak_saturation,
        surrogate_fn=SURROGATES[case.surrogate], **flags, **values,
    )  # fmt: skip
    net.whole_weights = case.whole
    with torch.no_grad():
        for receptor in RECEPTORS:
            W = getattr(net, f"W_{receptor}")
            W.copy_(torch.from_numpy(2 * rng.random(W.shape) if receptor in case.feeds else np.zeros(W.shape)))
            W.requires_grad_(W.requires_grad and receptor in case.feeds)
            if case.loops:
                R = getattr(net, f"R_{receptor}")
                R.copy_(torch.from_numpy(_loop(case, rng) if receptor in case.loops else np.zeros(R.shape)))
                R.requires_grad_(R.requires_grad and receptor in case.loops)
    net = net.to(dtype)
    if case.spread in ("chips", "series"):
        shape = (case.chips, 1, case.n_out) if case.spread == "chips" else (case.batch, case.n_out)
        if case.spread == "series" and case.leading == "none":
            shape = (case.n_out,)
        names = [n for n in net.bias_names() if rng.random() < 0.7]
        net.set_mismatch({n: torch.from_numpy(0.1 * rng.standard_normal(shape)) for n in names})
    return net


def _biases(case: Case, rng: np.random.Generator) -> dict[str, Any]:
    def near(value: float, factor: float = 2.0) -> float:
        return float(value * np.exp(rng.uniform(-1, 1) * np.log(factor)))

    per_step = {"0 or 1": 0.2, "counts": 0.6, "dense": 0.5}[case.events]
    loop = 0.3 * min(case.n_out, 12 if case.dense_loops else 4)  # if three in ten neurons fire in a step
    values: dict[str, Any] = {
        "Itau_mem": near(10 * PA), "Igain_mem": near(50 * PA), "Ith": near(100 * PA), "Idc": near(180 * PA),
        "Ipfb_th": near(60 * PA), "Ipfb_norm": near(2e10, 3), "Inmda_thr": near(30 * PA, 4),
        "refractory": [0.0, 0.3e-3, case.dt, near(1.5e-3)][int(rng.integers(4))],
    }  # fmt: skip
    if case.pulse:
        values |= {"pulse": near(5e-4, 5), "pulse_ahp": near(5e-4, 5)}
    arriving = {"ampa": 150 * PA, "nmda": 100 * PA, "gabaa": 3 * PA, "gabab": 60 * PA}
    for part in (*RECEPTORS, "ahp"):
        tau = near(30e-3) if part == "ahp" else near(4e-3, 4)
        C = 4e-12 if part == "ahp" else 2e-12
        Itau = C * 25e-3 / (0.705 * tau)
        pulse = values.get("pulse_ahp" if part == "ahp" else "pulse")
        p = 1.0 if pulse is None else -np.expm1(-pulse / tau)
        if part == "ahp":
            jump = near(3 * PA) if case.adaptation else 0.0
        else:  # so that the mean current is about the one wanted
            events = per_step * case.n_in * (part in case.feeds) + loop * (part in case.loops)
            jump = near(arriving[part]) * -np.expm1(-case.dt / tau) / max(events, 0.3)
        values |= {f"Itau_{part}": Itau, f"Igain_{part}": 4 * Itau, f"Iw_{part}": jump / (4 * p)}
    return values


def _loop(case: Case, rng: np.random.Generator) -> np.ndarray:
    shape = (case.n_out, case.n_out)
    if case.dense_loops:
        return rng.random(shape) * (2 if case.whole else min(2.0, 12 / case.n_out))
    return (rng.random(shape) < min(0.5, 4 / case.n_out)) * rng.uniform(0.6, 1.8, shape)


def make_input(case: Case, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """``X``, and if the case has them ``external`` and the fields of the state; all of them leaves."""
    rng = np.random.default_rng((2, case.seed))
    shape = (*case.x_leading, case.steps, case.n_in)
    X = (rng.random(shape) < 0.2).astype(float)
    if case.events == "counts":
        X *= 1 + rng.poisson(2, shape)
    elif case.events == "dense":
        X = rng.random(shape)
    given = {"X": X}
    if case.external:
        given["external"] = 80 * PA * rng.random((*case.x_leading, case.steps, case.n_out))
    if case.start:
        n = (*case.out_leading, case.n_out)
        given["Imem"] = 0.5 * PA * np.exp(5.3 * rng.random(n))
        given |= {name: 0.5 * PA * np.exp(2 * rng.random(n)) for name in DPIState._fields[1:6]}
        given["refractory"] = 1e-3 * (rng.random(n) - 0.4)
    return {name: torch.from_numpy(v).to(dtype).requires_grad_() for name, v in given.items()}


def state_of(given: dict[str, torch.Tensor]) -> DPIState | None:
    """The state among the inputs."""
    return DPIState(*(given[name] for name in DPIState._fields)) if "Imem" in given else None
