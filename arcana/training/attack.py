"""The worst chip nearby: mismatch that gradient ascent on the loss has made as bad as it can be.

The idea is that of adversarial weight perturbation, D. Wu, S.-T. Xia, Y. Wang, NeurIPS 2020 (arXiv:2004.05884), and
of its use against the mismatch of neuromorphic chips, J. Buechel, F. Faber, D. R. Muir, "Network insensitivity to
parameter noise via adversarial regularization", ICLR 2022 (arXiv:2106.05009). Here the perturbed parameters are
ln f, the logarithms of the factors that mismatch puts on the biases of each neuron.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import nn

from arcana.errors import Problems
from arcana.mismatch import MismatchModel
from arcana.nn.base import DPIModule
from arcana.nn.sequential import dpi_layers
from arcana.typing import Tensor

FARTHEST = 5.0  # standard deviations: no neuron of any chip is beyond it

Factors: TypeAlias = dict[str, dict[str, Tensor]]


@dataclass(frozen=True)
class Attack:
    """ln f = ln f0 + s_b z with |z| <= radius;  z <- clip(z + (2 radius / steps) sign(dL / dz)), ``steps`` times.

    s_b^2 = ln(1 + CV_b^2) is the variance of ln f of bias b, so z counts standard deviations, and f0 is the chip
    that is attacked. z starts anywhere in the ball, evenly distributed; the steps are long enough to cross it. The
    ball is one of each bias and neuron by itself: correlations between biases are not in it.

    Attributes:
        steps: Gradient ascents.
        radius: Of the ball, in standard deviations.

    Raises:
        BadInput: unless steps is a whole number >= 1 and radius above 0 and at most 5.
    """

    steps: int = 2
    radius: float = 1.0

    def __post_init__(self) -> None:
        problems = Problems()
        if isinstance(self.steps, bool) or not isinstance(self.steps, int) or self.steps < 1:
            problems.note("steps", self.steps, "a whole number >= 1")
        number = isinstance(self.radius, (int, float)) and not isinstance(self.radius, bool)
        if not (number and 0 < self.radius <= FARTHEST):
            problems.note("radius", self.radius, f"a number > 0, up to {FARTHEST:g}", "standard deviations of ln f")
        problems.raise_if_any()

    def __call__(
        self, net: nn.Module, loss: Callable[[], Tensor], model: MismatchModel, stream: tuple[int, int]
    ) -> Factors:
        """The worst mismatch found around the one that the network has now, which is left in its place.

        Args:
            net: Network with or without mismatch; parameters and their gradients are not touched.
            loss: The loss of the network with the mismatch that it has when this is called.
            model: CV of each bias; a bias without spread, or of 0 A, is not attacked.
            stream: Seed and number of the attack: where z starts.

        Returns:
            ln f by path of the layer and bias, as it is now on the network.
        """
        layers = dpi_layers(net)
        centre = {path: layer.mismatch_factors() for path, layer in layers.items()}
        chips = next((x.shape[0] for table in centre.values() for x in table.values() if x.ndim == 3), None)
        spread = {
            (path, name): math.sqrt(math.log1p(model.cv_of(name) ** 2))
            for path, layer in layers.items()
            for name in layer.bias_names()
            if model.cv_of(name) > 0 and bool((layer.nominal(name) > 0).all())
        }
        z = {key: self._start(layers[key[0]], chips, (*stream, *key)) for key in spread}
        for _ in range(self.steps):
            moved = {key: value.requires_grad_() for key, value in z.items()}
            put_on(layers, centre, spread, moved)
            slopes = torch.autograd.grad(loss(), list(moved.values()), allow_unused=True)
            for (key, value), slope in zip(moved.items(), slopes, strict=True):
                z[key] = value.detach()
                if slope is not None:
                    step = 2 * self.radius / self.steps * slope.sign()
                    z[key] = (z[key] + step).clamp(-self.radius, self.radius)
        return put_on(layers, centre, spread, z)

    def _start(self, layer: DPIModule, chips: int | None, stream: tuple[int, int, str, str]) -> Tensor:
        seed, number, *words = stream
        rng = np.random.default_rng([seed, number, *(zlib.crc32(word.encode()) for word in ("attack", *words))])
        shape = (layer.n_out,) if chips is None else (chips, 1, layer.n_out)
        like: Tensor = next(layer.parameters())
        return torch.from_numpy(rng.uniform(-self.radius, self.radius, shape)).to(like)


def put_on(
    layers: dict[str, DPIModule],
    centre: Factors,
    spread: dict[tuple[str, str], float],
    z: dict[tuple[str, str], Tensor],
) -> Factors:
    """Give the layers ln f0 + s z; what is not moved stays. Gradients pass to z."""
    attacked = {path: dict(table) for path, table in centre.items()}
    for (path, name), value in z.items():
        moved = spread[path, name] * value
        attacked[path][name] = attacked[path][name] + moved if name in centre[path] else moved
    for path, layer in layers.items():
        layer.set_mismatch(attacked[path])
    return attacked
