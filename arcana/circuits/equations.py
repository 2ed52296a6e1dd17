"""The DPI neuron, written once.

Everything here is plain Python over ``exp log sigmoid where at_least at_most`` and a surrogate ``spike``, so that
the same source can be bound to torch (here, the reference) and to compiled kernels. Currents are in units of I0,
the membrane is x = ln(Imem / I0), which is its voltage in units of Ut / kappa.

    dx/dt = rate F(x),   rate = kappa I0 / (C_mem Ut)
    F(x)  = Iin Igain / (Igain + I) - (Itau + Iahp + Igabaa) (1 - exp(-x / kappa)) + Ifb,      I = exp(x)
    Iin   = max(Idc + Iampa + Inmda I / (I + Inmda_thr) - Igabab, 1), and 1 during the refractory period
    Ifb   = exp(x kappa / (kappa + 1)) sigmoid(Ipfb_norm (I - Ipfb_th))

Sources: Chicca et al., Proc. IEEE 102(9), 2014 (soma and synapse circuits); Bartolozzi and Indiveri, Neural
Comput. 19(10), 2007 (DPI synapse); Livi and Indiveri, ISCAS 2009 (neuron). The factor 1 - exp(-x / kappa) is the
leak transistor leaving saturation at the floor, where its drain-source voltage vanishes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from arcana.circuits.names_torch import Value, at_least, at_most, exp, log, sigmoid, where

MARGIN = 3.0  # the slope is not evaluated further than this above threshold: the neuron has fired by then


class Integrator(NamedTuple):
    """A first-order integrator (a synapse, or the adaptation) over one sub-step of length h.

    ``start``, ``middle`` and ``end`` are the factors on the current at the beginning of the sub-step that give
    what the membrane sees at the three stages of the solver: the exponential decay, scaled so that the solver's
    own quadrature of it is the exact integral (the charge is right for any h / tau).
    """

    jump: Value
    decay: Value
    start: Value
    middle: Value
    end: Value


class Live(NamedTuple):
    """Which integrators move at all; one that never gets input stays at the floor and costs nothing."""

    ampa: bool = True
    nmda: bool = True
    gabaa: bool = True
    gabab: bool = True
    ahp: bool = True


class Coefficients(NamedTuple):
    """All that a step needs beside state and input: currents in units of I0, times in seconds."""

    solver: str
    substeps: int
    h: float
    rate: float
    inverse_kappa: float
    feedback_power: float
    leak_saturation: bool
    live: Live
    gain: Value
    leak: Value
    dc: Value
    nmda_threshold: Value
    feedback_norm: Value
    feedback_threshold: Value
    rest_slope: Value
    x_threshold: Value
    surrogate_scale: Value
    refractory: Value
    ampa: Integrator
    nmda: Integrator
    gabaa: Integrator
    gabab: Integrator
    ahp: Integrator
    ahp_inverse_tau: Value


class Neuron(NamedTuple):
    """State of the neuron in the equations' own units; ``refractory`` is the time left [s].

    A negative ``refractory`` is time since the release that has not been integrated yet.
    """

    x: Value
    ampa: Value
    nmda: Value
    gabaa: Value
    gabab: Value
    ahp: Value
    refractory: Value


def slope(x: Value, drive: Value, nmda: Value, leak: Value, listening: Value, c: Coefficients) -> Value:
    """F(x): the right-hand side of the membrane equation, in units of I0."""
    x = at_most(at_least(x, 0.0), c.x_threshold + MARGIN)
    current = exp(x)
    into = where(listening, at_least(drive + nmda * current / (current + c.nmda_threshold), 1.0), 1.0)
    feedback = exp(c.feedback_power * x) * sigmoid(c.feedback_norm * (current - c.feedback_threshold))
    if c.leak_saturation:
        leak = leak * (1.0 - exp(-c.inverse_kappa * x))
    return into * c.gain / (c.gain + current) - leak + feedback


def receive(n: Neuron, events: tuple[Value | None, ...], c: Coefficients) -> Neuron:
    """Input events (AMPA, NMDA, GABA_A, GABA_B): a synapse jumps by its count times (Igain / Itau) Iw p."""
    ampa, nmda, gabaa, gabab = events
    return n._replace(
        ampa=n.ampa if ampa is None else n.ampa + ampa * c.ampa.jump,
        nmda=n.nmda if nmda is None else n.nmda + nmda * c.nmda.jump,
        gabaa=n.gabaa if gabaa is None else n.gabaa + gabaa * c.gabaa.jump,
        gabab=n.gabab if gabab is None else n.gabab + gabab * c.gabab.jump,
    )


def fade(current: Value, factor: Value, live: bool) -> Value:
    """The current of an integrator some time later, not below the floor I0."""
    return at_least(current * factor, 1.0) if live else current


def seen(n: Neuron, external: Value | float, stage: int, c: Coefficients) -> tuple[Value, Value, Value]:
    """Drive, NMDA current and leak that the membrane sees at a stage (2 start, 3 middle, 4 end) of a sub-step."""
    excitation = fade(n.ampa, c.ampa[stage], c.live.ampa)
    inhibition = fade(n.gabab, c.gabab[stage], c.live.gabab)
    shunt = fade(n.gabaa, c.gabaa[stage], c.live.gabaa)
    adaptation = fade(n.ahp, c.ahp[stage], c.live.ahp)
    nmda = fade(n.nmda, c.nmda[stage], c.live.nmda)
    return c.dc + external + excitation - inhibition, nmda, c.leak + shunt + adaptation


def after_substep(n: Neuron, x: Value, ahp: Value, refractory: Value, c: Coefficients) -> Neuron:
    """The state at the end of a sub-step: the synapses have decayed, the rest is given."""
    return Neuron(
        x=x,
        ampa=fade(n.ampa, c.ampa.decay, c.live.ampa),
        nmda=fade(n.nmda, c.nmda.decay, c.live.nmda),
        gabaa=fade(n.gabaa, c.gabaa.decay, c.live.gabaa),
        gabab=fade(n.gabab, c.gabab.decay, c.live.gabab),
        ahp=ahp,
        refractory=refractory,
    )


def membrane(
    n: Neuron, x: Value, span: Value, external: Value | float, listening: Value, c: Coefficients
) -> Value:
    """X after ``span`` seconds: classical Runge-Kutta (rk4) or the explicit trapezoid (heun)."""
    w = c.rate * span
    first = seen(n, external, 2, c)
    last = seen(n, external, 4, c)
    k1 = slope(x, *first, listening, c)
    if c.solver == "heun":
        k2 = slope(x + w * k1, *last, listening, c)
        return x + 0.5 * w * (k1 + k2)
    centre = seen(n, external, 3, c)
    k2 = slope(x + 0.5 * w * k1, *centre, listening, c)
    k3 = slope(x + 0.5 * w * k2, *centre, listening, c)
    k4 = slope(x + w * k3, *last, listening, c)
    return x + w * (k1 + 2.0 * (k2 + k3) + k4) * (1.0 / 6.0)


def substep(
    n: Neuron, external: Value | float, c: Coefficients, spike: Callable[[Value], Value]
) -> tuple[Neuron, Value, Value]:
    """One sub-step of length h. Returns the state, the spikes, and how long before its end they came [s].

    The crossing of the threshold is interpolated linearly in x, and the time left after it is given to the
    refractory timer; the end of the refractory period lies anywhere inside a sub-step too.
    """
    waiting = n.refractory >= c.h
    held = at_most(at_least(n.refractory, 0.0), c.h)  # part of the sub-step spent refractory
    span = where(waiting, c.h, c.h - n.refractory)
    # While refractory Iin = I0 and x stays near 0, where the slope is linear: rest_slope - leak x / kappa.
    release = c.rate * held * (c.rest_slope - c.leak * c.inverse_kappa * n.x)
    x = where(waiting, n.x, n.x + release)
    after = at_least(membrane(n, x, span, external, ~waiting, c), 0.0)

    s = spike((after - c.x_threshold) * c.surrogate_scale)
    fraction = (c.x_threshold - x) / at_least(after - x, 1e-6)
    left = (1.0 - at_most(at_least(fraction, 0.0), 1.0)) * span
    restart = c.rate * c.rest_slope * at_most(c.refractory, left)
    ahp = fade(n.ahp, c.ahp.decay, c.live.ahp)
    if c.live.ahp:
        ahp = ahp + s * c.ahp.jump * exp(-left * c.ahp_inverse_tau)
    refractory = at_least(n.refractory - c.h, 0.0) * (1.0 - s) + s * (c.refractory - left)
    return after_substep(n, after * (1.0 - s) + s * restart, ahp, refractory, c), s, left


def euler(
    n: Neuron, external: Value | float, c: Coefficients, spike: Callable[[Value], Value]
) -> tuple[Neuron, Value, Value]:
    """Forward Euler in linear current with spikes and refractory period on the grid: what other simulators do.

    Here ``Integrator.decay`` is 1 - h / tau and the stages are 1. For comparison only.
    """
    waiting = n.refractory > 0.0
    current = exp(n.x)
    grown = current * (1.0 + c.rate * c.h * slope(n.x, *seen(n, external, 2, c), ~waiting, c))
    after = log(at_least(grown, 1.0))
    s = spike((after - c.x_threshold) * c.surrogate_scale)
    ahp = fade(n.ahp, c.ahp.decay, c.live.ahp)
    if c.live.ahp:
        ahp = ahp + s * c.ahp.jump
    refractory = at_least(n.refractory - c.h, 0.0) * (1.0 - s) + s * c.refractory
    return after_substep(n, after * (1.0 - s), ahp, refractory, c), s, 0.0 * s


def step(
    n: Neuron, external: Value | float, c: Coefficients, spike: Callable[[Value], Value]
) -> tuple[Neuron, Value, Value]:
    """One step of ``substeps`` sub-steps. Returns the state, the spikes (0 or 1), and their time in the step [s].

    A neuron fires at most once a step: a rate above 1 / dt cannot be represented and saturates there.
    """
    if c.solver == "euler":
        n, s, left = euler(n, external, c, spike)
        return n, s, c.h - left
    n, total, left = substep(n, external, c, spike)
    when = c.h - left
    for k in range(1, c.substeps):
        n, s, left = substep(n, external, c, spike)
        when = where(total > 0.0, when, (k + 1) * c.h - left)
        total = total + s - total * s
    return n, total, when
