"""The DPI circuit as a torch module with a forward per time step, the way one writes it with other toolkits.

Forward Euler in linear current with spikes on the grid, the same work and the same spikes as arcana's own
``solver="euler"`` (``python -m benchmarks check``). Currents are in units of I0. Nothing in it is slower than it
has to be: coefficients are computed once a sequence, steps come from ``unbind`` (indexing has a backward pass that
is quadratic in the number of steps), powers are written with ``exp`` and ``log`` (``torch.pow`` costs several
times as much), and ``hoist`` takes the projection of the input out of the loop.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from arcana.mismatch import MismatchModel
from arcana.surrogate import SLOPE
from benchmarks.arcana_layer import MISMATCH, TRAINED_BIASES, TRAINED_WEIGHTS
from benchmarks.network import RECEPTORS, Network

INTEGRATORS = (*RECEPTORS, "ahp")


class Fire(torch.autograd.Function):
    """1 where the current has reached threshold; backward the fast sigmoid of the distance in log current."""

    @staticmethod
    def forward(ctx: Any, current: Tensor, threshold: Tensor, scale: Tensor) -> Tensor:
        """Spikes; ``scale`` makes the distance to threshold -1 at rest."""
        ctx.save_for_backward(current, threshold, scale)
        return (current >= threshold).to(current.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        """The slope of the surrogate, by the chain rule through the logarithm."""
        current, threshold, scale = ctx.saved_tensors
        u = torch.log(current / threshold) * scale
        return grads[0] * (1 + SLOPE * u.abs()).pow(-2) * scale / current, None, None


class State(NamedTuple):
    """Currents in units of I0, and the refractory time that is left [s]."""

    mem: Tensor
    ampa: Tensor
    nmda: Tensor
    gabaa: Tensor
    gabab: Tensor
    ahp: Tensor
    refractory: Tensor


class DPICell(nn.Module):
    """One Euler step of the neuron."""

    def __init__(self, net: Network, dt: float, chips: int = 1) -> None:
        super().__init__()
        self.dt, self.technology = dt, net.technology
        dtype = torch.get_default_dtype()
        for name, value in net.biases.items():
            log = torch.from_numpy(value).log().to(dtype)
            setattr(self, f"log_{name}", nn.Parameter(log, requires_grad=name in TRAINED_BIASES))
            factor = torch.zeros(())
            if chips > 1:  # the draws of arcana's own chips
                drawn = MismatchModel(MISMATCH).sample(chips).log_factors("0", name, value.size)
                factor = torch.from_numpy(drawn).unsqueeze(1).to(dtype)
            self.register_buffer(f"log_factor_{name}", factor)

    def prepare(self) -> dict[str, Tensor]:
        """The coefficients of a step, once a sequence: (n,), or (chips, 1, n)."""
        t = self.technology
        names = [n.removeprefix("log_factor_") for n in self._buffers]
        bias = {n: (getattr(self, f"log_{n}") + getattr(self, f"log_factor_{n}")).exp() for n in names}
        c = {
            "gain": bias["Igain_mem"] / t.I0,
            "leak": bias["Itau_mem"] / t.I0,
            "dc": bias["Idc"] / t.I0,
            "nmda_thr": bias["Inmda_thr"] / t.I0,
            "onset": bias["Ipfb_th"] / t.I0,
            "steep": bias["Ipfb_norm"] * t.I0,
            "threshold": bias["Ith"] / t.I0,
            "scale": 1 / torch.log(bias["Ith"] / t.I0),
            "refractory": bias["refractory"],
        }
        for part in INTEGRATORS:
            Itau = bias[f"Itau_{part}"]
            tau = getattr(t, f"C_{part}") * t.Ut / (t.kappa * Itau)
            c[f"decay_{part}"] = 1 - self.dt / tau
            c[f"jump_{part}"] = bias[f"Igain_{part}"] / Itau * bias[f"Iw_{part}"] / t.I0
        return c

    def forward(self, s: State, feed: list[Tensor], c: dict[str, Tensor]) -> tuple[Tensor, State]:
        """Events x counts of each receptor (batch, n) and the state -> spikes and the new state."""
        t, dt = self.technology, self.dt
        ampa = s.ampa + feed[0] * c["jump_ampa"]
        nmda = s.nmda + feed[1] * c["jump_nmda"]
        gabaa = s.gabaa + feed[2] * c["jump_gabaa"]
        gabab = s.gabab + feed[3] * c["jump_gabab"]
        mem, log = s.mem, torch.log(s.mem)

        Iin = (c["dc"] + ampa + nmda * mem / (mem + c["nmda_thr"]) - gabab).clamp(min=1)
        Iin = torch.where(s.refractory < 0.5 * dt, Iin, 1.0)
        leak = (c["leak"] + gabaa + s.ahp) * (1 - torch.exp(log * (-1 / t.kappa)))
        feedback = torch.exp(log * (t.kappa / (t.kappa + 1))) * torch.sigmoid(c["steep"] * (mem - c["onset"]))
        slope = Iin * c["gain"] / (c["gain"] + mem) - leak + feedback
        mem = (mem + mem * slope * (t.kappa * t.I0 / (t.C_mem * t.Ut) * dt)).clamp(min=1)

        spikes = Fire.apply(mem, c["threshold"], c["scale"])
        fired = spikes.detach()  # as toolkits do: through a reset in linear current gradients grow by Ith / I0
        stays = 1 - fired
        return spikes, State(
            mem=mem * stays + fired,
            ampa=(ampa * c["decay_ampa"]).clamp(min=1),
            nmda=(nmda * c["decay_nmda"]).clamp(min=1),
            gabaa=(gabaa * c["decay_gabaa"]).clamp(min=1),
            gabab=(gabab * c["decay_gabab"]).clamp(min=1),
            ahp=(s.ahp * c["decay_ahp"]).clamp(min=1) + spikes * c["jump_ahp"],
            refractory=(s.refractory - dt).clamp(min=0) * stays + fired * c["refractory"],
        )


class EagerDPI(nn.Module):
    """The cell over a sequence. ``hoist`` projects the input of all steps at once before the loop."""

    def __init__(self, net: Network, dt: float = 1e-3, chips: int = 1, hoist: bool = False) -> None:
        super().__init__()
        self.cell, self.chips, self.hoist = DPICell(net, dt, chips), chips, hoist
        self.loop = tuple(net.loop)
        dtype = torch.get_default_dtype()
        for prefix, table in (("W", net.counts), ("R", net.loop)):
            for receptor, counts in table.items():
                trained = receptor in TRAINED_WEIGHTS
                weight = nn.Parameter(torch.tensor(counts, dtype=dtype), requires_grad=trained)
                setattr(self, f"{prefix}_{receptor}", weight)

    def forward(self, X: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Events X (batch, steps, n_in) -> spikes (batch, steps, n), after a leading axis of chips if several."""
        c = self.cell.prepare()
        weights = [getattr(self, f"W_{r}").T for r in RECEPTORS]
        loop = [getattr(self, f"R_{r}").T if r in self.loop else None for r in RECEPTORS]
        if state is None:
            shape = (X.shape[0], weights[0].shape[1])
            one = X.new_ones((self.chips, *shape) if self.chips > 1 else shape)
            state = State(one, one, one, one, one, one, torch.zeros_like(one))
        feeds = zip(*((X @ w).unbind(1) for w in weights), strict=True) if self.hoist else None
        out, spikes = [], None
        for x in X.unbind(1):
            feed = [x @ w for w in weights] if feeds is None else list(next(feeds))
            if spikes is not None:
                feed = [f if w is None else f + spikes @ w for f, w in zip(feed, loop, strict=True)]
            spikes, state = self.cell(state, feed, c)
            out.append(spikes)
            if not self.loop:
                spikes = None
        return torch.stack(out, -2), state
