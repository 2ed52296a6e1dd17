"""Weights from one population to all neurons, stored as is cheaper, and their products with rates."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from arcana.engine import dispatch
from arcana.typing import Tensor

Floats: TypeAlias = NDArray[np.floating[Any]]
DENSE_FROM = 0.4  # density from which on the whole matrix is read faster than its list of places
LANES = (1, 2, 4, 8, 16)
PIECE = 4096  # columns whose numbers fit into the processor's first cache
MOST_PIECES = 8


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


@dataclass(frozen=True, eq=False)
class Places:
    """A matrix of 0 and 1, by the places of its ones; a wide one in pieces, side by side, one after the other.

    Attributes:
        numbers: Columns of the ones, piece by piece and row by row in each, 2 or 4 bytes each.
        starts: Where each row of each piece begins, int64 (pieces rows + 1,).
        columns: Number of columns.
        pieces: Number of pieces.
    """

    numbers: NDArray[np.unsignedinteger[Any]]
    starts: NDArray[np.int64]
    columns: int
    pieces: int = 1

    @property
    def rows(self) -> int:
        """Number of rows."""
        return (len(self.starts) - 1) // self.pieces

    @property
    def row_of(self) -> NDArray[np.int64]:
        """The row of each of the ones."""
        return np.repeat(np.tile(np.arange(self.rows), self.pieces), np.diff(self.starts))

    def matrix(self, values: NDArray[Any]) -> csr_array:
        """With other values in the place of the ones."""
        return csr_array((values, (self.row_of, self.numbers.astype(np.int64))), shape=(self.rows, self.columns))

    @cached_property
    def transposed(self) -> Places:
        """Rows for columns; made once, when a gradient first asks for it."""
        turned = self.matrix(np.ones(len(self.numbers), np.int8)).T.tocsr()
        turned.sort_indices()
        return Places(turned.indices.astype(kind_of(self.rows)), turned.indptr.astype(np.int64), self.rows)

    def sums(self, values: Tensor) -> Tensor:
        """Values (B, columns) -> sums over the places of each row (B, rows)."""
        found: Tensor = _Sums.apply(values, self)  # type: ignore[no-untyped-call]
        return found


class Listed(NamedTuple):
    """The places of connections, and one weight for all that a neuron receives: h_i = w_i sum of r over its places.

    Attributes:
        places: Post by pre.
        weight: w of each post-synaptic neuron, (N,).
    """

    places: Places
    weight: Tensor

    def __call__(self, rates: Tensor) -> Tensor:
        """See ``Block``."""
        return self.places.sums(rates) * self.weight

    def sparse(self) -> csr_array:
        """The weights (N, N_b), with their places, in float64."""
        return self.places.matrix(self.weight.double().numpy()[self.places.row_of])

    def dense(self) -> Floats:
        """See ``Block``."""
        weight = self.weight.numpy()
        found = np.zeros((self.places.columns, len(weight)), weight.dtype)
        post = self.places.row_of
        found[self.places.numbers, post] = weight[post]
        return found

    @property
    def bytes(self) -> int:
        """See ``Block``."""
        return self.places.numbers.nbytes + self.places.starts.nbytes


def fingerprint(blocks: Iterable[Block]) -> str:
    """What weights are recognised by, in any precision."""
    digest = hashlib.sha256()
    for block in blocks:
        if isinstance(block, Listed):
            parts = [block.places.numbers, block.places.starts, block.weight.float().numpy()]
        else:
            parts = [block.dense().astype(np.float32)]
        for part in parts:
            digest.update(part.tobytes())
    return digest.hexdigest()


def kind_of(columns: int) -> type[np.unsignedinteger[Any]]:
    """The smallest type that counts so many columns."""
    return np.uint16 if columns <= 1 << 16 else np.uint32


def pieces_of(columns: int) -> int:
    """How many pieces a matrix so wide is cut into."""
    return min(-(-columns // PIECE), MOST_PIECES)


class _Sums(torch.autograd.Function):
    """Sums of listed rows; the gradient is the same with rows for columns, so it has gradients itself."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, places: Places) -> Tensor:
        ctx.places = places
        fast = dispatch.settings().engine != "reference" and values.device.type == "cpu"
        return _compiled(places, values) if fast else _by_scipy(places, values)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return ctx.places.transposed.sums(grad), None


def _by_scipy(places: Places, values: Tensor) -> Tensor:
    given = values.cpu().numpy()
    found = places.matrix(np.ones(len(places.numbers), given.dtype)) @ given.T
    return torch.from_numpy(found.T).to(values.device)


def _compiled(places: Places, values: Tensor) -> Tensor:
    from arcana.engine.fused_cpu.compile import kernel
    from arcana.engine.fused_cpu.listed import ARGUMENTS, ListedSpec
    from arcana.engine.fused_cpu.threads import address, run_all, words

    batch, rows, size = len(values), len(places.starts) - 1, values.element_size()
    most = 64 // size
    width = next(w for w in LANES if w >= min(batch, most))
    lanes = -(-batch // width) * width
    given = values.new_zeros(places.columns, lanes)
    given[:, :batch] = values.t()
    out = values.new_empty(rows, lanes)
    spec = ListedSpec("double" if size == 8 else "float", width, 8 * places.numbers.itemsize)
    arrays: dict[str, Any] = {"given": given, "places": places.numbers, "starts": places.starts, "out": out}
    numbers = {name: address(array) for name, array in arrays.items()} | {"lanes": lanes}
    share = -(-rows // (4 * torch.get_num_threads())) if torch.get_num_threads() > 1 else rows
    units = [words((row, min(row + share, rows))) for row in range(0, rows, share)]
    run_all(kernel(spec), words([numbers[name] for name in ARGUMENTS]), units)
    whole = out if places.pieces == 1 else out.view(places.pieces, places.rows, lanes).sum(0)
    return whole.t()[:batch]
