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

    def step(self, S: Tensor, E: Tensor, T: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
        """E' and O'."""
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

    def step(self, S: Tensor, E: Tensor, T: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
        """See the module."""
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

    def step(self, S: Tensor, E: Tensor, T: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        over = S - T
        output = leaky_relu(over, self.leak)
        fires = _sigmoid(self.k_fire * over)
        moved = _sigmoid(self.k_in * ((S - E).abs() - self.theta_in))
        below = moved * S + (1 - moved) * (E - d.clamp(min=SMALLEST_DECAY))
        return fires * output + (1 - fires) * below, output


class Annealed(NamedTuple):
    """Gates of our own that become ``exact`` as the temperature tau falls, with a gradient in every branch.

        sign = tanh((O_j - E) / tau),   O' = tau softplus((S - T) / tau)
        p = sigmoid((S - T) / tau),     q = 1 / (1 + ((S - E) / tau)^2)
        E' = p (S - T) + (1 - p) (q (E - d) + (1 - q) S)

    q is exactly 1 where nothing came in, and its tails are long: d gets a gradient wherever the neuron does not
    fire. p approaches 0 and 1 exponentially.
    """

    temperature: float = 0.1

    def sign(self, difference: Tensor) -> Tensor:
        """A slope in place of the jump."""
        return torch.tanh(difference / self.temperature)

    def step(self, S: Tensor, E: Tensor, T: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        over = S - T
        scaled = over / self.temperature
        fires = _sigmoid(scaled)
        quiet = 1 / (1 + ((S - E) / self.temperature).square())
        below = quiet * (E - d) + (1 - quiet) * S
        return fires * over + (1 - fires) * below, self.temperature * _softplus(scaled)


# torch's own sigmoid and softplus round differently at the end of a tensor, so that the batch would be in the result


def _sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    small = torch.exp(-_size(x))
    return torch.where(x >= 0, 1, small) / (1 + small)


def _softplus(x: Tensor) -> Tensor:
    """ln(1 + exp(x))."""
    return torch.where(x >= 0, x, 0) + torch.log1p(torch.exp(-_size(x)))


def _size(x: Tensor) -> Tensor:
    """|x|, with the slope 1 at 0: with that of ``abs``, 0, the gates would have no gradient there."""
    return torch.where(x >= 0, x, -x)
