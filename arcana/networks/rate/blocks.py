"""Weights from one population to all neurons, stored as is cheaper, and their products with rates."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from arcana.engine import dispatch
from arcana.typing import Tensor

Floats: TypeAlias = NDArray[np.floating[Any]]
DENSE_FROM = 0.4  # density from which on the whole matrix is read faster than its list of places
LANES = (1, 2, 4, 8, 16)


class Block(Protocol):
    """What one population gives to all N neurons."""

    def __call__(self, rates: Tensor) -> Tensor:
        """Input (B, N) for rates (B, N_b)."""
        ...

    def dense(self) -> Floats:
        """The weights (N_b, N)."""
        ...

    @property
    def bytes(self) -> int:
        """Memory that the weights take."""
        ...


class Dense(NamedTuple):
    """All weights: h = r W.

    Attributes:
        weights: (N_b, N).
    """

    weights: Tensor

    def __call__(self, rates: Tensor) -> Tensor:
        """See ``Block``."""
        return rates @ self.weights

    def dense(self) -> Floats:
        """See ``Block``."""
        found: Floats = self.weights.detach().cpu().numpy()
        return found

    @property
    def bytes(self) -> int:
        """See ``Block``."""
        return self.weights.numel() * self.weights.element_size()


class Listed(NamedTuple):
    """The places of connections, and one weight for all that a neuron receives: h_i = w_i sum of r over its places.

    Attributes:
        places: Numbers of pre-synaptic neurons, post by post, 2 or 4 bytes each.
        starts: Where each post-synaptic neuron's places begin, int64 (N + 1,).
        weight: w of each post-synaptic neuron, (N,).
        n_pre: N_b.
    """

    places: NDArray[np.unsignedinteger[Any]]
    starts: NDArray[np.int64]
    weight: Tensor
    n_pre: int

    def __call__(self, rates: Tensor) -> Tensor:
        """See ``Block``."""
        with torch.no_grad():
            return (_sums(self, rates) if _fast(rates) else self._sparse(rates)) * self.weight

    def _sparse(self, rates: Tensor) -> Tensor:
        places = torch.from_numpy(self.places.astype(np.int32)).to(rates.device)
        starts = torch.from_numpy(self.starts.astype(np.int32)).to(rates.device)
        ones = torch.ones(len(places), dtype=rates.dtype, device=rates.device)
        matrix = torch.sparse_csr_tensor(starts, places, ones, (len(self.weight), self.n_pre))
        return (matrix @ rates.t()).t()

    def dense(self) -> Floats:
        """See ``Block``."""
        weight = self.weight.cpu().numpy()
        found = np.zeros((self.n_pre, len(weight)), weight.dtype)
        post = np.repeat(np.arange(len(weight)), np.diff(self.starts))
        found[self.places, post] = weight[post]
        return found

    @property
    def bytes(self) -> int:
        """See ``Block``."""
        return self.places.nbytes + self.starts.nbytes


def _fast(rates: Tensor) -> bool:
    kinds = (torch.float32, torch.float64)
    return dispatch.settings().engine != "reference" and rates.device.type == "cpu" and rates.dtype in kinds


def _sums(block: Listed, rates: Tensor) -> Tensor:
    """Sums of the rates at the places of each neuron, (B, N), by a compiled kernel."""
    from arcana.engine.fused_cpu.compile import kernel
    from arcana.engine.fused_cpu.listed import ARGUMENTS, ListedSpec
    from arcana.engine.fused_cpu.threads import address, run_all, words

    batch, rows, size = len(rates), len(block.weight), rates.element_size()
    most = 64 // size
    width = next(w for w in LANES if w >= min(batch, most))
    lanes = -(-batch // width) * width
    given = rates.new_zeros(block.n_pre, lanes)
    given[:, :batch] = rates.t()
    out = rates.new_empty(rows, lanes)
    spec = ListedSpec("double" if size == 8 else "float", width, 8 * block.places.itemsize)
    arrays: dict[str, Any] = {"given": given, "places": block.places, "starts": block.starts, "out": out}
    values = {name: address(array) for name, array in arrays.items()} | {"lanes": lanes}
    share = -(-rows // (4 * torch.get_num_threads())) if torch.get_num_threads() > 1 else rows
    units = [words((row, min(row + share, rows))) for row in range(0, rows, share)]
    run_all(kernel(spec), words([values[name] for name in ARGUMENTS]), units)
    return out.t()[:batch]
