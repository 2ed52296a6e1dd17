"""A harder frozen-noise task: six patterns, every series disturbed anew, populations on several cores.

A series is one of six frozen patterns (60 Poisson inputs, 50 Hz, 500 ms) of which each event is moved by a normal
3 ms, each tenth is lost, and 5 Hz of events are added on every input: no two series are the same, and none of the
test was seen in training. 48 neurons a class race as in example 09, on votes: a neuron hears 4 words of inhibition
from random neurons of each other class, so what decides is the class, not its most excitable neuron. One neuron a
class reads them out, with inhibition of its own; its ratio is what is judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from arcana.model import DPILayer
from arcana.nn.sequential import Sequential
from benchmarks.frozen_noise_chips_named import easy

CHIP, CLASSES, EACH = "dynapse1", 6, 48
FROM_EACH = 4  # words of inhibition that a neuron hears from each other class
INHIBITION = 150e-12  # C, which one spike on each of these words takes away
READOUT = 80e-15  # C, of a spike of the neurons that are read out
WINDOW, EARLY = 30, 2.0  # steps of the race; spikes wanted of a neuron of the right class
COPIES, CHIPS = 4, 4  # series of each pattern and chips, in an update


@dataclass(frozen=True)
class Disturbance:
    """What is done to a pattern: events moved [steps], lost (share), added [Hz]; and how it begins.

    ``late`` steps at the beginning are missing, and ``lead`` steps of unrelated noise of the same rate come first.
    """

    jitter: float = 3.0
    lost: float = 0.1
    added: float = 5.0
    late: int = 0
    lead: int = 0


AS_TRAINED, NONE = Disturbance(), Disturbance(0.0, 0.0, 0.0)


def disturb(
    X: torch.Tensor, copies: int, generator: torch.Generator, how: Disturbance = AS_TRAINED
) -> tuple[torch.Tensor, torch.Tensor]:
    """Fresh series of the patterns X (classes, T, inputs), and their classes."""
    every = X.repeat(copies, 1, 1)
    series, steps, lines = every.nonzero(as_tuple=True)
    moved = steps + (how.jitter * torch.randn(len(steps), generator=generator)).round().long()
    kept = torch.rand(len(steps), generator=generator) >= how.lost
    at = series[kept], moved[kept].clamp(0, X.shape[1] - 1), lines[kept]
    out = torch.zeros_like(every).index_put_(at, torch.ones(len(at[0])), accumulate=True)
    out += (torch.rand(out.shape, generator=generator) < how.added * easy.DT).float()
    before = torch.rand(len(out), how.lead, out.shape[-1], generator=generator) < easy.RATE * easy.DT
    return torch.cat([before.float(), out[:, how.late :]], 1), torch.arange(len(X)).repeat(copies)


def voters(classes: int, each: int, words: int, generator: torch.Generator) -> torch.Tensor:
    """Who inhibits whom, (n, n): so many words from random neurons of each other class."""
    found = torch.zeros(classes * each, classes * each)
    for neuron in range(classes * each):
        for other in range(classes):
            if other != neuron // each:
                found[neuron, other * each + torch.randperm(each, generator=generator)[:words]] = 1
    return found


def single(seed: int, cv: float, updates: int) -> DPILayer:
    """One neuron a class, without populations: the network of example 09 on this task."""
    X = easy.patterns(seed, CLASSES)
    net = easy.network(seed, CHIP, CLASSES, **easy.biases(CHIP))
    each = easy.INHIBITION // (CLASSES - 1)
    easy.train(
        net, lambda g: disturb(X, COPIES, g), CLASSES, cv, updates, seed, words=each * (CLASSES - 1),
        window=WINDOW, early=EARLY, chips=CHIPS,
    )  # fmt: skip
    net.set_bias("Iw_gabab", net.Iw_gabab.item() * easy.INHIBITION / each)
    easy.inhibit(net, each * (1 - torch.eye(CLASSES)))
    return net


def population(seed: int, cv: float, updates: int, each: int = EACH, from_each: int = FROM_EACH) -> Sequential:
    """The populations and the neurons that read them out."""
    X, words = easy.patterns(seed, CLASSES), from_each * (CLASSES - 1)
    hidden = easy.network(seed, CHIP, CLASSES * each, **easy.biases(CHIP))
    easy.train(
        hidden, lambda g: disturb(X, COPIES, g), CLASSES, cv, updates, seed, words=words,
        window=WINDOW, early=EARLY, chips=CHIPS,
    )  # fmt: skip
    scale = INHIBITION / from_each / easy.CHARGE["gabab"]
    hidden.set_bias("Iw_gabab", hidden.Iw_gabab.item() * scale)
    easy.inhibit(hidden, voters(CLASSES, each, from_each, torch.Generator().manual_seed(2000 + seed)))
    return Sequential(hidden, readout(each))


def readout(each: int) -> DPILayer:
    """One neuron a class, with a synapse from each neuron of its population; they inhibit each other."""
    net = easy.network(0, CHIP, CLASSES, CLASSES * each, **easy.biases(CHIP, excitation=READOUT))
    with torch.no_grad():
        net.W_ampa.copy_(torch.eye(CLASSES).repeat_interleave(each, 1))
    net.W_ampa.requires_grad_(False)
    easy.inhibit(net, 3 * (1 - torch.eye(CLASSES)))
    net.set_bias("Iw_gabab", net.Iw_gabab.item() * easy.INHIBITION / 3)
    return net
