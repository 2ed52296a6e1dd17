"""One Fiuri neuron against traces that the original program made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from arcana.networks import FiuriCell, FiuriState, GapJunction

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "twc" / "fiuri_neuron.npz")
PROTOCOLS = ("staged", "uniform", "quantised", "positive", "zeros")


@torch.no_grad()
def run(row, inputs):
    T, D, E0, O0, w_inh, w_exc, w_gap = row
    cell, gaps = FiuriCell(4).double(), GapJunction([2], [3], 4).double()
    cell.threshold.fill_(T)
    cell.raw_decay.fill_(D)
    gaps.raw.fill_(w_gap)
    E, O = torch.zeros(1, 4, dtype=torch.float64), torch.zeros(1, 4, dtype=torch.float64)  # noqa: E741
    E[0, 3], O[0, 3] = E0, O0
    found = []
    for inh, exc, gap in inputs.tolist():  # three neurons whose outputs are given, and the one that listens
        before = FiuriState(E, torch.tensor([[inh, exc, gap, O[0, 3].item()]], dtype=torch.float64))
        current = torch.tensor([[0.0, 0.0, 0.0, w_exc * exc - w_inh * inh]], dtype=torch.float64)
        E, O = cell(current, before, gaps)  # noqa: E741
        found.append((E[0, 3].item(), O[0, 3].item()))
    return np.array(found).T


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("k", range(4))
def test_every_step(k, protocol):
    E, O = run(GOLDEN["params"][k].tolist(), GOLDEN[f"in_{protocol}"])  # noqa: E741
    assert np.abs(E - GOLDEN[f"set{k}_{protocol}_E"]).max() <= 1e-12
    assert np.abs(O - GOLDEN[f"set{k}_{protocol}_O"]).max() <= 1e-12


def test_all_branches_are_in_the_files():
    branches = np.concatenate([GOLDEN[f"set{k}_{p}_branch"] for k in range(4) for p in PROTOCOLS])
    assert set(branches.tolist()) == {0, 1, 2}
