"""The weight currents that the input words of a layer share, kept beside its weights in training (SE2)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from arcana.errors import BadInput, Problems
from arcana.hardware.profile import HardwareProfile
from arcana.nn.checks import inspectable
from arcana.quantize.levels import Currents
from arcana.quantize.switched import (
    MOST_SWITCHES,
    SwitchFit,
    choose_switches,
    grid_switches,
    refit_switches,
    switch_levels,
)
from arcana.quantize.weights import largest_words, nearest_sums
from arcana.typing import Tensor

MOVED = 0.02  # relative change of the weights after which the currents follow them


class WeightSwitches(nn.Module):
    """Maps wanted currents to the nearest sums of a few weight currents, and fits those currents.

    The fit is made when it is first needed. In training it follows the weights whenever they have moved by more
    than ``MOVED``; in evaluation, under ``vmap`` and in ``functional_call`` the currents stay what they are.

    Attributes:
        currents: Weight current of each switch (switches,) [A], part of the ``state_dict``; 0 before the first fit.
        fitted_to: Weights [A] of the last fit; not saved: what is loaded is taken to fit.

    Args:
        switches: How many there are.
        levels: Currents that the bias generator makes [A]; None allows any.
    """

    currents: Tensor
    fitted_to: Tensor | None

    def __init__(self, switches: int, levels: Currents | None) -> None:
        super().__init__()
        self.levels = levels
        self.ready = False  # asked under vmap, where the currents cannot be looked at
        self.register_buffer("currents", torch.zeros(switches))
        self.register_buffer("fitted_to", None, persistent=False)

    def forward(self, wanted: Tensor, fan_in: int | None, follow: bool = True) -> tuple[Tensor, Tensor]:
        """Masks and sums [A] nearest to ``wanted`` (n_out, words) [A], at most ``fan_in`` words a row.

        Args:
            wanted: Currents >= 0 [A].
            fan_in: Most words of a neuron: the largest are kept. None keeps all.
            follow: Whether the currents may be fitted to these weights.

        Raises:
            BadInput: if there has been no fit, and none can be made here.
        """
        kept = largest_words(wanted.detach(), fan_in)
        if follow and inspectable(kept):
            self._follow(kept)
        elif not (bool(self.currents.any()) if inspectable(self.currents) else self.ready):
            hint = "call the layer, or layer.switch_currents(), once before vmap or functional_call"
            raise BadInput.one("weight_switches", "not fitted", "weight currents fitted to the weights", hint=hint)
        return nearest_sums(kept, self.currents)

    @torch.no_grad()
    def _follow(self, wanted: Tensor) -> None:
        unset = not bool(self.currents.any())
        if not unset and not self.training:
            return
        if not unset and self.fitted_to is not None and self.fitted_to.shape == wanted.shape:
            if bool((wanted - self.fitted_to).norm() <= MOVED * self.fitted_to.norm()):
                return
            self._set(self._refitted(_positive(wanted)))
        elif unset:
            self._set(choose_switches(_positive(wanted), levels=self.levels, switches=self.currents.numel()))
        self.fitted_to = wanted.clone()

    def _refitted(self, weights: Currents) -> SwitchFit:
        """From the currents there are, which is quick; anew where that ends worse than the plain grid."""
        fit = refit_switches(weights, self.currents.double().cpu().numpy(), levels=self.levels)
        plain = grid_switches(weights, levels=self.levels, switches=self.currents.numel())
        if fit.rms <= plain.rms:
            return fit
        return choose_switches(weights, levels=self.levels, switches=self.currents.numel())

    def _set(self, fit: SwitchFit) -> None:
        self.currents.copy_(torch.from_numpy(fit.currents))
        self.ready = True

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        super()._load_from_state_dict(state_dict, prefix, *args)
        if f"{prefix}currents" in state_dict:
            self.fitted_to, self.ready = None, True


def _positive(wanted: Tensor) -> Currents:
    return np.asarray(wanted[wanted > 0].double().cpu().numpy())


def read_switches(switches: Any, profile: HardwareProfile, problems: Problems) -> WeightSwitches | None:
    """The option ``weight_switches`` of a layer; None where it is off or was refused."""
    if switches is None:
        return None
    free = profile.synapse.weights_shared_by == "none"
    most = MOST_SWITCHES if free else profile.synapse.weight_bits
    if not isinstance(switches, bool) and isinstance(switches, int) and 1 <= switches <= most:
        return WeightSwitches(switches, switch_levels(profile))
    allowed = f"None, or a whole number from 1 to {most}" if most else "None"
    hint = "" if most else f"input words of {profile.name} have no weight switches"
    problems.note("weight_switches", switches, allowed, hint=hint)
    return None
