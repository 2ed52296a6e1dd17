"""Gradients of the written equations: autograd against central differences, all in float64.

Points are chosen where no clamp is exactly active (a current exactly at the floor, a refractory timer of exactly 0,
an input current of exactly I0): there a derivative does not exist, and a central difference would average two sides.
"""

from __future__ import annotations

import pytest
import torch

from arcana.circuits.dpi import DPIState
from arcana.circuits.names import BIASES, RECEPTORS
from arcana.model import DPILayer, UpdateParams
from arcana.surrogate import step

N_IN, N_OUT, STEPS, DT = 3, 2, 12, 1e-3
PA = 1e-12
RECURRENT = {"recurrent": True, "whole_weights": False}

# A steep feedback that is far away is no feedback; Ipfb_norm = 0 leaves it half on, whatever Imem is
FEEDBACK = {
    "off": {"Ipfb_th": 1.0, "Ipfb_norm": 1e10},
    "norm 0": {"Ipfb_norm": 0.0},
    "own": {},
    "strong": {"Ipfb_th": 60 * PA, "Ipfb_norm": 5e10},
}
SLOW = {f"Itau_{r}": 6 * PA for r in RECEPTORS} | {f"Igain_{r}": 12 * PA for r in RECEPTORS}
QUIET = {**SLOW, "Idc": 40 * PA, "Inmda_thr": 30 * PA, "Ith": 1e-6, "Iw_ahp": 2 * PA, "pulse": 3e-3, "pulse_ahp": 2e-3}
WEIGHTS = {"ampa": 30 * PA, "nmda": 20 * PA, "gabaa": 2 * PA, "gabab": 8 * PA}


def layer(solver: str, dtype=torch.float64, **biases) -> DPILayer:
    """All receptors, shunt and adaptation at work, every bias above zero trained, counts not rounded."""
    values = {**QUIET, **{f"Iw_{r}": w for r, w in WEIGHTS.items()}, "refractory": 2e-3, **biases}
    flags = {f"train_{name}": True for name in (*BIASES, *RECEPTORS) if values.get(name) != 0}
    net = DPILayer(N_IN, N_OUT, DT, solver=solver, recurrent=True, **values, **flags).to(dtype)
    net.whole_weights = False
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, p in net.named_parameters():
            if name[:2] in ("W_", "R_"):
                p.copy_(0.3 + torch.rand(p.shape, generator=generator, dtype=torch.float64))
            elif p.requires_grad:  # float32 rounding of the start values would differ from a float32 twin otherwise
                p.copy_(p.float())
    return net


def start(dtype=torch.float64, refractory=(0.3e-3, -0.2e-3)) -> DPIState:
    """Currents well above the floor; a timer inside a sub-step, and time that is still to be integrated."""
    rows = {"Imem": (40, 90), "Iampa": (60, 30), "Inmda": (20, 40), "Igabaa": (3, 2), "Igabab": (8, 5), "Iahp": (1, 2)}
    currents = {name: torch.tensor([row], dtype=dtype) * PA for name, row in rows.items()}
    return DPIState(**currents, refractory=torch.tensor([refractory], dtype=dtype))


def events(dtype=torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    return (torch.rand(1, STEPS, N_IN, generator=generator) < 0.2).to(dtype)


def external(dtype=torch.float64) -> torch.Tensor:
    return torch.linspace(5, 15, STEPS, dtype=dtype)[None, :, None].expand(1, STEPS, N_OUT) * PA


def membrane(net: DPILayer, state: DPIState, drive: torch.Tensor, spikes: int = 0) -> torch.Tensor:
    """A weighted sum of ln Imem at the end of the run, in which exactly so many spikes come."""
    out = net.run(events(drive.dtype), state, drive)
    assert out.spikes.sum() == spikes
    return (torch.log(out.state.Imem / PA) * torch.tensor([1.0, -0.7], dtype=drive.dtype)).sum()


def inputs_of(state: DPIState, drive: torch.Tensor) -> dict[str, torch.Tensor]:
    leaves = {name: value.clone().requires_grad_() for name, value in state._asdict().items()}
    return {**leaves, "external": drive.clone().requires_grad_()}


def compare(net: DPILayer, f, leaves: dict[str, torch.Tensor], rtol: float = 1e-5) -> set[str]:
    """Autograd against central differences, element by element. Returns the names with a gradient other than 0.

    An element is compared relative to itself, with a floor of 1e-7 of the largest effect (what rounding leaves of a
    difference): effect = gradient times the scale of the variable (1 for logarithms, the value for currents).
    """
    parameters = {name: p for name, p in net.named_parameters() if p.requires_grad}
    every = {**parameters, **leaves}
    exact = dict(zip(every, torch.autograd.grad(f(), list(every.values()), allow_unused=True), strict=True))
    effects, differences, names = [], [], []
    for name, tensor in every.items():
        assert exact[name] is not None, f"{name} is detached"
        for k in range(tensor.numel()):
            value = tensor.detach().flatten()[k].item()
            scale = 1.0 if name.startswith("log_") else abs(value)
            names.append(name)
            effects.append(exact[name].flatten()[k].item() * scale)
            differences.append(_difference(f, tensor, k, value, scale))
    effects, differences = torch.tensor(effects), torch.tensor(differences)
    floor = 1e-7 * float(effects.abs().max())
    error = (effects - differences).abs() / (rtol * differences.abs() + floor)
    worst = int(error.argmax())
    assert error[worst] <= 1, (names[worst], effects[worst], differences[worst])
    return {name for name, effect in zip(names, effects.tolist(), strict=True) if effect != 0}


@torch.no_grad()
def _difference(f, tensor: torch.Tensor, k: int, value: float, scale: float, eps: float = 2e-5) -> float:
    """Fourth-order central difference with respect to one element, times its scale."""
    data, total = tensor.data.view(-1), 0.0
    for factor, weight in ((1, 8.0), (-1, -8.0), (2, -1.0), (-2, 1.0)):
        data[k] = value + factor * eps * scale
        total += weight * float(f())
    data[k] = value
    return total / (12 * eps)
