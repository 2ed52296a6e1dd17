"""Follows the events of a settings file through its tables in plain Python, sharing no code with the mapper."""

from __future__ import annotations

from collections import Counter


def walk(config, profile):
    """Counter of (sender, (population, index), receptor, switches, flags); a sender is (name, index)."""
    positions = {place: k for k, place in enumerate(profile.topology.chip_positions)}
    receptors = {r.code: name for name, r in profile.synapse.receptor.items()}
    cores = {}
    for n in config.neurons:
        cores.setdefault((n.chip, n.core), []).append(n)
    found = Counter()

    def offer(sender, chip, mask, tag):
        for core in range(profile.cores_per_chip):
            if mask >> core & 1:
                for n in cores.get((chip, core), ()):
                    for _, held, receptor, switches, flags in n.cams:
                        if held == tag:
                            found[sender, (n.population, n.index), receptors[receptor], switches, flags] += 1

    for lines in config.inputs:
        for line, tag, chip, mask in lines.events:
            offer((lines.name, line), chip, mask, tag)
    for n in config.neurons:
        x, y = profile.topology.chip_positions[n.chip]
        for _, tag, mask, dx, dy in n.srams:
            if (x + dx, y + dy) in positions:
                offer((n.population, n.index), positions[x + dx, y + dy], mask, tag)
    return found


def wanted(graph, profile):
    """The same from the network: what the walk has to find where a weight of n is n words."""
    found = Counter()
    for p in graph.projections:
        bit = profile.synapse.receptor[p.receptor].weight_bit
        switches = 0 if bit is None else 1 << bit
        flags = ("none", "precise", "mismatched").index(p.delay)
        for pre, post, count in p.synapses:
            found[(p.source, pre), (p.target, post), p.receptor, switches, flags] += count
    return found
