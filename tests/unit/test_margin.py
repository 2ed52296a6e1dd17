"""How clearly a network decides."""

from __future__ import annotations

import pytest
import torch

from arcana.analysis import Accuracy, Margin
from arcana.errors import BadInput


def spikes(*counts):
    """Series (B, 10, n) with so many spikes of each neuron."""
    return torch.stack([torch.stack([(torch.arange(10) < k).float() for k in row], -1) for row in counts])


def test_by_hand():
    x = spikes((4, 0, 2), (1, 3, 0), (0, 0, 0), (0, 0, 5), (3, 3, 1))
    y = torch.tensor([0, 0, 1, 2, 1])
    expected = [(4 - 2) / 6, (1 - 3) / 4, 0, 1, 0]
    for k, value in enumerate(expected):
        assert Margin()(x[k : k + 1], y[k : k + 1]) == pytest.approx(value)
    assert Margin()(x, y) == pytest.approx(sum(expected) / 5)
    assert Margin(3)(x, y) == Margin()(x, y)


def test_populations():
    x = spikes((4, 2, 1, 0))  # 6 against 1
    assert Margin(2)(x, torch.tensor([0])) == pytest.approx(5 / 7)
    assert Margin(2)(x, torch.tensor([1])) == pytest.approx(-5 / 7)


def test_its_sign_is_accuracy():
    x = torch.randint(0, 2, (50, 10, 6), generator=torch.Generator().manual_seed(0)).float()
    y = torch.arange(50) % 3
    for k in range(50):
        margin, right = Margin(3)(x[k : k + 1], y[k : k + 1]), Accuracy(3)(x[k : k + 1], y[k : k + 1])
        assert margin == 0 or (margin > 0) == (right == 1)


@pytest.mark.parametrize(("classes", "target"), [(1, 0), (2, 2), (2, -1), (3, 0)])
def test_what_does_not_fit(classes, target):
    with pytest.raises(BadInput):
        Margin(classes)(spikes((1, 2, 0, 0)), torch.tensor([target]))
