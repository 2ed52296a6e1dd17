"""What is trained of a rate network: magnitudes, so that no synapse ever changes its sign."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from arcana.networks.rate.blocks import Block, Dense
from arcana.networks.rate.config import RateConfig
from arcana.networks.weights import not_negative
from arcana.typing import Tensor

TRAINABLE = ("recurrent", "low_rank", "feed_forward")
RANK = 2


class TrainedWeights(nn.Module):
    """W_ij = s_ij max(m_ij, 0) max(1 + (L R')_ji, 0), of which the last factor is within the first population.

    s is the sign that the weight was drawn with (0 where there is none), so Dale's law holds after any step of any
    optimiser; gains of the input are max(g, 0). What is at 0 can come back from it. Where only gains are trained,
    the weights stay as they are stored.

    Args:
        config: The configuration.
        blocks: The weights to begin with.
        train: Names out of ``TRAINABLE``.
        dtype: Of the parameters.
    """

    def __init__(
        self, config: RateConfig, blocks: Sequence[Block], train: Sequence[str], dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.sizes, self.stored = config.sizes, tuple(blocks)
        self.gain = nn.Parameter(torch.ones(config.neurons, dtype=dtype), requires_grad="feed_forward" in train)
        self.magnitude: nn.Parameter | None = None
        self.left: nn.Parameter | None = None
        self.right: nn.Parameter | None = None
        if {"recurrent", "low_rank"} & set(train):
            start = torch.cat([torch.from_numpy(block.dense()).to(dtype) for block in blocks])
            self.register_buffer("sign", start.sign())
            self.magnitude = nn.Parameter(start.abs(), requires_grad="recurrent" in train)
        if "low_rank" in train:
            generator = torch.Generator().manual_seed(config.seed)
            n = config.sizes[0]
            drawn = 0.1 * torch.randn(n, RANK, generator=generator, dtype=torch.float64).to(dtype)
            # One of them at 0: training begins with the network as it was drawn
            self.left, self.right = nn.Parameter(drawn), nn.Parameter(torch.zeros_like(drawn))
        self.sign: Tensor

    def blocks(self) -> Sequence[Block]:
        """The weights that act now, by pre-synaptic population."""
        if self.magnitude is None:
            return self.stored
        found = self.sign * not_negative(self.magnitude)
        if self.left is not None and self.right is not None:
            n = self.sizes[0]
            within = found[:n, :n] * not_negative(1 + self.right @ self.left.t())
            found = torch.cat([torch.cat([within, found[:n, n:]], 1), found[n:]])
        return [Dense(part) for part in torch.split(found, list(self.sizes))]

    def gains(self) -> Tensor:
        """Of the input of each neuron, (N,)."""
        return not_negative(self.gain)
