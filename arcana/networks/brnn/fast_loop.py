"""The loop over time in compiled kernels: all steps in one call, forward and backward.

What it computes is said in ``arcana.networks.brnn.loop``, whose torch operations take over where kernels cannot go.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn.functional import pad

from arcana.engine import dispatch
from arcana.typing import Tensor

KINDS = {torch.float32: "float", torch.float64: "double"}
NO_SIZES: Mapping[str, int] = {}


class Series(NamedTuple):
    """What the forward kernel leaves: V, R, U, X (T + 1, B, n) from the start on, Z, D, S (T, B, n); or None.

    D is the drive of a rate, S what passes plastic synapses; ``fixed`` are the constants of the units.
    """

    V: Tensor | None
    R: Tensor
    Z: Tensor | None
    D: Tensor | None
    U: Tensor | None
    X: Tensor | None
    S: Tensor | None
    fixed: Tensor


def possible(tensors: Iterator[Any]) -> bool:
    """Whether kernels can do it: plain tensors in this machine's memory, of one type, none of them empty."""
    given = [t for t in tensors if t is not None]
    return (
        dispatch.settings().engine != "reference"
        and not torch.compiler.is_compiling()
        and importlib.util.find_spec("llvmlite") is not None
        and all(type(t) in (torch.Tensor, torch.nn.Parameter) and t.device.type == "cpu" for t in given)
        and {t.dtype for t in given} in [{kind} for kind in KINDS]
        and all(t.numel() for t in given)
    )


