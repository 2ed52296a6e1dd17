"""Mismatch on the biases of a module: a frozen factor per neuron that can be taken off again."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from arcana.circuits.names import BIASES
from arcana.errors import BadInput, unknown_name
from arcana.mismatch import MismatchModel
from arcana.typing import Tensor

PREFIX = "mismatch_"


class MismatchedBiases(nn.Module):
    """Keeps ln(factor) of each bias as a buffer ``mismatch_<bias>``: (n_out,), or (chips, 1, n_out).

    The nominal bias stays what it was. The buffers are part of the ``state_dict``: a chip is saved with its net.
    """

    n_out: int

    def bias_names(self) -> tuple[str, ...]:
        """The biases that can carry mismatch."""
        raise BadInput.one("module", type(self).__name__, "a module with biases")

    def add_mismatch(
        self,
        param: str,
        mismatch: float = 0.1,
        generator: torch.Generator | None = None,
        distribution: str = "lognormal",
    ) -> None:
        """I -> I f, one frozen factor f per neuron with coefficient of variation ``mismatch``.

        Args:
            param: Name of the bias.
            mismatch: Coefficient of variation, 0 to 1; 0 changes nothing.
            generator: Source of randomness; None uses torch's own.
            distribution: "lognormal" (mean kept) or "normal" (redrawn at or below 0).

        Raises:
            BadInput: for an unknown bias (with the nearest known one) or a mismatch outside [0, 1].
        """
        if param not in BIASES:
            raise BadInput(unknown_name("bias", param, BIASES))
        if param not in self.bias_names():
            raise BadInput.one(param, None, "a bias that was set when the layer was made")
        model = MismatchModel(cv=mismatch, distribution=distribution)
        seed = int(torch.randint(2**62, (), generator=generator))
        factors = model.log_factors(param, self.n_out, np.random.default_rng(seed))
        self.set_mismatch({param: torch.from_numpy(factors)})

    def set_mismatch(self, log_factors: dict[str, Tensor]) -> None:
        """Put ln(factor) on biases by name: (n_out,) for one chip, (chips, 1, n_out) for several."""
        like: Tensor = next(self.parameters())
        for name, value in log_factors.items():
            if name not in self.bias_names():
                raise BadInput(unknown_name("bias", name, self.bias_names()))
            self.register_buffer(PREFIX + name, value.to(like))

    def remove_mismatch(self) -> None:
        """Take all mismatch off: the biases are again, bit for bit, what they were."""
        for name in [n for n in self._buffers if n.startswith(PREFIX)]:
            delattr(self, name)

    def mismatch_factors(self) -> dict[str, Tensor]:
        """ln(factor) by bias, as it is now; empty without mismatch."""
        found = {n.removeprefix(PREFIX): v for n, v in self._buffers.items() if n.startswith(PREFIX)}
        return {name: value for name, value in found.items() if value is not None}

    def mismatch_of(self, name: str) -> Tensor | None:
        """ln(factor) of a bias; None without mismatch."""
        return self._buffers.get(PREFIX + name)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        for key, value in state_dict.items():
            name = key.removeprefix(prefix)
            if key.startswith(prefix) and name.startswith(PREFIX) and "." not in name and name not in self._buffers:
                self.register_buffer(name, torch.empty_like(value))
        super()._load_from_state_dict(state_dict, prefix, *args)
