"""Random networks and random defects, from a size and a seed."""

from __future__ import annotations

import numpy as np

from arcana.graph import NetworkGraph, Population, Projection, Source
from arcana.hardware.defects import DefectMap

RECEPTORS = ("ampa", "nmda", "gabaa", "gabab")


def network(neurons, seed, profile, most_in=70):
    """A few populations with biases of their own or shared ones, wired at random, loops included."""
    rng = np.random.default_rng(seed)
    parts = min(neurons, int(rng.integers(1, 5)))
    cuts = np.sort(rng.choice(np.arange(1, neurons), parts - 1, replace=False)) if parts > 1 else []
    sizes = np.diff([0, *cuts, neurons]).tolist()
    sources = tuple(Source(f"in{k}", int(rng.integers(1, 40))) for k in range(int(rng.integers(0, 3))))
    populations = tuple(_population(f"p{k}", n, rng, profile) for k, n in enumerate(sizes))
    names = [(p.name, p.size) for p in (*sources, *populations)]
    budget = rng.integers(0, most_in, neurons) if rng.random() < 0.3 else rng.integers(0, 30, neurons)
    projections, start = [], 0
    # Large networks are local, as a chip wants them; small ones anything
    spread = neurons if neurons < 400 else 250
    for target in populations:
        rows = {}
        for post in range(target.size):
            left = int(budget[start + post])
            while left > 0:
                source, size = names[int(rng.integers(len(names)))]
                near = int((start + post) / neurons * size)
                pre = int(np.clip(near + rng.integers(-spread // 2, spread // 2 + 1), 0, size - 1))
                count = int(min(left, rng.integers(1, 4)))
                delay = "none" if rng.random() < 0.9 or profile.family == "dynapse1" else "precise"
                key = (source, RECEPTORS[int(rng.integers(4))], delay)
                rows.setdefault(key, {})[pre, post] = rows.get(key, {}).get((pre, post), 0) + count
                left -= count
        for (source, receptor, delay), found in rows.items():
            triples = [(i, j, n) for (i, j), n in found.items()]
            projections.append(Projection.of(source, target.name, receptor, triples, delay))
        start += target.size
    outputs = tuple(p.name for p in populations if rng.random() < 0.5 and p.size < 500)
    return NetworkGraph(sources, populations, tuple(projections), outputs=outputs or (populations[0].name,))


def _population(name, size, rng, profile):
    biases = {**profile.default_biases(), "refractory": 2e-3, "Itau_mem": float(rng.choice([5e-12, 8e-12, 2e-11]))}
    if rng.random() < 0.06:  # every neuron its own constant current
        biases["Idc"] = tuple((1e-12 * rng.uniform(1, 40, size)).tolist())
    return Population(name, size, 1e-3, biases)


def defects(seed, profile):
    """Dead neurons, input words and tags, a few or many."""
    rng = np.random.default_rng(seed + 1)
    rows = set()
    for _ in range(int(rng.choice([0, 0, 3, 60, 600]))):
        place = (int(rng.integers(profile.chips)), int(rng.integers(profile.cores_per_chip)))
        neuron, word = int(rng.integers(profile.neurons_per_core)), int(rng.integers(profile.fan_in))
        tag = int(rng.integers(profile.routing.tags))
        rows.add(
            [
                (*place, neuron, None, None),
                (*place, neuron, word, None),
                (*place, neuron, word, tag),
                (*place, None, None, tag),
            ][int(rng.integers(4))]
        )
    return DefectMap.of(rows)
