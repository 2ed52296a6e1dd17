"""Accuracy from output spikes."""

from __future__ import annotations

import pytest
import torch

from arcana.analysis.metrics import Accuracy, accuracy
from arcana.errors import BadInput


def spikes_of(*rates):
    """One series for each row of spike counts, (B, T, n)."""
    counts = torch.tensor(rates, dtype=torch.float32)
    return torch.nn.functional.pad(counts.unsqueeze(1), (0, 0, 0, 3))


def test_the_most_active_population_decides():
    spikes = spikes_of([3, 0, 1, 1], [0, 1, 1, 1], [1, 0, 0, 1])
    assert Accuracy(2).decide(spikes).tolist() == [0, 1, 0]
    assert Accuracy(2)(spikes, torch.tensor([0, 1, 1])) == pytest.approx(2 / 3)


def test_each_neuron_is_a_class_if_nothing_is_said():
    assert accuracy(spikes_of([0, 2, 1], [0, 0, 1]), torch.tensor([1, 2])) == 1


def test_silence_is_never_right():
    assert accuracy(spikes_of([0, 0], [1, 0]), torch.tensor([0, 0])) == 0.5


def test_confusion_has_a_column_for_the_undecided():
    spikes = spikes_of([2, 0], [0, 2], [0, 0], [0, 1])
    assert accuracy.confusion(spikes, torch.tensor([0, 0, 1, 1])) == [[1, 1, 0], [0, 1, 1]]


def test_classes_that_do_not_exist_are_refused():
    with pytest.raises(BadInput, match="classes 0 to 1"):
        accuracy.confusion(spikes_of([1, 0]), torch.tensor([2]))


def test_neurons_that_cannot_be_shared_out_are_refused():
    with pytest.raises(BadInput, match="divisor"):
        Accuracy(3)(spikes_of([1, 0]), torch.tensor([0]))


def test_accuracy_refuses_targets_that_are_no_class():
    spikes = torch.ones(2, 3, 4)
    with pytest.raises(BadInput, match=r"targets is \[1, 7\], allowed: classes 0 to 1"):
        Accuracy(2)(spikes, torch.tensor([1, 7]))


@pytest.mark.parametrize(
    "targets", [torch.tensor([[0], [1]]), torch.tensor([0]), torch.tensor([0.5, 1.0]), torch.eye(2).long()]
)
def test_targets_that_are_not_one_class_for_each_series(targets):
    """(B, 1) would be broadcast to every pair, one half rounded to nothing."""
    for ask in (Accuracy(2), Accuracy(2).confusion):
        with pytest.raises(BadInput, match=r"allowed: whole numbers \(2,\), a class for each series"):
            ask(torch.ones(2, 3, 4), targets)
