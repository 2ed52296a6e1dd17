"""Connections between populations, drawn from a seed: each pair has a stream of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import i0e

from arcana.errors import ArcanaWarning, warn_user
from arcana.networks.rate.blocks import DENSE_FROM, Block, Dense, Floats, Listed, Places, kind_of, pieces_of
from arcana.networks.rate.config import RateConfig
from arcana.typing import Tensor

ROWS = 256  # post-synaptic neurons whose probabilities are in memory together
SPARSE, NOISE, VECTORS = range(3)  # kinds of streams


class ProbabilityWarning(ArcanaWarning):
    """A profile asks for probabilities that are none."""


def angles(n: int) -> NDArray[np.float64]:
    """Directions of the neurons of a population on a ring, equally spaced [rad]."""
    return 2 * np.pi * np.arange(n) / n


def vectors(config: RateConfig, population: int) -> NDArray[np.float64]:
    """Xi of the neurons of a population, (4, N_a): rows of a normal distribution with the mean and covariance."""
    rng = np.random.default_rng([config.seed, VECTORS, population])
    drawn = rng.multivariate_normal(config.low_rank_mean, np.array(config.low_rank_cov), config.sizes[population])
    return drawn.T


def profile(config: RateConfig, post: int, pre: int, rows: slice) -> Floats:
    """P of some post-synaptic neurons of a pair, (rows, N_pre).

    cosine: 1 + kappa cos(theta_i - theta_j - phase); cosine_by_sqrt_k: with kappa / sqrt(K); low_rank:
    1 + kappa (xi0 xi1' + xi2 xi3') / sqrt(K); von_mises: exp(kappa cos(theta_i - theta_j - phase)) / I0(kappa).
    """
    n_post, n_pre = config.sizes[post], config.sizes[pre]
    pair = post * len(config.sizes) + pre
    kind, kappa = config.structure[pair], config.structure_strength[pair]
    count = len(range(*rows.indices(n_post)))
    if kind == "none" or (kappa == 0 and kind != "low_rank"):
        return np.ones((count, n_pre), np.float32)
    if kind == "low_rank":
        left, right = vectors(config, post)[:, rows], vectors(config, pre)
        found = np.outer(left[0], right[1]) + np.outer(left[2], right[3])
        return (1 + kappa * found / math.sqrt(config.inputs)).astype(np.float32)
    turned = angles(n_post)[rows] - math.radians(config.structure_phase_deg)
    cosine = np.cos(turned[:, None] - angles(n_pre)).astype(np.float32)
    if kind == "von_mises":
        return np.asarray(np.exp(kappa * (cosine - 1)) / i0e(kappa), np.float32)  # i0e(k) = exp(-k) I0(k)
    found = 1 + (kappa if kind == "cosine" else kappa / math.sqrt(config.inputs)) * cosine
    return np.asarray(found, np.float32)


def drawn(config: RateConfig, dtype: torch.dtype) -> list[Block]:
    """The weights from each population, drawn and scaled: J_ab gain / sqrt(K) C_ij."""
    return [
        _listed(config, pre, dtype) if config.connectivity == "sparse" else _all(config, pre, dtype)
        for pre in range(len(config.sizes))
    ]


def stored(weights: Tensor, config: RateConfig) -> list[Block]:
    """Given weights (pre, post), already scaled, split by the pre-synaptic population."""
    return [_as_block(part) for part in torch.split(weights, list(config.sizes))]


def _blocks_of_rows(n: int) -> Iterator[slice]:
    return (slice(first, min(first + ROWS, n)) for first in range(0, n, ROWS))


def _listed(config: RateConfig, pre: int, dtype: torch.dtype) -> Block:
    n_pre, K = config.sizes[pre], config.in_degree
    kind, pieces = kind_of(n_pre), pieces_of(n_pre)
    width = -(-n_pre // pieces)
    places: list[list[NDArray[Any]]] = [[] for _ in range(pieces)]
    counts: list[list[NDArray[Any]]] = [[] for _ in range(pieces)]
    for count, post_k, pre_k in _ones_of_rows(config, pre):
        for k in range(pieces):
            here = slice(None) if pieces == 1 else pre_k // width == k
            places[k].append(pre_k[here].astype(kind))
            counts[k].append(np.bincount(post_k[here], minlength=count))
    starts = np.concatenate([[0], np.cumsum(np.concatenate(list(chain(*counts))))]).astype(np.int64)
    strength = [config.gain * row[pre] / math.sqrt(K) for row in config.strength]
    weight = torch.tensor(np.repeat(strength, config.sizes), dtype=dtype)
    found = Listed(Places(np.concatenate(list(chain(*places))), starts, n_pre, pieces), weight)
    if starts[-1] > DENSE_FROM * n_pre * config.neurons:
        return Dense(torch.from_numpy(found.dense()))
    return found


def _ones_of_rows(config: RateConfig, pre: int) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """Some post-synaptic neurons after the other: how many they are, and both ends of what they receive."""
    n_pre, K = config.sizes[pre], config.in_degree
    for post, n_post in enumerate(config.sizes):
        rng = np.random.default_rng([config.seed, SPARSE, post, pre])
        beyond, plain = 0, config.structure[post * len(config.sizes) + pre] == "none"
        for rows in _blocks_of_rows(n_post):
            count = rows.stop - rows.start
            if plain:
                yield count, *np.divmod(_ones(rng, K / n_pre, count * n_pre), n_pre)
            else:
                wanted = profile(config, post, pre, rows) * np.float32(K / n_pre)
                beyond += int(((wanted < 0) | (wanted > 1)).sum())
                yield count, *np.nonzero(rng.random((count, n_pre), np.float32) < wanted)
        if beyond:
            warn_user(
                f"{100 * beyond / (n_post * n_pre):.3g} % of the probabilities of connections to population {post} "
                f"from population {pre} are below 0 or above 1, and are taken as 0 or 1: a smaller "
                "structure_strength or in_degree keeps to the profile",
                ProbabilityWarning,
            )


def _ones(rng: np.random.Generator, chance: float, total: int) -> NDArray[np.int64]:
    """Which of ``total`` independent throws succeed, by the gaps between successes."""
    expected, found = total * chance, np.zeros(0, np.int64)
    while not found.size or found[-1] < total:
        gaps = rng.geometric(chance, int(expected + 6 * math.sqrt(expected)) + 16)
        last = found[-1] if found.size else -1
        found = np.concatenate([found, last + np.cumsum(gaps)])
    return found[: int(np.searchsorted(found, total))]


def _all(config: RateConfig, pre: int, dtype: torch.dtype) -> Block:
    n_pre = config.sizes[pre]
    weights = torch.empty(n_pre, config.neurons, dtype=dtype)
    scale = 1 / math.sqrt(n_pre) if config.all_to_all_scaling == "sqrt_n" else 1 / n_pre
    first = 0
    for post, n_post in enumerate(config.sizes):
        noise = config.weight_noise[post * len(config.sizes) + pre] / math.sqrt(n_pre)
        rng = np.random.default_rng([config.seed, NOISE, post, pre])
        J = config.gain * config.strength[post][pre]
        for rows in _blocks_of_rows(n_post):
            part = profile(config, post, pre, rows).astype(np.float64) * scale
            if noise:
                part += noise * rng.standard_normal(part.shape)
            weights[:, first + rows.start : first + rows.stop] = torch.from_numpy(J * part.T)
        first += n_post
    return Dense(weights)


def _as_block(part: Tensor) -> Block:
    """Listed where few weights are not 0 and each neuron has one value for all of them, else dense."""
    there = part != 0
    weight = torch.where(there, part, torch.zeros_like(part)).abs().amax(0)
    signed = torch.where(there.any(0), part.gather(0, there.to(torch.uint8).argmax(0)[None])[0], weight)
    same = bool((part == torch.where(there, signed, part)).all())
    if not same or float(there.double().mean()) > DENSE_FROM:
        return Dense(part.contiguous())
    post, pre = there.t().nonzero(as_tuple=True)
    starts = np.searchsorted(post.numpy(), np.arange(part.shape[1] + 1)).astype(np.int64)
    return Listed(Places(pre.numpy().astype(kind_of(len(part))), starts, len(part)), signed)
