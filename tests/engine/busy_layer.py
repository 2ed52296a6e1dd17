"""One small busy layer for tests of single properties, and its gradients as one dictionary."""

from __future__ import annotations

from typing import Any

import torch

from arcana.circuits.dpi import DPIState
from arcana.circuits.names import RECEPTORS
from arcana.model import DPILayer

PA = 1e-12
BUSY: dict[str, Any] = {
    "Itau_mem": 15 * PA, "Igain_mem": 60 * PA, "Ith": 150 * PA, "Ipfb_th": 60 * PA, "Ipfb_norm": 5e10,
    "Idc": 150 * PA, "Inmda_thr": 30 * PA, "refractory": 1.5e-3,
    **{f"Itau_{r}": 20 * PA for r in RECEPTORS}, "Iw_ampa": 12 * PA, "Iw_nmda": 5 * PA, "Iw_gabab": 4 * PA,
    "Iw_gabaa": 0.2 * PA, "Itau_ahp": 20 * PA, "Igain_ahp": 40 * PA, "Iw_ahp": 2 * PA,
}  # fmt: skip
TRAINED = ("ampa", "gabab", "Itau_mem", "Igain_mem", "Ith", "Idc", "Iw_ampa", "Itau_gabab", "Iw_ahp", "refractory")


def busy(
    n_in: int = 6,
    n_out: int = 11,
    dtype: torch.dtype = torch.float32,
    trained: tuple[str, ...] = TRAINED,
    **options: Any,
) -> DPILayer:
    """A layer that fires, with random whole and recurrent counts; biases and counts in ``trained`` are trained."""
    flags = {f"train_{name}": True for name in trained}
    net = DPILayer(n_in, n_out, 1e-3, **{**BUSY, **flags, **options})
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, p in net.named_parameters():
            if name.startswith("W_"):
                p.copy_(2.5 * torch.rand(p.shape, generator=generator))
            elif name.startswith("R_"):
                p.copy_(torch.rand(p.shape, generator=generator) < 3 / n_out)
    return net.to(dtype)


def events(
    batch: int = 3, steps: int = 24, n_in: int = 6, dtype: torch.dtype = torch.float32, seed: int = 0
) -> torch.Tensor:
    """Poisson events."""
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(batch, steps, n_in, generator=generator) < 0.2).to(dtype)


def result(
    net: DPILayer, X: torch.Tensor, state: DPIState | None = None, **more: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Spikes, state, and the gradients of a sum over both (as ``grad <name>``), of ``X`` too if it wants one."""
    net.zero_grad()
    X.grad = None
    spikes, after = net(X, state, **more)
    loss_of(spikes, after).backward()
    leaves = {name: p for name, p in (*net.named_parameters(), ("X", X)) if p.requires_grad}
    found = {"spikes": spikes, **after._asdict()} | {f"grad {name}": p.grad for name, p in leaves.items()}
    return {name: value.detach().clone() for name, value in found.items()}


def loss_of(spikes: torch.Tensor, after: DPIState) -> torch.Tensor:
    """A sum over the spikes, each with a weight of its own, and over the state at the end."""
    weigh = torch.rand(spikes.shape, generator=torch.Generator().manual_seed(9)).to(spikes)
    return (spikes * weigh).sum() + after.Imem.log().sum() + 1e9 * after.Iahp.sum()


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    """Bit for bit."""
    assert one.keys() == other.keys()
    different = [name for name, value in one.items() if not torch.equal(value, other[name])]
    assert not different


def assert_close(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor], rtol: float) -> None:
    """To ``rtol`` of the largest element of each tensor; spikes exactly."""
    assert one.keys() == other.keys()
    assert torch.equal(one["spikes"], other["spikes"])
    for name, value in other.items():
        error = float((one[name] - value).abs().max())
        assert error <= rtol * float(value.abs().max()), f"{name}: {error}"
