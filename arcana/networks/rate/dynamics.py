"""One step of rates, currents and synapses; the time constants are those of the post-synaptic population.

    h_i  = sum over j of W_ij A_j r_j             A = 1, or u x with short-term plasticity
    fast = fast e_s + h k_s                       e = exp(-dt / tau); k = 1 - e (exact) or dt / tau (explicit)
    slow = slow e_n + share h_E k_n               NMDA: only what comes from the first population
    r    = r e + phi(ff + fast + slow) k          or phi at once

Plasticity (H. Markram, Y. Wang, M. Tsodyks, PNAS 95:5323, 1998), as the programs step it: v = u + U (1 - u),
A = v x, x += (1 - x) dt / tau_rec - dt v x r, u += -u dt / tau_fac + dt U (1 - u) r.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from arcana.networks.rate.blocks import Block
from arcana.networks.rate.config import RateConfig
from arcana.networks.rate.transfer import TRANSFERS
from arcana.typing import Tensor


class RateState(NamedTuple):
    """Where a network is.

    Attributes:
        rates: (B, N).
        currents: Fast, and slow if there are such receptors, (receptors, B, N).
        u: Share that a synapse releases, of the neurons of plastic populations (B, N), or None.
        x: What is left in it, or None.
    """

    rates: Tensor
    currents: Tensor
    u: Tensor | None = None
    x: Tensor | None = None


class Dynamics:
    """Constants of a step.

    Args:
        config: The configuration.
        like: A tensor of the type wanted.
    """

    def __init__(self, config: RateConfig, like: Tensor) -> None:
        self.config = config
        self.phi = TRANSFERS[config.transfer]
        explicit = config.integration == "explicit"

        def pair(name: str) -> tuple[Tensor, Tensor]:
            share = config.dt_s / config.of_neurons(name)
            stays = np.exp(-share)
            return tuple(like.new_tensor(a) for a in (stays, share if explicit else -np.expm1(-share)))  # type: ignore[return-value]

        self.rate, self.fast, self.slow = pair("tau_s"), pair("tau_syn_s"), pair("tau_nmda_s")
        self.threshold = like.new_tensor(config.of_neurons("threshold"))
        number = np.repeat(np.arange(len(config.sizes)), config.sizes)
        self.plastic = {
            pre: torch.from_numpy(np.isin(number, [post for post, other in config.plastic if other == pre]))
            for pre in sorted({pre for _, pre in config.plastic})
        }

    def __call__(self, state: RateState, current: Tensor, blocks: Sequence[Block]) -> RateState:
        """The state after a step with the scaled input current, (N,) or (B, N)."""
        r, (u, x, release) = state.rates, self._synapses(state)
        from_each = []
        for pre, (block, rates) in enumerate(zip(blocks, self._parts(r), strict=True)):
            if release is None or pre not in self.plastic:
                from_each.append(block(rates))
                continue
            released = self._parts(release)[pre] * rates
            h, plastic = torch.split(block(torch.cat([rates, released])), len(rates))
            from_each.append(torch.where(self.plastic[pre], plastic, h))
        h = sum(from_each[1:], from_each[0])
        currents = [self._follow(state.currents[0], h, self.fast) if self.config.synaptic_dynamics else h]
        total = current + currents[0]
        if self.config.nmda:
            currents.append(self._follow(state.currents[1], self.config.nmda_share * from_each[0], self.slow))
            total = total + currents[1]
        drive = self.phi(total, self.threshold)
        rates = self._follow(r, drive, self.rate) if self.config.rate_dynamics else drive
        return RateState(rates, torch.stack(currents), u, x)

    def _parts(self, values: Tensor) -> tuple[Tensor, ...]:
        return torch.split(values, list(self.config.sizes), -1)

    def _synapses(self, state: RateState) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """U and x after the step, and the released share A during it."""
        u, x, r, c = state.u, state.x, state.rates, self.config
        if u is None or x is None:
            return None, None, None
        v = u + c.release * (1 - u)
        A = v * x
        x_after = x + (1 - x) * (c.dt_s / c.tau_recovery_s) - c.dt_s * A * r
        u_after = u - u * (c.dt_s / c.tau_facilitation_s) + c.dt_s * c.release * (1 - u) * r
        return u_after, x_after, A

    def released(self, rates: Tensor) -> Tensor:
        """The share A that plastic synapses release at rates that stand still."""
        c = self.config
        u = c.release * c.tau_facilitation_s * rates / (1 + c.release * c.tau_facilitation_s * rates)
        v = u + c.release * (1 - u)
        return v / (1 + c.tau_recovery_s * v * rates)

    @staticmethod
    def _follow(value: Tensor, target: Tensor, pair: tuple[Tensor, Tensor]) -> Tensor:
        return value * pair[0] + target * pair[1]

    def rest(self, current: Tensor, fast: Tensor) -> RateState:
        """A first state: given currents (receptors, B, N), and the rates that they and the input make."""
        rates = self.phi(current + fast[0], self.threshold)
        if not self.plastic:
            return RateState(rates, fast)
        return RateState(rates, fast, torch.full_like(rates, self.config.release), torch.ones_like(rates))
