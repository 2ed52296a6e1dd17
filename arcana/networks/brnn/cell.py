"""From trained parameters to the weights that act, once for a sequence."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.functional import softplus

from arcana.networks.brnn.functions import CONSTRAINTS
from arcana.networks.brnn.parts import SCALED, Parts
from arcana.networks.weights import not_negative
from arcana.typing import Tensor

SLOWEST = 0.005  # smallest constant z
U_MOST = 0.9  # of the share that a synapse releases at rest
SLOW = (0.001, 0.099)  # constants of plasticity: lowest, and range
A_MOST = 10.0
LOG_ODDS = -math.log(99.0)  # of 1 %: where b_z begins
RADIUS = 1.5  # largest singular value of the weights of a Dale network at first


class Weights(NamedTuple):
    """What acts: W (n, n), P (n, inputs), b (n,); K, P_z, b_z of the gate, or None; constant z (n,), or None."""

    W: Tensor
    P: Tensor
    b: Tensor
    K: Tensor | None
    P_z: Tensor | None
    b_z: Tensor | None
    z: Tensor | None


class Cell(nn.Module):
    """Parameters of the parts, under the names of the equations.

    Initial values: uniform in +-1/sqrt(n); constrained conductances uniform in 0 ... 1/sqrt(n); b 0; b_z ln(1/99);
    reversal potentials such that the largest singular value of each half of W is 1.5.

    Args:
        parts: See ``Parts``.
        n_in: Inputs.
        n: Units.
    """

    W: nn.Parameter
    K: nn.Parameter
    C: nn.Parameter
    P: nn.Parameter
    P_z: nn.Parameter
    c_x: nn.Parameter
    c_u: nn.Parameter
    c_U: nn.Parameter
    excites: Tensor

    def __init__(self, parts: Parts, n_in: int, n: int) -> None:
        super().__init__()
        self.parts, self.n, width = parts, n, 1 / math.sqrt(n)
        # Units that excite, in a network with signs
        self.register_buffer("excites", torch.arange(n) < n // 2, persistent=False)

        def weight(name: str, *shape: int, low: float = -width) -> None:
            self.register_parameter(name, nn.Parameter(torch.empty(shape).uniform_(low, width)))

        low = -width if parts.K == "free" else 0.0
        weight("P", n, n_in)
        self.b = nn.Parameter(torch.zeros(n))
        if parts.drive != "reversal":
            weight("W", n, n)
        if parts.gate == "free":
            weight("K", n, n, low=low)
            weight("P_z", n, n_in, low=-width if parts.P_z == "free" else 0.0)
        if parts.gate != "none":
            self.b_z = nn.Parameter(torch.full((n,), LOG_ODDS))
        if parts.gate == "tied":
            self.e, self.e_p = nn.Parameter(torch.rand(1)), nn.Parameter(torch.rand(1))
        if parts.gate in SCALED:
            shape = {"scalar": (), "unit": (n,), "matrix": (n, n), "signs": (2,)}[parts.gate]
            self.a = nn.Parameter(torch.empty(shape).uniform_(-width, width))
        if parts.plastic:
            for name in ("c_x", "c_u", "c_U"):
                weight(name, n)
        if parts.drive == "reversal":
            weight("C", n, n, low=low)
            self._set_reversal_potentials()

    @torch.no_grad()
    def _set_reversal_potentials(self) -> None:
        both = self._conductances()
        gains = [RADIUS / torch.linalg.matrix_norm(both[:, half], 2) for half in (self.excites, ~self.excites)]
        if self.parts.reversal == "relu":
            self.e_e, self.e_i = nn.Parameter(gains[0].view(1)), nn.Parameter(-gains[1].view(1))
        else:
            self.e_e, self.e_i = nn.Parameter(gains[0].log().view(1)), nn.Parameter(gains[1].log().view(1))

    def _conductances(self) -> Tensor:
        positive = CONSTRAINTS[self.parts.K]
        return positive(self.K) + positive(self.C)

    def drive(self) -> Tensor:
        """W (n, n), from j (columns) to i."""
        if self.parts.drive == "free":
            return self.W
        half = self.excites
        if self.parts.drive == "signed":
            return torch.where(half, self.W.abs(), -self.W.abs())
        both = self._conductances()
        if self.parts.reversal == "exp":
            return both * torch.where(half, self.e_e.exp(), -self.e_i.exp())
        return both * torch.where(half, not_negative(self.e_e), -not_negative(-self.e_i))

    def weights(self) -> Weights:
        """What acts, from what is trained."""
        parts, W = self.parts, self.drive()
        if parts.gate == "none":
            return Weights(W, self.P, self.b, None, None, None, torch.ones_like(self.b))
        if parts.gate == "constant":
            z = SLOWEST + (1 - SLOWEST) * torch.sigmoid(self.b_z)
            return Weights(W, self.P, self.b, None, None, None, z)
        if parts.gate == "free":
            K, P_z = CONSTRAINTS[parts.K](self.K), CONSTRAINTS[parts.P_z](self.P_z)
        elif parts.gate == "tied":
            K, P_z = softplus(self.e) * softplus(self.W), softplus(self.e_p) * softplus(self.P)
        else:
            K, P_z = self._scaled(W), self.P.abs()
        return Weights(W, self.P, self.b, K, P_z, self.b_z, None)

    def _scaled(self, W: Tensor) -> Tensor:
        """K = |W| A, A |W|, or |W| A^T with A by the sign of W."""
        A, gate = A_MOST * torch.sigmoid(self.a), self.parts.gate
        if gate == "matrix":
            return A @ W.abs()
        if gate == "signs":
            return W.abs() @ torch.where(W >= 0, A[0], A[1]).t()
        return W.abs() * A

    def plasticity(self) -> tuple[Tensor, Tensor, Tensor]:
        """z_x, z_u and U, each (n,), inside their ranges whatever is trained."""
        low, span = SLOW if self.parts.recovery == "slow" else (0.0, 1.0)
        z_x, z_u = (low + span * torch.sigmoid(c) for c in (self.c_x, self.c_u))
        return z_x, z_u, U_MOST * torch.sigmoid(self.c_U)
