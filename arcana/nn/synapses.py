"""The synapses of a population: count matrices, the fan-in that they share, and what the chip makes of them."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from arcana.circuits.names import RECEPTORS
from arcana.circuits.relations import tau_of
from arcana.circuits.technology import Technology
from arcana.errors import BadInput
from arcana.hardware.profile import HardwareProfile
from arcana.nn.checks import inspectable
from arcana.nn.mismatched import MismatchedBiases
from arcana.nn.parameter import CountFamily, CountParameter
from arcana.nn.switched import WeightSwitches
from arcana.quantize.codes import DEFAULT_PULSE
from arcana.quantize.ste import straight_through
from arcana.quantize.weights import largest_words, synapse_counts
from arcana.typing import Tensor

DEFAULT_COUNT = {"ampa": 1.0, "nmda": 0.0, "gabaa": 0.0, "gabab": 1.0}


class Synapses(MismatchedBiases):
    """Keeps counts ``W_<receptor>`` (n_out, n_in) and, if recurrent, ``R_<receptor>`` (n_out, n_out).

    Attributes:
        whole_weights: False keeps the counts as they are, with fractions.
        switches: Weight currents that all words share; None where weights are whole numbers of synapses.
    """

    n_in: int
    recurrent: bool
    whole_weights: bool
    profile: HardwareProfile
    technology: Technology
    switches: WeightSwitches | None
    _family: CountFamily

    def nominal(self, name: str) -> Tensor:
        """A bias without mismatch [A, s or 1/A]: shape (), (n_out,) or (groups,)."""
        raise BadInput.one("module", type(self).__name__, "a module with biases")

    def _make_weights(self, train: dict[str, Any]) -> None:
        for receptor in RECEPTORS:
            trained = bool(train.get(receptor, False))
            count = torch.full((self.n_out, self.n_in), DEFAULT_COUNT[receptor])
            setattr(self, f"W_{receptor}", CountParameter(count, trained, self._family))
            if self.recurrent:
                loop = torch.zeros(self.n_out, self.n_out)
                setattr(self, f"R_{receptor}", CountParameter(loop, trained, self._family))

    @property
    def fan_in(self) -> int | None:
        """Most synapses a neuron may have, over all receptors and recurrence; with weight switches, most words."""
        return self._family.fan_in

    @fan_in.setter
    def fan_in(self, limit: int | None) -> None:
        self._family.fan_in = limit

    @property
    def weight_switches(self) -> int | None:
        """Switches of an input word; None where weights are whole numbers of synapses."""
        return None if self.switches is None else self.switches.currents.shape[-1]

    def counts(self) -> dict[str, Tensor]:
        """Synapses as the chip has them, within the fan-in over all receptors and recurrence.

        Whole numbers; with weight switches the sums of the words' currents, in units of each receptor's ``Iw``.
        Keys W_ampa ... W_gabab (n_out, n_in) and, if recurrent, R_ampa ... R_gabab (n_out, n_out).
        """
        together = torch.cat([getattr(self, name) for name in self._count_names()], -1)
        if self.switches is None:
            return self._by_name(synapse_counts(together, self.fan_in, self.whole_weights))
        wanted = together.clamp(min=0)
        unit = self._word_currents()
        if not self.whole_weights:
            kept = largest_words((wanted * unit).detach(), self.fan_in)
            return self._by_name(torch.where(kept > 0, wanted, torch.zeros_like(wanted)))
        _, sums = self._switched(wanted * unit)
        return self._by_name(straight_through(wanted, sums / unit))

    def switch_currents(self) -> Tensor:
        """Weight current of each switch on the chip (switches,) [A], rising.

        Raises:
            BadInput: if the layer was made without ``weight_switches``.
        """
        self.switch_masks()
        assert self.switches is not None
        return self.switches.currents.clone()

    @torch.no_grad()
    def switch_masks(self) -> dict[str, Tensor]:
        """Switches of each word: bit i for current i, 0 where there is no synapse; names and shapes as ``counts``.

        Raises:
            BadInput: if the layer was made without ``weight_switches``.
        """
        if self.switches is None:
            raise BadInput.one("weight_switches", None, "set when the layer is made")
        together = torch.cat([getattr(self, name) for name in self._count_names()], -1)
        return self._by_name(self._switched(together.clamp(min=0) * self._word_currents())[0])

    def _switched(self, wanted: Tensor) -> tuple[Tensor, Tensor]:
        assert self.switches is not None
        # functional_call puts plain tensors in place of the parameters: the currents that came with them stand
        own = all(isinstance(getattr(self, name), nn.Parameter) for name in self._count_names())
        masks, sums = self.switches(wanted, self.fan_in, own)
        return masks, sums

    def _count_names(self) -> list[str]:
        return [f"{kind}_{r}" for kind in ("WR" if self.recurrent else "W") for r in RECEPTORS]

    def _by_name(self, together: Tensor) -> dict[str, Tensor]:
        names = self._count_names()
        sizes = [self.n_in] * len(RECEPTORS) + [self.n_out] * (len(names) - len(RECEPTORS))
        return dict(zip(names, torch.split(together, sizes, -1), strict=True))

    def _word_currents(self) -> Tensor:
        """What one synapse of each column takes from the bias generator [A], (n_out, words).

        Iw; where the model has no pulse and the chip has one, Iw / (1 - exp(-pulse / tau)), as on export.
        """
        columns = []
        pulsed = "pulse" not in self.bias_names() and self.profile.chip_bias_for("pulse") is not None
        for r in RECEPTORS:
            current = self._of_neurons(f"Iw_{r}")
            if pulsed:
                tau = tau_of(self._of_neurons(f"Itau_{r}"), getattr(self.technology, f"C_{r}"), self.technology)
                current = current / -torch.expm1(-DEFAULT_PULSE / tau)
            columns.append(current)
        together = torch.cat(columns, -1)
        parts = [together.repeat_interleave(self.n_in, -1)]
        if self.recurrent:
            parts.append(together.repeat_interleave(self.n_out, -1))
        return torch.cat(parts, -1)

    def _of_neurons(self, name: str) -> Tensor:
        """A nominal bias of each neuron, (n_out, 1), without gradient."""
        value = self.nominal(name).detach()
        groups: Tensor | None = self._buffers["bias_groups"]
        if groups is not None and value.ndim:
            value = value[groups]
        return value.reshape(-1, 1).expand(self.n_out, 1)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        if self.switches is not None:
            self.switch_masks()  # the currents that belong to these weights are saved with them
        super()._save_to_state_dict(destination, prefix, keep_vars)

    def _may_be_nonzero(self, name: str) -> bool:
        weight: Tensor = getattr(self, name)
        return weight.requires_grad or not inspectable(weight) or bool((weight > 0).any())