def warm(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """A new tensor with anything in it."""
    from arcana.engine.fused_cpu.memory import aligned

    return aligned(shape, np.float64 if dtype == torch.float64 else np.float32)


def forward(
    spec: Any, A: Tensor, W: Tensor, G: Tensor | None, K: Tensor | None, z: Tensor | None, first: Tensor,
    plastic: tuple[Tensor | None, ...],
) -> Series:  # fmt: skip
    """All steps; arguments as those of ``Loop``."""
    run = _Run(spec, A.shape, A.dtype, G is not None, plastic[0] is not None)
    u, x, *constants = plastic
    series = Series(
        V=run.carried(first) if spec.voltage else None,
        R=run.empty(1) if spec.voltage else run.carried(first),
        Z=None if G is None else run.empty(),
        D=None if spec.voltage else run.empty(),
        U=None if u is None else run.carried(u),
        X=None if x is None else run.carried(x),
        S=None if u is None else run.empty(),
        fixed=run.fixed(z, *constants),
    )
    arrays = series._asdict() | {"A": A.contiguous(), "G": None if G is None else G.contiguous()}
    arrays |= {"W": run.panels(W.t()), "K": None if K is None else run.panels(K.t())}
    run.call(False, False, arrays)
    return series


class Adjoints(NamedTuple):
    """Adjoints of A and G (T, B, n); of the first state, u and x (B, n); of z, z_x, z_u and U (n,)."""

    A: Tensor
    G: Tensor | None
    first: Tensor
    u: Tensor
    x: Tensor
    z: Tensor
    z_x: Tensor
    z_u: Tensor
    U: Tensor


def backward(
    spec: Any, W: Tensor, K: Tensor | None, series: Series, g_last: Tensor | None, g_state: Tensor | None,
    *watched: Tensor | None,
) -> Adjoints:  # fmt: skip
    """All steps backwards.

    Args:
        spec: As for the forward run.
        W: Weights of the drive (n, n).
        K: Weights of the gate, or None.
        series: What the forward run left.
        g_last: Adjoint of the last state (B, n), or None.
        g_state: Adjoint of the series of states (T, B, n), or None.
        *watched: Those of the series of z, u and x, each None or (T, B, n).
    """
    R = series.R
    run = _Run(spec, (len(R) - 1, *R.shape[1:]), R.dtype, K is not None, series.U is not None)
    if g_state is None:
        g_state = R.new_zeros(run.shape[-1]).expand(run.shape)
    if g_state.stride(-1) != 1:
        g_state = g_state.contiguous()
    seen = any(g is not None for g in watched) and (K is not None or series.U is not None)
    arrays = series._asdict() | {"W": run.panels(W), "K": None if K is None else run.panels(K), "g_state": g_state}
    if seen:
        for name, g in zip(("gZ", "gU", "gX"), watched, strict=True):
            arrays[name] = R.new_zeros(run.shape) if g is None else g.contiguous()
    gA, gG = run.empty(), None if K is None else run.empty()
    arrays |= {"gA": gA, "gG": gG}
    names = ("carry", "first", "gu", "gx", "by_z", "by_z_x", "by_z_u", "by_U")
    carried = dict(zip(names, R.new_zeros(len(names), run.shape[1], run.padded), strict=True))
    if g_last is not None:
        carried["carry"][:, : run.shape[-1]] = g_last
    run.call(True, seen, arrays | carried, {"g_step": g_state.stride(0), "g_row": g_state.stride(1)})
    ends = [carried[name][:, : run.shape[-1]] for name in names[1:]]
    by_z = ends[3].sum(0) if watched[0] is None else ends[3].sum(0) + watched[0].sum((0, 1))
    first, u, x = ends[:3]
    z_x, z_u, U = (end.sum(0) for end in ends[4:])
    return Adjoints(gA, gG, first, u, x, by_z, z_x, z_u, U)


class _Run:
    """Sizes of a run, its arrays, and the call."""

    def __init__(self, spec: Any, shape: Any, dtype: torch.dtype, gated: bool, plastic: bool) -> None:
        from arcana.engine.fused_cpu import recurrent

        self.shape, self.dtype, self.dt, self.scale = tuple(shape), dtype, spec.dt, spec.scale
        width, tile = recurrent.tile_of(dtype.itemsize)
        n = self.shape[-1]
        self.padded = -(-n // width) * width
        self.kernel = recurrent.RecurrentSpec(
            KINDS[dtype], width, tile, n % width != 0, spec.voltage, spec.rate, gated, plastic
        )

    def empty(self, more: int = 0) -> Tensor:
        """A series, of ``more`` steps than there are."""
        steps, *rest = self.shape
        return warm((steps + more, *rest), self.dtype)

    def carried(self, first: Tensor) -> Tensor:
        """A series that begins with what is given."""
        series = self.empty(1)
        series[0] = first
        return series

    def panels(self, weights: Tensor) -> Tensor:
        """Weights (from, to) as the kernels read them: all rows of ``width`` columns, then of the next."""
        width = self.kernel.width
        whole = pad(weights, (0, self.padded - weights.shape[1]))
        return whole.reshape(len(weights), -1, width).transpose(0, 1).contiguous()

    def fixed(self, z: Tensor | None, z_x: Any, z_u: Any, U: Any) -> Tensor:
        """Constants of the units in the order of ``recurrent.FIXED``."""
        fixed = torch.zeros(7, self.padded, dtype=self.dtype)
        given = (z,) if z_x is None else (z, z_x, 1 - z_x, U * z_u, 1 - z_u, U, z_u)
        for row, value in zip(fixed, given, strict=False):
            if value is not None:
                row[: self.shape[-1]] = value
        return fixed

    def call(
        self,
        backward: bool,
        watched: bool,
        arrays: Mapping[str, Tensor | None],
        sizes: Mapping[str, int] = NO_SIZES,
    ) -> None:
        """Run a kernel on all rows."""
        from arcana.engine.fused_cpu import recurrent, recurrent_back, recurrent_forward
        from arcana.engine.fused_cpu.compile import kernel
        from arcana.engine.fused_cpu.threads import address, run_all, words

        steps, batch, n = self.shape
        given = {"batch": batch, "n": n, "padded": self.padded, "steps": steps, **sizes}
        numbers = torch.tensor([self.dt, self.scale, 1 / self.scale], dtype=self.dtype)
        given |= {name: address(array) for name, array in arrays.items()} | {"numbers": address(numbers)}
        names = recurrent_back.ARGUMENTS if backward else recurrent_forward.ARGUMENTS
        spec = replace(self.kernel, backward=backward, watched=watched)
        each = recurrent.unit_rows(spec, batch, torch.get_num_threads())
        units = [words((row, min(row + each, batch))) for row in range(0, batch, each)]
        given_words = words([given.get(name, 0) for name in names])
        run_all(kernel(spec), given_words, units, recurrent.scratch_bytes(spec))
