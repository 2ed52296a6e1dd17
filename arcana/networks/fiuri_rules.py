"""One step of a Fiuri neuron, in three variants of the same law.

    S  = clamp(E + sum of inputs, -10, 10)
    S > T           : O' = S - T,  E' = S - T         it fires
    S <= T, S = E   : O' = 0,      E' = E - d         nothing came in: it decays
    otherwise       : O' = 0,      E' = S

E is the internal state before the step, O the output, T the threshold, d the decay. An E below -10 is clamped in
S and so counts as changed. A gap junction adds w O_j sign(O_j - E).

Source: the Fiuri model of the public program PyURI (engine "Ariel"); ``exact`` and ``smooth`` give its numbers.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch.nn.functional import leaky_relu

from arcana.typing import Tensor

LOW, HIGH = -10.0, 10.0  # of the state before the threshold
SMALLEST_DECAY = 1e-6  # of the smooth variant


class Rule(Protocol):
    """A variant: the sign of a gap junction, and the step."""

    def sign(self, difference: Tensor) -> Tensor:
        """Sign of a gap junction for O_j - E."""
        ...

    def step(self, x: Tensor, E: Tensor, T: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
        """E' and O' for x = E + sum of inputs."""
        ...


class Exact(NamedTuple):
    """The law as it stands, with the comparisons of the original.

    Attributes:
        epsilon: |S - E| up to which nothing is taken to have come in; 0 is the original's test for equality.
        leak: Slope of O' where S <= T. 0 is the original; with more than 0 T has a gradient there as well.
    """

    epsilon: float = 0.0
    leak: float = 0.0

    def sign(self, difference: Tensor) -> Tensor:
        """1, -1, and 0 where both are equal."""
        return torch.sign(difference)

    def step(self, x: Tensor, E: Tensor, T: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
        """See the module."""
        S = x.clamp(LOW, HIGH)
        over = S - T
        fires = over > 0
        quiet = S == E if self.epsilon == 0 else (S - E).abs() <= self.epsilon
        output = torch.where(fires, over, self.leak * over if self.leak else torch.zeros_like(over))
        return torch.where(fires, over, torch.where(quiet, E - d, S)), output


class Smooth(NamedTuple):
    """The source's continuous gates.

        sign = tanh(k_gj (O_j - E)),   O' = leaky_relu(S - T; a),   d >= 1e-6
        p = sigmoid(k_fire (S - T)),   q = sigmoid(k_in (|S - E| - theta_in))
        E' = p O' + (1 - p) (q S + (1 - q) (E - d))

    At S = E q is near 0.49: not close to ``exact`` (mean difference of the action 0.03), but what was published.
    """

    k_gj: float = 10.0
    k_fire: float = 10.0
    k_in: float = 5.0
    theta_in: float = 0.01
    leak: float = 0.01

    def sign(self, difference: Tensor) -> Tensor:
        """A slope in place of the jump."""
        return torch.tanh(self.k_gj * difference)

    def step(self, x: Tensor, E: Tensor, T: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        S = x.clamp(LOW, HIGH)
        over = S - T
        output = leaky_relu(over, self.leak)
        fires = _sigmoid(self.k_fire * over)
        moved = _sigmoid(self.k_in * ((S - E).abs() - self.theta_in))
        below = moved * S + (1 - moved) * (E - d.clamp(min=SMALLEST_DECAY))
        return fires * output + (1 - fires) * below, output


class Annealed(NamedTuple):
    """Gates of our own that become ``exact`` as the temperature tau falls, with a gradient in every branch.

        h(y) = (y + sqrt(y^2 + tau^2)) / 2                  in place of max(y, 0)
        S = -10 + h(x + 10) - h(x - 10),   x = E + sum of inputs
        sign = (O_j - E) / sqrt((O_j - E)^2 + tau^2),   O' = h(S - T)
        p = h'(S - T),   q = 1 / (1 + ((clamp(x, -10, 10) - E) / tau)^2)
        E' = p (S - T) + (1 - p) (q (E - d) + (1 - q) S)

    q is exactly 1 where nothing came in. All of these approach their limits as tau^2 / y^2 and not exponentially:
    a neuron far below its threshold, or far beyond -10 or 10 (where most of the published circuit is most of the
    time), still has a gradient. Only additions, products, quotients and roots: no result depends on the batch.
    """

    temperature: float = 0.1

    def sign(self, difference: Tensor) -> Tensor:
        """A slope in place of the jump."""
        return difference / self._size(difference)

    def step(self, x: Tensor, E: Tensor, T: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        S = LOW + self._bent(x - LOW) - self._bent(x - HIGH)
        over = S - T
        output = self._bent(over)
        fires = output / self._size(over)
        quiet = 1 / (1 + ((x.clamp(LOW, HIGH) - E) / self.temperature).square())
        below = quiet * (E - d) + (1 - quiet) * S
        return fires * over + (1 - fires) * below, output

    def _size(self, y: Tensor) -> Tensor:
        return torch.sqrt(y.square() + self.temperature**2)

    def _bent(self, y: Tensor) -> Tensor:
        size = self._size(y)  # of the two forms of h each is sharp on its side
        return torch.where(y >= 0, (size + y) / 2, self.temperature**2 / (2 * (size - y)))


def _sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x)); torch's own rounds otherwise at the end of a tensor: the batch would be in the result."""
    size = torch.where(x >= 0, x, -x)  # abs has no slope at 0
    small = torch.exp(-size)
    return torch.where(x >= 0, 1, small) / (1 + small)
