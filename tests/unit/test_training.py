"""Every bias can be trained alone to a target that it can reach. Each is a lane of one run under vmap."""

from __future__ import annotations

import math

import pytest
import torch
from torch.func import functional_call, vmap

from arcana.circuits.dpi import DPIState
from arcana.circuits.names import BIASES, RECEPTORS
from arcana.model import DPILayer

PA = 1e-12
SLOW = {f"Itau_{r}": 6 * PA for r in RECEPTORS} | {f"Igain_{r}": 12 * PA for r in RECEPTORS}
WEIGHTS = {"Iw_ampa": 30 * PA, "Iw_nmda": 20 * PA, "Iw_gabaa": 2 * PA, "Iw_gabab": 8 * PA}
# By spikes only; the others shape the membrane below threshold
BY_SPIKES = ("Ith", "refractory", "Itau_ahp", "Igain_ahp", "Iw_ahp", "pulse_ahp")


class Run(torch.nn.Module):
    """A layer and its input, so that functional_call can put other biases into it."""

    def __init__(self, net: DPILayer, X: torch.Tensor, state: DPIState | None, read) -> None:
        super().__init__()
        self.net, self.X, self.state, self.read = net, X, state, read

    def forward(self):
        return self.read(self.net.run(self.X, self.state, record=("Imem",)))


def lanes_of(run: Run, names: tuple[str, ...], factor: float) -> tuple[torch.Tensor, torch.Tensor, object]:
    """Start and target: lane k differs in the logarithm of bias k by ln(factor), and a function of all lanes."""
    start = torch.stack([getattr(run.net, f"log_{name}").detach() for name in names]).expand(len(names), -1).clone()
    target = start + math.log(factor) * torch.eye(len(names), dtype=start.dtype)

    def all_lanes(values: torch.Tensor) -> torch.Tensor:
        rows = {f"net.log_{name}": values[:, k] for k, name in enumerate(names)}
        return vmap(lambda biases: functional_call(run, biases, ()))(rows)

    return start.requires_grad_(), target, all_lanes


def trained_alone(start: torch.Tensor, loss_of, reached, lr: float, updates: int) -> bool:
    """Adam on the diagonal only: in lane k nothing but bias k moves. Whether all lanes reached their targets."""
    optimizer = torch.optim.Adam([start], lr=lr)
    slower = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.97)
    for _ in range(updates):
        losses = loss_of(start)
        if reached(losses.detach()):
            return True
        optimizer.zero_grad()
        losses.sum().backward()
        start.grad *= torch.eye(len(start), dtype=start.dtype)
        optimizer.step()
        slower.step()
    return False


@pytest.mark.parametrize("factor", [0.7, 1.5])
def test_below_threshold_the_membrane_is_matched_and_the_value_found(factor):
    names = tuple(name for name in BIASES if name not in BY_SPIKES)
    biases = {**SLOW, **WEIGHTS, "Idc": 40 * PA, "Inmda_thr": 30 * PA, "Ith": 1e-6, "pulse": 3e-3}
    biases |= {"Ipfb_th": 100 * PA, "Ipfb_norm": 3e10, "Iw_ahp": 2 * PA}
    net = DPILayer(2, 1, solver="heun", substeps=1, **biases).double()
    with torch.no_grad():
        for receptor in RECEPTORS:
            getattr(net, f"W_{receptor}").fill_(1.0)
    X = torch.zeros(1, 16, 2, dtype=torch.float64)
    X[0, ::4, 0], X[0, 1::5, 1] = 1.0, 1.0
    currents = dict(zip(DPIState._fields, (70, 60, 40, 3, 8, 2, 0), strict=True))
    state = DPIState(
        **{name: torch.full((1, 1), value * PA, dtype=torch.float64) for name, value in currents.items()}
    )
    run = Run(net, X, state, lambda out: torch.log(out.records["Imem"]).squeeze())
    start, target, all_lanes = lanes_of(run, names, factor)
    with torch.no_grad():
        wanted = all_lanes(target)
    first = (all_lanes(start) - wanted).pow(2).mean(-1).detach()
    assert (first > 0).all()

    def loss_of(values):
        return (all_lanes(values) - wanted).pow(2).mean(-1) / first

    assert trained_alone(start, loss_of, lambda losses: bool((losses < 1e-3).all()), lr=0.08, updates=100)
    moved = (start.detach() - target).diag().abs() / abs(math.log(factor))
    assert moved.max() < 0.05  # not only the trace: the value it was made with


def test_by_spikes_the_rate_is_matched():
    biases = {"Idc": 260 * PA, "Itau_mem": 10 * PA, "Igain_mem": 40 * PA, "Ith": 150 * PA, "refractory": 3e-3}
    biases |= {"Ipfb_th": 60 * PA, "Ipfb_norm": 5e10, "Itau_ahp": 3 * PA, "Igain_ahp": 6 * PA, "Iw_ahp": 60 * PA}
    net = DPILayer(1, 1, solver="heun", pulse_ahp=3e-3, **biases).double()
    run = Run(net, torch.zeros(1, 120, 1, dtype=torch.float64), None, lambda out: out.spikes.sum())
    start, target, all_lanes = lanes_of(run, BY_SPIKES, 3.0)
    with torch.no_grad():
        before, wanted = all_lanes(start), all_lanes(target)
    assert ((before - wanted).abs() >= 2).all(), (before, wanted)  # spikes: there is something to learn

    def loss_of(values):
        return ((all_lanes(values) - wanted) / before).pow(2)

    assert trained_alone(start, loss_of, lambda losses: bool((losses == 0).all()), lr=0.1, updates=40)
