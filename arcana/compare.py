"""How far an emulated board does what the network does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from arcana.emulate import Emulator
from arcana.errors import BadInput
from arcana.typing import Tensor


@dataclass(frozen=True)
class Agreement:
    """Output spikes of a network and of an emulated board on the same data.

    Attributes:
        steps: Neuron-steps that were compared.
        equal: Share of them with the same number of spikes, 0 to 1.
        spikes: Spikes of the network.
        missed: Steps in which the network spiked and the board did not.
        extra: Steps in which the board spiked and the network did not.
        rate_error: Root mean square difference of the firing rates over neurons and series, divided by the mean
            rate of the network; NaN if the network is silent.
        first: (series, step, neuron) of the first difference; None if there is none.
    """

    steps: int
    equal: float
    spikes: int
    missed: int
    extra: int
    rate_error: float
    first: tuple[int, int, int] | None

    @property
    def same(self) -> bool:
        """Whether every spike is the same."""
        return self.first is None

    def __str__(self) -> str:
        if self.same:
            return f"all {self.spikes} spikes in {self.steps} neuron-steps are the same"
        return (
            f"{100 * self.equal:.3f} % of {self.steps} neuron-steps equal: {self.missed} of {self.spikes} spikes "
            f"missed, {self.extra} extra, rates off by {100 * self.rate_error:.2f} % (rms over mean); first "
            "difference in series {}, step {}, neuron {}".format(*(self.first or ()))
        )


@torch.no_grad()
def agreement(net: nn.Module, emulator: Emulator, data: Tensor) -> Agreement:
    """Run both on the same data (B, T, n) and compare the spikes of their outputs.

    Raises:
        BadInput: if their outputs have different shapes (several boards, or other output populations).
    """
    expected: Any = net(data)
    theirs: Tensor = expected[0] if isinstance(expected, tuple) else expected
    ours, _ = emulator(data)
    if ours.shape != theirs.shape:
        raise BadInput.one("outputs of the emulator", tuple(ours.shape), f"{tuple(theirs.shape)}, as the network's")
    differ = (ours != theirs).reshape(-1, *ours.shape[-2:])
    places = differ.nonzero()
    rates = theirs.double().mean(-2), ours.double().mean(-2)
    mean = float(rates[0].mean())
    return Agreement(
        steps=differ.numel(),
        equal=1 - float(differ.double().mean()),
        spikes=int(theirs.sum()),
        missed=int(((theirs > 0) & (ours == 0)).sum()),
        extra=int(((ours > 0) & (theirs == 0)).sum()),
        rate_error=float((rates[1] - rates[0]).square().mean().sqrt()) / mean if mean else float("nan"),
        first=tuple(places[0].tolist()) if len(places) else None,
    )
