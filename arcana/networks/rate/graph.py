"""A rate network as plain data, for whatever puts it on a chip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from arcana.networks.rate.blocks import Block, Listed
from arcana.networks.rate.config import RateConfig
from arcana.rate_graph import RateGraph, RatePopulation, RateProjection, Sign

NAMES = ("E", "I")


def names_of(config: RateConfig) -> tuple[str, ...]:
    """E and I where there are two populations, else P0, P1, ..."""
    count = len(config.sizes)
    return NAMES if count == 2 else tuple(f"P{k}" for k in range(count))


def graph_of(config: RateConfig, blocks: Sequence[Block]) -> RateGraph:
    """``input`` -> every population, and every population -> every other.

    Signs of populations are those of their weights; time constants [s] and thresholds are parameters.
    """
    names, sizes = names_of(config), config.sizes
    edges = np.concatenate([[0], np.cumsum(sizes)])
    populations = [RatePopulation("input", 1, place="input")]
    projections = []
    keys = ("tau_s", "tau_syn_s", *(("tau_nmda_s",) if config.nmda else ()), "threshold")
    for k, (name, size, block) in enumerate(zip(names, sizes, blocks, strict=True)):
        values = {key: np.full(size, getattr(config, key)[k]) for key in keys}
        populations.append(RatePopulation(name, size, _sign(block), parameters=values))
        given = np.full((size, 1), config.scale_in * config.strength_in[k])
        projections.append(RateProjection("input", name, given))
    for pre, block in enumerate(blocks):
        whole = block.sparse() if isinstance(block, Listed) else block.dense().T.astype(np.float64)
        for post, name in enumerate(names):
            rows = slice(int(edges[post]), int(edges[post + 1]))
            plastic = (post, pre) in config.plastic
            projections.append(RateProjection(names[pre], name, whole[rows], plastic=plastic))
    return RateGraph(tuple(populations), tuple(projections))


def _sign(block: Block) -> Sign:
    values = block.weight.numpy() if isinstance(block, Listed) else block.dense()
    if values.min() < 0 < values.max():
        return "mixed"
    return "inhibitory" if values.min() < 0 else "excitatory"
