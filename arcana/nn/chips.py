"""A network on virtual chips: every population with the mismatch of each chip, all chips in one run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from arcana.errors import BadInput
from arcana.mismatch import Mismatch
from arcana.nn.sequential import dpi_layers


def apply_mismatch(net: nn.Module, mismatch: Mismatch) -> None:
    """Put a sampled chip, or several, on all DPI populations of a network.

    With ``n_chips`` = 1 shapes stay as they are; with more, outputs get a leading axis (chips, B, T, n).
    ``ln f`` of a bias is drawn per neuron from (seed, chip, number of the population, bias): a network and the
    chip emulated from its settings get the same factors.
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
