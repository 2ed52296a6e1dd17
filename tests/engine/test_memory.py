"""Blocks that are used again: never while somebody holds any part of them."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch

import arcana
from arcana.engine.fused_cpu import memory

SIZE = (memory.WORTH_KEEPING // 4 + 16,)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_kept", [])


def test_a_block_is_used_again_when_nobody_holds_it():
    one = memory.aligned(SIZE, np.float32)
    place = one.data_ptr()
    assert place % memory.LINE == 0
    del one
    gc.collect()
    assert memory.aligned(SIZE, np.float32).data_ptr() == place


@pytest.mark.parametrize(
    "hold",
    [lambda x: x, lambda x: x[3:5], lambda x: x.view(2, -1).T, lambda x: x.detach(), lambda x: x.numpy()],
    ids=["itself", "part", "view", "detached", "numpy"],
)
def test_whatever_is_held_keeps_its_values(hold):
    one = memory.aligned(SIZE, np.float32)
    one.fill_(7.0)
    held = hold(one)
    del one
    gc.collect()
    others = [memory.aligned(SIZE, np.float32).fill_(float(i)) for i in range(4)]
    assert (torch.as_tensor(held) == 7.0).all()
    assert len({other.data_ptr() for other in others}) == 4


def test_what_autograd_saved_is_held():
    one = memory.aligned(SIZE, np.float32).fill_(3.0)
    w = torch.ones(SIZE, requires_grad=True)
    loss = (w * one).sum()
    del one
    gc.collect()
    memory.aligned(SIZE, np.float32).fill_(0.0)
    loss.backward()
    assert (w.grad == 3.0).all()


def test_no_more_is_kept_than_stated(monkeypatch):
    monkeypatch.setattr(memory, "MOST_KEPT", 3 * memory.WORTH_KEEPING)
    held = [memory.aligned(SIZE, np.float32).fill_(float(i)) for i in range(6)]
    assert sum(block.size for block, _ in memory._kept) <= 3 * memory.WORTH_KEEPING
    assert all((x == i).all() for i, x in enumerate(held))


def test_results_of_earlier_runs_stay_what_they_were():
    torch.manual_seed(0)
    layer = arcana.DPILayer(8, 64, Idc=300e-12, Iw_ampa=1e-13, Iw_gabab=1e-13)
    runs = [(torch.rand(8, 1000, 8) < p).float() for p in (0.02, 0.3, 0.02, 0.3)]
    with torch.no_grad(), arcana.use_engine("fused"):
        first = [layer(X)[0] for X in runs]
        copies = [s.clone() for s in first]
        for X in runs:
            layer(X)
    assert all(torch.equal(a, b) for a, b in zip(first, copies, strict=True))
    assert first[0].sum() > 0
