"""What is trained of a rate network: magnitudes, so that no synapse ever changes its sign."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from arcana.networks.rate.blocks import Block, Dense
from arcana.networks.rate.config import RateConfig
from arcana.typing import Tensor

TRAINABLE = ("recurrent", "low_rank", "feed_forward")
RANK = 2


class TrainedWeights(nn.Module):
    """W_ij = s_ij max(m_ij, 0) max(1 + (L R')_ji, 0), of which the last factor is within the first population.

    s is the sign that the weight was drawn with (0 where there is none), so Dale's law holds after any step of any
    optimiser; gains of the input are max(g, 0).

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
        self.sizes = config.sizes
        start = torch.cat([torch.from_numpy(block.dense()).to(dtype) for block in blocks])
        self.register_buffer("sign", start.sign())
        self.magnitude = nn.Parameter(start.abs(), requires_grad="recurrent" in train)
        self.gain = nn.Parameter(torch.ones(config.neurons, dtype=dtype), requires_grad="feed_forward" in train)
        self.left: nn.Parameter | None = None
        self.right: nn.Parameter | None = None
        if "low_rank" in train:
            generator = torch.Generator().manual_seed(config.seed)
            n = config.sizes[0]
            drawn = 0.1 * torch.randn(2, n, RANK, generator=generator, dtype=torch.float64).to(dtype)
            self.left, self.right = nn.Parameter(drawn[0]), nn.Parameter(drawn[1])
        self.sign: Tensor

    def weights(self) -> Tensor:
        """All weights (pre, post)."""
        found = self.sign * torch.relu(self.magnitude)
        if self.left is None or self.right is None:
            return found
        n = self.sizes[0]
        factor = torch.relu(1 + self.right @ self.left.t())
        within = found[:n, :n] * factor
        return torch.cat([torch.cat([within, found[:n, n:]], 1), found[n:]])

    def blocks(self) -> list[Dense]:
        """They, by pre-synaptic population."""
        return [Dense(part) for part in torch.split(self.weights(), list(self.sizes))]

    def gains(self) -> Tensor:
        """Of the input of each neuron, (N,)."""
        return torch.relu(self.gain)
