"""What rates say: bumps, statistics, balance, and curves of populations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch

from arcana.errors import BadInput, Problems
from arcana.networks.rate.arrays import Array, note_not_finite, tensor_of
from arcana.networks.rate.graph import names_of
from arcana.networks.rate.network import RateNetwork
from arcana.typing import Tensor

SILENT = 1e-6  # rates below it are called silent: an exponential decay never reaches 0


class Bump(NamedTuple):
    """Where the activity of a ring is.

    Attributes:
        m0: Mean rate.
        m1: Amplitude of the first Fourier mode.
        phase: Argument of the mode [rad], 0 to 2 pi; it counts against the numbers of the neurons.
    """

    m0: Tensor
    m1: Tensor
    phase: Tensor

    @property
    def direction(self) -> Tensor:
        """Where the maximum is [rad]: -phase mod 2 pi; neuron k looks at 2 pi k / N."""
        return torch.remainder(-self.phase, 2 * torch.pi)


def decode_bump(rates: Array) -> Bump:
    """m0 = mean r; m1 = 2 |F| / N; phase = arg F mod 2 pi, with F = sum over k of r_k exp(-2 pi i k / N).

    The sign is that of the programs that this comes from: ``direction`` says where the bump is.

    Args:
        rates: (..., N), of one population.

    Raises:
        BadInput: for fewer than 3 neurons, or rates that are not finite.
    """
    rates = _read(rates, 3)
    F = torch.fft.fft(rates.to(torch.float64 if rates.dtype == torch.float64 else torch.float32))[..., 1]
    phase = torch.remainder(torch.angle(F), 2 * torch.pi)
    return Bump(rates.mean(-1), 2 * F.abs() / rates.shape[-1], phase)


@dataclass(frozen=True)
class RateStatistics:
    """Rates of a population: mean over time first, then over neurons.

    Attributes:
        name: Of the population.
        mean: Mean rate.
        sd: Standard deviation over neurons.
        silent: Share of samples with a rate below 1e-6.
        cv: Mean over neurons of sd over time by mean, of those that are not silent; how much rates fluctuate.
    """

    name: str
    mean: float
    sd: float
    silent: float
    cv: float


def rate_statistics(rates: Array, name: str = "rates") -> RateStatistics:
    """Of rates (B, samples, N) or (samples, N).

    Raises:
        BadInput: for other shapes, and rates that are not finite.
    """
    rates = _read(rates, 1).detach()
    if rates.ndim not in (2, 3):
        raise BadInput.one("rates", tuple(rates.shape), "(samples, N) or (batch, samples, N)", "(shape)")
    mean = rates.double().mean(-2)
    spread = rates.double().std(-2, correction=0)
    active = mean > SILENT
    cv = float((spread[active] / mean[active]).mean()) if bool(active.any()) else 0.0
    sd = float(mean.std(-1, correction=0).mean())
    return RateStatistics(name, float(mean.mean()), sd, float((rates < SILENT).double().mean()), cv)


@dataclass(frozen=True)
class Balance:
    """Mean currents into the neurons of a population.

    Attributes:
        name: Of the population.
        excitatory: Feed-forward input, and what comes with a positive weight.
        inhibitory: What comes with a negative one.
        net: Their sum.
    """

    name: str
    excitatory: float
    inhibitory: float
    net: float

    @property
    def ratio(self) -> float:
        """|net| / excitatory: small in the balanced state, where it falls as 1 / sqrt(K)."""
        return abs(self.net) / self.excitatory if self.excitatory else float("nan")


@torch.no_grad()
def balance(network: RateNetwork, rates: Array, ff: Array | None = None) -> list[Balance]:
    """How well excitation and inhibition cancel, for mean rates (N,) or (B, N) of all neurons.

    Slow receptors and plastic synapses count at their steady state: exact for rates that stand still. Synapses of
    fluctuating rates release another share than those of the same mean rate.

    Args:
        network: The network.
        rates: Mean rates, as ``record="all"`` gives them, averaged over time.
        ff: Mean input in units of J_a0, (N,); None is J_a0.

    Raises:
        BadInput: for rates of a wrong shape, or that are not finite.
    """
    config = network.config
    rates = _read(rates, 1)
    if rates.shape[-1] != config.neurons or rates.ndim > 2:
        raise BadInput.one(
            "rates", tuple(rates.shape), f"({config.neurons},) or (batch, {config.neurons})", "(shape)"
        )
    rates = rates.reshape(-1, config.neurons).to(network.dtype)
    given = rates.new_tensor(config.of_neurons("strength_in"))
    if ff is not None:
        given = _read(ff, 1, "ff").to(network.dtype)
        if given.shape != (config.neurons,):
            raise BadInput.one("ff", tuple(given.shape), f"({config.neurons},)", "(shape)")
    excitatory, inhibitory = config.scale_in * given.clamp(min=0).expand_as(rates), torch.zeros_like(rates)
    for pre, (block, part) in enumerate(
        zip(network.weights(), torch.split(rates, list(config.sizes), -1), strict=True)
    ):
        h = block(part)
        if pre in network.dynamics.plastic:
            h = torch.where(network.dynamics.plastic[pre], block(network.dynamics.released(part) * part), h)
        h = h * (1 + config.nmda_share if config.nmda and pre == 0 else 1)
        excitatory, inhibitory = excitatory + h.clamp(min=0), inhibitory + h.clamp(max=0)
    found = []
    for name, e, i in zip(
        names_of(config), *(torch.split(x, list(config.sizes), -1) for x in (excitatory, inhibitory)), strict=True
    ):
        found.append(Balance(name, float(e.mean()), float(i.mean()), float((e + i).mean())))
    return found


def population_curves(network: RateNetwork, rates: Array) -> dict[str, Tensor]:
    """Mean rate of each recorded population, (B, samples), by name; rates (B, samples, N) of a run.

    Raises:
        BadInput: for rates of another shape.
    """
    rates, names, sizes = _read(rates, 1), names_of(network.config), list(network.config.sizes)
    if rates.ndim != 3:
        raise BadInput.one("rates", tuple(rates.shape), "(batch, samples, neurons)", "(shape)")
    if rates.shape[-1] == sizes[0] and len(sizes) > 1:
        return {names[0]: rates.mean(-1)}
    if rates.shape[-1] != sum(sizes):
        raise BadInput.one("rates", tuple(rates.shape), f"{sizes[0]} or {sum(sizes)} neurons", "(shape)")
    return {name: part.mean(-1) for name, part in zip(names, torch.split(rates, sizes, -1), strict=True)}


def _read(rates: Array, fewest: int, name: str = "rates") -> Tensor:
    found, problems = tensor_of(name, rates), Problems()
    if found.ndim < 1 or found.shape[-1] < fewest or 0 in found.shape:
        problems.note(name, tuple(found.shape), f"(..., N) of at least {fewest} neurons", "(shape)")
    else:
        note_not_finite(name, found, problems)
    problems.raise_if_any()
    return found if found.is_floating_point() else found.to(torch.get_default_dtype())
