"""The layers that the contract is held against: register a factory here and every check runs on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from arcana.model import DPILayer, DPINeuron, Sequential
from arcana.nn.sequential import dpi_layers

N_IN, N_OUT, STEPS, BATCH = 6, 4, 16, 3
RECEPTORS = ("ampa", "nmda", "gabaa", "gabab")


class Unrolled(nn.Module):
    """The cell, called once a step: must behave as a layer does."""

    def __init__(self, cell: DPINeuron) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, X, state=None):
        spikes = []
        for x in X.unbind(-2):
            out, state = self.cell(x, state)
            spikes.append(out)
        return torch.stack(spikes, -2), state


@dataclass(frozen=True)
class Case:
    """How to make one kind of layer. ``seed`` gives other start weights, nothing else."""

    make: Callable[[], nn.Module]
    cell: bool = False

    def __call__(self, seed: int = 0, dtype: torch.dtype = torch.float32) -> nn.Module:
        net = self.make().to(dtype)
        generator = torch.Generator().manual_seed(seed)
        for layer in dpi_layers(net).values():
            for name, parameter in layer.named_parameters():
                if name[:2] in ("W_", "R_") and parameter.requires_grad:
                    # not whole on purpose: the layer rounds them
                    few = 1.0 if name.startswith("R_") else 2.5
                    with torch.no_grad():
                        parameter.copy_(few * torch.rand(parameter.shape, generator=generator))
        return net


ONE = {"train_ampa": True, "train_gabab": True, "train_Itau_mem": True, "train_Iw_ampa": True}
# A fast membrane with a low threshold: several spikes in a run of 24 ms
FAST = {"Itau_mem": 15e-12, "Igain_mem": 60e-12, "Ith": 150e-12, "Ipfb_th": 60e-12, "Ipfb_norm": 5e10}
STRONG = {**FAST, "Idc": 100e-12, "Iw_ampa": 10e-12, "Iw_gabab": 5e-12, "refractory": 2e-3}
EVERYTHING = {
    **FAST,
    **{f"train_{name}": True for name in RECEPTORS},
    **{
        "train_Itau_mem": True,
        "train_Igain_mem": True,
        "train_Idc": True,
        "train_Iw_ahp": True,
        "train_refractory": True,
    },
    **{
        "Itau_ampa": 80e-12,
        "Itau_nmda": 80e-12,
        "Itau_gabaa": 80e-12,
        "Itau_gabab": 80e-12,
        "Itau_ahp": 200e-12,
        "Igain_ahp": 200e-12,
        "Iw_ampa": 25e-12,
        "Iw_nmda": 5e-12,
        "Iw_gabab": 5e-12,
        "Iw_gabaa": 0.2e-12,
    },
    **{"Idc": 150e-12, "Iw_ahp": 2e-12, "refractory": 1.5e-3, "profile": "dynapse1"},
}

LAYERS = {
    "neuron": Case(lambda: Unrolled(DPINeuron(N_IN, N_OUT, **ONE, **STRONG)), cell=True),
    "rk4": Case(lambda: DPILayer(N_IN, N_OUT, **ONE, **STRONG)),
    "heun": Case(lambda: DPILayer(N_IN, N_OUT, solver="heun", **ONE, **STRONG)),
    "euler": Case(lambda: DPILayer(N_IN, N_OUT, solver="euler", **ONE, **STRONG)),
    "recurrent": Case(lambda: DPILayer(N_IN, N_OUT, recurrent=True, **ONE, **STRONG)),
    "dynapse1, all receptors, adaptation": Case(lambda: DPILayer(N_IN, N_OUT, **EVERYTHING)),
    "two layers": Case(
        lambda: Sequential(
            DPILayer(N_IN, 5, solver="heun", **ONE, **STRONG),
            DPILayer(5, N_OUT, solver="heun", **ONE, **{**STRONG, "Iw_ampa": 20e-12}),
        )
    ),
}


def events(
    seed: int = 0, batch: int = BATCH, steps: int = STEPS, dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    """Poisson input at 150 Hz."""
    generator = torch.Generator().manual_seed(100 + seed)
    return (torch.rand(batch, steps, N_IN, generator=generator) < 0.15).to(dtype)
