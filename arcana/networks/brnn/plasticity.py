"""Short-term plasticity of a pre-synaptic unit (Tsodyks and Markram's), forward and backward, step by step.

    x_t = max(z_x + (1 - z_x) x_{t-1} - u_{t-1} x_{t-1} r_{t-1}, 0)      what is left to release
    w_t = U z_u + (1 - z_u) u_{t-1} + U (1 - u_{t-1}) r_{t-1}            share that is released
    u_t = clamp(w_t, U, 1),    s_t = u_t x_t r_{t-1}

Depression uses the share of the step before. The bounds of the clamp are not differentiated. The bound of x is only
reached by rates above 1: the original scripts had none, and with ReLU and plasticity they did not learn.
"""

from __future__ import annotations

import torch

from arcana.typing import Tensor


class Plasticity:
    """One pass over a sequence.

    Args:
        given: First u and x (B, n), recovery z_x, decay of facilitation z_u and share at rest U (n,).
        U_series: Where u is kept, (T, B, n).
        X_series: Where x is kept, (T, B, n).
    """

    def __init__(self, given: tuple[Tensor, ...], U_series: Tensor, X_series: Tensor) -> None:
        self.u, self.x, self.z_x, z_u, U = given
        self.U = U
        self.U_series, self.X_series = U_series, X_series
        self._rest, self._left, self._keep = U * z_u, 1 - self.z_x, 1 - z_u
        self._one = torch.ones_like(U)

    def step(self, t: int, r: Tensor) -> Tensor:
        """What arrives behind the synapses, for the rates r of the step before."""
        u, x, u_t, x_t = self.u, self.x, self.U_series[t], self.X_series[t]
        torch.addcmul(self.z_x, x, self._left, out=x_t)
        x_t.addcmul_(u * x, r, value=-1).clamp_(min=0)
        more = self.U * r
        torch.addcmul(self._rest, u, self._keep, out=u_t)
        u_t.add_(more).addcmul_(more, u, value=-1)
        torch.clamp(u_t, self.U, self._one, out=u_t)
        self.u, self.x = u_t, x_t
        return (u_t * x_t).mul_(r)


class PlasticityBack:
    """The same pass backwards: gradients of u, x and r of the step before, and of the constants.

    Args:
        u: u before each step, (T, B, n).
        x: x before each step.
        r: Rates before each step.
        u_after: u after each step.
        x_after: x after each step.
        z_x: Recovery (n,).
        z_u: Decay of facilitation (n,).
        U: Share at rest (n,).
    """

    def __init__(
        self, u: Tensor, x: Tensor, r: Tensor, u_after: Tensor, x_after: Tensor, z_x: Tensor, z_u: Tensor, U: Tensor
    ) -> None:
        raw = U * z_u + (1 - z_u) * u + U * (1 - u) * r
        self._inside = ((raw >= U) & (raw <= 1)).to(u)
        self._some_left = (x_after > 0).to(x)
        self._s_u, self._s_x, self._s_r = x_after * r, u_after * r, u_after * x_after
        self._x_x, self._x_u, self._x_r = 1 - z_x - u * r, -x * r, -u * x
        self._u_u, self._u_r = 1 - z_u - U * r, U * (1 - u)
        self._by_z_x, self._by_U, self._by_z_u = 1 - x, z_u + (1 - u) * r, U - u
        self.gu, self.gx = torch.zeros_like(u[0]), torch.zeros_like(u[0])
        self._gw, self._gx = torch.empty_like(u), torch.empty_like(u)

    def step(self, t: int, gs: Tensor, gu: Tensor | None, gx: Tensor | None) -> Tensor:
        """Gradient of the rates before step t, for those of s, u and x after it."""
        u, x = self.gu.addcmul_(gs, self._s_u[t]), self.gx.addcmul_(gs, self._s_x[t])
        if gu is not None:
            u = u + gu[t]
        if gx is not None:
            x = x + gx[t]
        w = torch.mul(u, self._inside[t], out=self._gw[t])
        x = torch.mul(x, self._some_left[t], out=self._gx[t])
        gr = gs * self._s_r[t]
        gr.addcmul_(x, self._x_r[t]).addcmul_(w, self._u_r[t])
        self.gu = torch.addcmul(x * self._x_u[t], w, self._u_u[t])
        self.gx = x * self._x_x[t]
        return gr

    def constants(self) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of z_x, z_u and U."""
        pairs = ((self._gx, self._by_z_x), (self._gw, self._by_z_u), (self._gw, self._by_U))
        z_x, z_u, U = ((g * by).sum((0, 1)) for g, by in pairs)
        return z_x, z_u, U
