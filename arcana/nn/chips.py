"""A network on virtual chips: every population with the mismatch of each chip, all chips in one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from arcana.errors import BadInput
from arcana.hardware.profile import HardwareProfile
from arcana.mismatch import Mismatch
from arcana.nn.sequential import dpi_layers
from arcana.typing import Tensor


def on_device(
    mismatch: Mismatch, bias: str, places: Sequence[tuple[int, int, int]], profile: HardwareProfile
) -> Tensor:
    """Ln f of neurons at (chip, core, neuron): (n,) for one board, (boards, 1, n) for several.

    Drawn for all neurons of a core from (seed, board, name of the core, bias), so a place has the same factor
    whatever is put there.
    """
    drawn = {
        place: mismatch.log_factors("C{}c{}".format(*place), bias, profile.neurons_per_core)
        for place in dict.fromkeys((chip, core) for chip, core, _ in places)
    }
    values = np.stack([drawn[chip, core][:, neuron] for chip, core, neuron in places], axis=-1)
    table = torch.from_numpy(values)
    return table[0] if mismatch.n_chips == 1 else table.unsqueeze(1)


def apply_mismatch(net: nn.Module, mismatch: Mismatch) -> None:
    """Put a sampled chip, or several, on all DPI populations of a network.

    With ``n_chips`` = 1 shapes stay as they are; with more, outputs get a leading axis (chips, B, T, n).
    ``ln f`` of a bias is drawn per neuron from (seed, chip, number of the population, bias). An emulated board
    draws it per place instead (see ``Emulator.set_mismatch``): before mapping, neurons have no place yet.
    """
    layers = dpi_layers(net)
    if not layers:
        raise BadInput.one("net", type(net).__name__, "a network with at least one DPI layer")
    for number, layer in enumerate(layers.values()):
        factors = {}
        for name in layer.bias_names():
            values = torch.from_numpy(mismatch.log_factors(str(number), name, layer.n_out))
            factors[name] = values[0] if mismatch.n_chips == 1 else values.unsqueeze(1)
        layer.set_mismatch(factors)


def remove_mismatch(net: nn.Module) -> None:
    """Take all mismatch off a network: its biases are again, bit for bit, what they were."""
    for layer in dpi_layers(net).values():
        layer.remove_mismatch()


@contextmanager
def on_chips(net: nn.Module, mismatch: Mismatch) -> Iterator[nn.Module]:
    """The network on these chips inside the ``with`` block; what mismatch it had before is put back after."""
    before = {path: layer.mismatch_factors() for path, layer in dpi_layers(net).items()}
    remove_mismatch(net)
    apply_mismatch(net, mismatch)
    try:
        yield net
    finally:
        remove_mismatch(net)
        for path, layer in dpi_layers(net).items():
            layer.set_mismatch(before[path])
