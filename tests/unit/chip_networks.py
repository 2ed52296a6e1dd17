"""Networks for tests of mapping and emulation: they fire, use every receptor, and have whole counts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch

import arcana
from arcana.circuits.names import RECEPTORS
from arcana.graph import NetworkGraph, Population, Projection, Source
from arcana.model import ADM

# Fires at rest, and currents stay where the sub-steps follow them.
START = {"Itau_mem": 2e-12, "Igain_mem": 8e-11, "Idc": 4e-11, "refractory": 4e-3}
WEIGHTS = {"Iw_ampa": 2e-12, "Iw_nmda": 2e-12, "Iw_gabaa": 1e-13, "Iw_gabab": 1e-13}


def biases(chip, **changed):
    return {**chip.default_biases(), **START, **WEIGHTS, **changed}


def chain(chip, recurrent=True, encoder=True):
    """Encoder, layer with adaptation (recurrent or not), output layer; seeded weights."""
    torch.manual_seed(0)
    layers = [
        arcana.DPILayer(4, 6, profile=chip, recurrent=recurrent, Iw_ahp=1e-12, **START, **WEIGHTS),
        arcana.DPILayer(6, 3, profile=chip, **START, **WEIGHTS),
    ]
    for module in layers:
        for r in RECEPTORS:
            for name in (f"W_{r}", f"R_{r}"):
                if hasattr(module, name):
                    weight = getattr(module, name)
                    weight.data = torch.randint(0, 3, weight.shape).to(weight)
    return arcana.Sequential(*([ADM(2, 0.05, 0.07, 2)] if encoder else []), *layers)


def loop(chip):
    """Two populations that excite and inhibit each other, and one that listens to both and to the input."""
    rng = np.random.default_rng(4)
    populations = (
        Population("e", 6, 1e-3, biases(chip)),
        Population("i", 3, 1e-3, biases(chip, Itau_mem=3e-12, Idc=2e-11)),
        Population("out", 2, 1e-3, biases(chip, Idc=(3e-11, 5e-11)), solver="heun"),
    )
    sizes = {"in": 4, "e": 6, "i": 3, "out": 2}
    pairs = [
        ("in", "e", "ampa"), ("in", "out", "nmda"), ("e", "e", "ampa"), ("e", "i", "nmda"), ("i", "e", "gabaa"),
        ("i", "i", "gabab"), ("e", "out", "ampa"), ("i", "out", "gabab"),
    ]  # fmt: skip
    projections = tuple(
        Projection.from_matrix(pre, post, receptor, rng.integers(0, 4, (sizes[post], sizes[pre])))
        for pre, post, receptor in pairs
    )
    return NetworkGraph((Source("in", 4),), populations, projections, outputs=("i", "out"))


def with_biases(graph, other):
    """The graph with the biases of another graph's populations, by name."""
    theirs = {p.name: p.biases for p in other.populations}
    return replace(graph, populations=tuple(replace(p, biases=theirs[p.name]) for p in graph.populations))


def events(lines, steps=300, series=2, rate=0.06, seed=1):
    """Random events (series, steps, lines); some steps hold two."""
    generator = torch.Generator().manual_seed(seed)
    return torch.poisson(torch.full((series, steps, lines), rate), generator=generator)


def waves(steps=250):
    """A signal of two channels (1, steps, 2)."""
    t = torch.arange(steps) / 1000
    return torch.stack([torch.sin(2 * math.pi * 9 * t), torch.cos(2 * math.pi * 5 * t)], -1)[None] / 4
