"""The loop over time, written out forward and backward: one matrix product and one group of operations a step.

    s_t = r_{t-1}, or u_t x_t r_{t-1} with short-term plasticity
    z_t = scale sigmoid(G_t + K r_{t-1}), or a constant
    voltage:  v_t = (1 - z_t) v_{t-1} + dt (A_t + W s_t),          r_t = phi(v_t)
    rate:     r_t = (1 - z_t) r_{t-1} + z_t phi(A_t + W s_t)

A and G are the input projections of all steps with their biases. Time is the first axis in here; what the backward
pass needs of all steps is calculated for all of them at once, and gradients of W and K are one product each.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch.autograd.function import once_differentiable

from arcana.networks.brnn import fast_loop
from arcana.networks.brnn.functions import RATES
from arcana.networks.brnn.plasticity import Plasticity, PlasticityBack
from arcana.typing import Tensor


class LoopSpec(NamedTuple):
    """What kind of loop.

    Attributes:
        voltage: Whether the state is a voltage, else a rate.
        rate: Name of phi.
        dt: Step of the voltage.
        scale: Largest z of a gate.
    """

    voltage: bool
    rate: str
    dt: float
    scale: float


class Loop(torch.autograd.Function):
    """Series (T, B, n) of the state, of z, and of u and x where synapses are plastic; and the last state (B, n).

    Who only reads the last state has a backward pass without a series of adjoints that are nearly all 0.

    Inputs: spec; A (T, B, n), W (n, n); G (T, B, n) and K (n, n), or None for both and a constant z (n,); the first
    state (B, n); and u, x (B, n), z_x, z_u, U (n,), or None for all of them.
    """

    @staticmethod
    def forward(
        ctx: Any, spec: LoopSpec, A: Tensor, W: Tensor, G: Tensor | None, K: Tensor | None, z: Tensor | None,
        first: Tensor, *plastic: Any,
    ) -> tuple[Tensor | None, ...]:  # fmt: skip
        """All steps."""
        ctx.spec = spec
        ctx.set_materialize_grads(False)
        ctx.fast = fast_loop.possible(iter((A, W, G, K, z, first, *plastic)))
        if ctx.fast:
            return _fast_forward(ctx, A, W, G, K, z, first, plastic)
        phi, n = RATES[spec.rate], A.shape[-1]
        synapses = None if plastic[0] is None else Plasticity(plastic, torch.empty_like(A), torch.empty_like(A))
        R, Z, drive, V = (torch.empty_like(A) for _ in range(4))
        if z is not None:
            Z.copy_(z.expand_as(Z))
        # Without plasticity drive and gate read the same rates: one product for both
        both = G is not None and synapses is None
        weights = torch.cat([W, K]).t() if both else W.t()  # type: ignore[list-item]
        given = (torch.cat([A, G], -1) if both else A).unbind(0)  # type: ignore[list-item]
        v, r = first, phi.value(first) if spec.voltage else first
        series = (given, *map(torch.unbind, (V, R, Z, drive)))
        for t, (given_t, v_t, r_t, z_t, drive_t) in enumerate(zip(*series, strict=True)):
            s = r if synapses is None else synapses.step(t, r)
            sums = torch.addmm(given_t, s, weights)
            if G is not None:
                gate = sums[:, n:] if both else torch.addmm(G[t], r, K.t())  # type: ignore[union-attr]
                torch.sigmoid(gate, out=z_t)
                if spec.scale != 1:
                    z_t.mul_(spec.scale)
            if spec.voltage:
                torch.addcmul(v, z_t, v, value=-1, out=v_t)
                v_t.add_(sums[:, :n], alpha=spec.dt)
                phi.into(v_t, out=r_t)
            else:
                drive_t.copy_(sums[:, :n])
                phi.into(drive_t, out=v_t)  # what r moves to
                torch.lerp(r, v_t, z_t, out=r_t)
            v, r = v_t, r_t
        u_x = (None, None) if synapses is None else (synapses.U_series, synapses.X_series)
        ctx.save_for_backward(W, K, first, V, R, Z, drive, *plastic, *u_x)
        states = V if spec.voltage else R
        return states, Z, *u_x, states[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, g_state: Tensor | None, gZ: Tensor | None, gU: Tensor | None, gX: Tensor | None,
        g_last: Tensor | None,
    ) -> Any:  # fmt: skip
        """Gradients of all inputs."""
        if ctx.fast:
            return _fast_backward(ctx, g_last, g_state, gZ, gU, gX)
        spec, phi = ctx.spec, RATES[ctx.spec.rate]
        W, K, first, V, R, Z, drive, *plastic, U, X = ctx.saved_tensors
        u0, x0, z_x, z_u, rest = plastic
        r_first = phi.value(first) if spec.voltage else first
        r_before = torch.cat([r_first[None], R[:-1]])
        keep, state_before = 1 - Z, torch.cat([first[None], V[:-1]]) if spec.voltage else r_before
        slope = phi.slope(V, R) if spec.voltage else Z * phi.slope(drive, V)
        to_z = -state_before if spec.voltage else V - state_before
        gate = None if K is None else Z * (1 - Z / spec.scale)
        by_gate = None if gate is None else to_z * gate
        synapses = None
        if u0 is not None:
            u_before, x_before = torch.cat([u0[None], U[:-1]]), torch.cat([x0[None], X[:-1]])
            synapses = PlasticityBack(u_before, x_before, r_before, U, X, z_x, z_u, rest)
        n, steps = W.shape[0], len(V)
        gates = 0 if gate is None else n
        H = V.new_empty(steps, V.shape[1], n + gates)  # gradients of A and G, side by side
        total = V.new_empty(V.shape) if gate is None else None  # of the state, for a constant z
        current = W * spec.dt if spec.voltage else W
        weights = current if gate is None else torch.cat([current, K])
        carry, g_r = torch.zeros_like(first) if g_last is None else g_last, torch.zeros_like(first)
        for t in range(steps - 1, -1, -1):
            h = H[t]
            if spec.voltage:
                g = torch.addcmul(carry, g_r, slope[t])
                if g_state is not None:
                    g += g_state[t]
                h[:, :n] = g
            else:
                g = carry + g_r
                if g_state is not None:
                    g += g_state[t]
                torch.mul(g, slope[t], out=h[:, :n])
            if total is not None:
                total[t] = g
            else:
                torch.mul(g, by_gate[t], out=h[:, n:])  # type: ignore[index]
                if gZ is not None:
                    h[:, n:].addcmul_(gZ[t], gate[t])  # type: ignore[index]
            carry = g * keep[t]
            if synapses is None:
                g_r = h @ weights
            else:
                g_r = synapses.step(t, h[:, :n] @ current, gU, gX)
                if gates:
                    g_r.addmm_(h[:, n:], K)
        gA = H[..., :n] * spec.dt if spec.voltage else H[..., :n]
        s = r_before if U is None else U * X * r_before
        gW = gA.flatten(0, 1).t() @ s.flatten(0, 1)
        gG = H[..., n:] if gates else None
        gK = None if gG is None else gG.flatten(0, 1).t() @ r_before.flatten(0, 1)
        gz = None
        if total is not None:
            gz = (total * to_z).sum((0, 1)) + (0 if gZ is None else gZ.sum((0, 1)))
        g_first = torch.addcmul(carry, g_r, phi.slope(first, r_first)) if spec.voltage else carry + g_r
        rest_of_it = (None,) * 5 if synapses is None else (synapses.gu, synapses.gx, *synapses.constants())
        return None, gA, gW, gG, gK, gz, g_first, *rest_of_it


def _fast_forward(
    ctx: Any, A: Tensor, W: Tensor, G: Tensor | None, K: Tensor | None, z: Tensor | None, first: Tensor,
    plastic: tuple[Tensor | None, ...],
) -> tuple[Tensor | None, ...]:  # fmt: skip
    series = fast_loop.forward(ctx.spec, A, W, G, K, z, first, plastic)
    ctx.save_for_backward(W, K, *series)
    states = series.R if series.V is None else series.V
    u_x = (None if s is None else s[1:] for s in (series.U, series.X))
    return states[1:], series.Z if z is None else z.clone().expand_as(A), *u_x, states[-1].clone()


def _fast_backward(ctx: Any, g_last: Tensor | None, *given: Tensor | None) -> Any:
    W, K, *saved = ctx.saved_tensors
    series = fast_loop.Series(*saved)
    g = fast_loop.backward(ctx.spec, W, K, series, g_last, *given)
    r = series.R[:-1].flatten(0, 1)
    gW = g.A.flatten(0, 1).t() @ (r if series.S is None else series.S.flatten(0, 1))
    gK = None if g.G is None else g.G.flatten(0, 1).t() @ r
    plastic = (None,) * 5 if series.U is None else (g.u, g.x, g.z_x, g.z_u, g.U)
    return None, g.A, gW, g.G, gK, g.z if K is None else None, g.first, *plastic
