"""Accuracy from output spikes."""

from __future__ import annotations

import math

import pytest
import torch

from arcana.analysis.doubt import doubt
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


@pytest.mark.parametrize("classes", [0, 1, -2, 2.0, "4", True])
def test_a_number_of_classes_that_is_none_is_refused(classes):
    with pytest.raises(BadInput, match=r"classes is .* a whole number from 2"):
        Accuracy(classes)


def test_targets_that_are_no_tensor_are_refused():
    with pytest.raises(BadInput, match="targets is 'list', allowed: a tensor or an array of whole numbers"):
        Accuracy()(spikes_of([1, 2]), ["left"])


@pytest.mark.parametrize(("right", "of", "classes", "guesses"), [
    (10, 40, 4, True), (15, 40, 4, True), (16, 40, 4, False), (5, 5, 2, False), (4, 4, 2, True), (40, 40, 4, False),
])  # fmt: skip
def test_guessing_is_told_by_a_binomial_test(right, of, classes, guesses):
    tail = sum(math.comb(of, k) * (classes - 1) ** (of - k) for k in range(right, of + 1)) / classes**of
    assert (tail > 0.05) == guesses
    assert ("no better than guessing" in doubt(Accuracy(classes), right / of, of)) == guesses


def test_other_metrics_are_not_doubted():
    assert doubt(Accuracy(), 0.0, 40) == doubt(len, 0.0, 40) == ""


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
