"""The DPI neuron, written once.

Everything here is plain Python over ``exp log sigmoid sqrt where at_least between exp_of_rare`` and a surrogate
``spike``: bound to torch it is the reference; bound to symbols (``arcana.engine.program``) it is the expression
graph from which the compiled kernels and their adjoints are made. Currents are in units of I0, the membrane is
x = ln(Imem / I0), which is its voltage in units of Ut / kappa. Arguments of ``exp`` and ``log`` are kept far from
the ends of the floating-point range, and kernels rely on it.

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

from arcana.circuits.names_torch import Value, at_least, between, exp, exp_of_rare, log, sigmoid, sqrt, where

MARGIN = 3.0  # the slope is not evaluated further than this above threshold: the neuron has fired by then


class Integrator(NamedTuple):
    """A first-order integrator (a synapse, or the adaptation) over one sub-step of length h.

    ``start``, ``middle`` and ``end`` are the factors on the current at the beginning of the sub-step that give
    what the membrane sees at the three stages of the solver: the exponential decay, scaled so that the solver's
    own quadrature of it is the exact integral (the charge is right for any h / tau). ``minus_rate`` is -1 / tau.
    """

    jump: Value
    decay: Value
    start: Value
    middle: Value
    end: Value
    minus_rate: Value


class Live(NamedTuple):
    """Which integrators move at all; one that never gets input stays at the floor and costs nothing."""

    ampa: bool = True
    nmda: bool = True
    gabaa: bool = True
    gabab: bool = True
    ahp: bool = True


class Constants(NamedTuple):
    """Numbers of the equations as scalars of the state's own type (a Python float costs a conversion per use)."""

    zero: Value
    half: Value
    one: Value
    two: Value
    four: Value
    sixth: Value
    tiny: Value
    minus_inverse_kappa: Value
    feedback_power: Value
    rate: Value
    h: Value


class Coefficients(NamedTuple):
    """All that a step needs beside state and input: currents in units of I0, times in seconds."""

    solver: str
    substeps: int
    leak_saturation: bool
    live: Live
    k: Constants
    gain: Value
    leak: Value
    dc: Value
    nmda_threshold: Value
    feedback_norm: Value
    feedback_threshold: Value
    rest_slope: Value
    x_threshold: Value
    x_highest: Value
    surrogate_scale: Value
    refractory: Value
    ampa: Integrator
    nmda: Integrator
    gabaa: Integrator
    gabab: Integrator
    ahp: Integrator


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
    x = between(x, c.k.zero, c.x_highest)
    return slope_at(x, exp(x), drive, nmda, leak, listening, c)


def slope_at(
    x: Value, current: Value, drive: Value, nmda: Value, leak: Value, listening: Value, c: Coefficients
) -> Value:
    """F(x) where x is within its limits and ``current`` is exp(x)."""
    into = where(listening, at_least(drive + nmda * current / (current + c.nmda_threshold), c.k.one), c.k.one)
    feedback = exp(c.k.feedback_power * x) * sigmoid(c.feedback_norm * (current - c.feedback_threshold))
    if c.leak_saturation:
        leak = leak * (c.k.one - exp(c.k.minus_inverse_kappa * x))
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


def fade(current: Value, factor: Value, live: bool, c: Coefficients) -> Value:
    """The current of an integrator some time later, not below the floor I0."""
    return at_least(current * factor, c.k.one) if live else current


def seen(n: Neuron, external: Value | None, stage: int, c: Coefficients) -> tuple[Value, Value, Value]:
    """Drive, NMDA current and leak that the membrane sees at a stage (2 start, 3 middle, 4 end) of a sub-step."""
    excitation = fade(n.ampa, c.ampa[stage], c.live.ampa, c)
    inhibition = fade(n.gabab, c.gabab[stage], c.live.gabab, c)
    shunt = fade(n.gabaa, c.gabaa[stage], c.live.gabaa, c)
    adaptation = fade(n.ahp, c.ahp[stage], c.live.ahp, c)
    nmda = fade(n.nmda, c.nmda[stage], c.live.nmda, c)
    dc = c.dc if external is None else c.dc + external
    return dc + excitation - inhibition, nmda, c.leak + shunt + adaptation


def later(current: Value, wait: Value, integrator: Integrator, live: bool) -> Value:
    """The current as if events had come so much later that the sub-step's mean is that of its last part."""
    return current * exp_of_rare(wait, integrator.minus_rate) if live else current


def delayed(n: Neuron, wait: Value, c: Coefficients) -> Neuron:
    """The currents that a membrane meets which listens only after ``wait`` seconds of the sub-step."""
    # The mean over the last h - wait lies wait / 2 after the mean over h; what came before the sub-step is gone
    wait = c.k.half * at_least(wait, c.k.zero)
    return n._replace(
        ampa=later(n.ampa, wait, c.ampa, c.live.ampa),
        nmda=later(n.nmda, wait, c.nmda, c.live.nmda),
        gabaa=later(n.gabaa, wait, c.gabaa, c.live.gabaa),
        gabab=later(n.gabab, wait, c.gabab, c.live.gabab),
        ahp=later(n.ahp, wait, c.ahp, c.live.ahp),
    )


def after_substep(n: Neuron, x: Value, ahp: Value, refractory: Value, c: Coefficients) -> Neuron:
    """The state at the end of a sub-step: the synapses have decayed, the rest is given."""
    return Neuron(
        x=x,
        ampa=fade(n.ampa, c.ampa.decay, c.live.ampa, c),
        nmda=fade(n.nmda, c.nmda.decay, c.live.nmda, c),
        gabaa=fade(n.gabaa, c.gabaa.decay, c.live.gabaa, c),
        gabab=fade(n.gabab, c.gabab.decay, c.live.gabab, c),
        ahp=ahp,
        refractory=refractory,
    )


def membrane(
    n: Neuron, x: Value, span: Value, external: Value | None, listening: Value, c: Coefficients
) -> tuple[Value, Value]:
    """Runge-Kutta (rk4) or the explicit trapezoid (heun): x after ``span`` seconds, and its first increment."""
    w = c.k.rate * span
    first = seen(n, external, 2, c)
    last = seen(n, external, 4, c)
    k1 = slope(x, *first, listening, c)
    if c.solver == "heun":
        k2 = slope(x + w * k1, *last, listening, c)
        return x + c.k.half * w * (k1 + k2), w * k1
    half = c.k.half * w
    centre = seen(n, external, 3, c)
    k2 = slope(x + half * k1, *centre, listening, c)
    k3 = slope(x + half * k2, *centre, listening, c)
    k4 = slope(x + w * k3, *last, listening, c)
    return x + c.k.sixth * w * (k1 + c.k.two * (k2 + k3) + k4), w * k1


def crossing(x: Value, first: Value, after: Value, c: Coefficients) -> Value:
    """Part of the step at which x crosses the threshold: the parabola through x, its slope and ``after``.

    x + first f + (after - x - first) f^2 = x_threshold, solved in the form that has no cancellation; 0 to 1.
    """
    k = c.k
    ahead = c.x_threshold - x
    root = sqrt(at_least(first * first + k.four * (after - x - first) * ahead, k.tiny))
    return between(k.two * ahead / at_least(first + root, k.tiny), k.zero, k.one)


def substep(
    n: Neuron, external: Value | None, c: Coefficients, spike: Callable[[Value], Value]
) -> tuple[Neuron, Value, Value]:
    """One sub-step of length h. Returns the state, the spikes, and how long before its end they came [s].

    The crossing of the threshold is interpolated, and the time left after it is given to the refractory timer; the
    end of the refractory period lies anywhere inside a sub-step too.
    """
    k = c.k
    listening = n.refractory < k.h
    wait = where(listening, n.refractory, k.zero)
    span = k.h - wait
    held = between(n.refractory, k.zero, k.h)  # part of the sub-step spent refractory
    # While refractory Iin = I0 and x stays near 0, where the slope is linear: rest_slope - leak x / kappa.
    release = k.rate * held * (c.rest_slope + c.leak * k.minus_inverse_kappa * n.x)
    x = where(listening, n.x + release, n.x)
    after, first = membrane(delayed(n, wait, c), x, span, external, listening, c)
    after = at_least(after, k.zero)

    s = spike((after - c.x_threshold) * c.surrogate_scale)
    stays = k.one - s
    # Not more than h: what a neuron faster than the sub-steps owes is dropped, else it would fire on without input
    left = between((k.one - crossing(x, first, after, c)) * span, k.zero, k.h)
    restart = k.rate * c.rest_slope * where(left < c.refractory, left, c.refractory)
    ahp = fade(n.ahp, c.ahp.decay, c.live.ahp, c)
    if c.live.ahp:
        ahp = ahp + s * c.ahp.jump * exp_of_rare(left, c.ahp.minus_rate)
    refractory = at_least(n.refractory - k.h, k.zero) * stays + s * (c.refractory - left)
    return after_substep(n, after * stays + s * restart, ahp, refractory, c), s, left


def euler(
    n: Neuron, external: Value | None, c: Coefficients, spike: Callable[[Value], Value]
) -> tuple[Neuron, Value, Value]:
    """Forward Euler in linear current with spikes and refractory period on the grid: what other simulators do.

    Here ``Integrator.decay`` is 1 - h / tau and what is seen are the currents as they are. For comparison only.
    """
    k = c.k
    # With a float countdown 2 ms would take 21 steps of 0.1 ms: half a step of tolerance
    listening = n.refractory < k.half * k.h
    x = between(n.x, k.zero, c.x_highest)
    current = exp(x)
    dc = c.dc if external is None else c.dc + external
    rise = slope_at(x, current, dc + n.ampa - n.gabab, n.nmda, c.leak + n.gabaa + n.ahp, listening, c)
    grown = current + current * k.rate * k.h * rise
    after = log(at_least(grown, k.one))
    s = spike((after - c.x_threshold) * c.surrogate_scale)
    ahp = fade(n.ahp, c.ahp.decay, c.live.ahp, c)
    if c.live.ahp:
        ahp = ahp + s * c.ahp.jump
    refractory = at_least(n.refractory - k.h, k.zero) * (k.one - s) + s * c.refractory
    return after_substep(n, after * (k.one - s), ahp, refractory, c), s, k.zero * s


class Fired(NamedTuple):
    """Whether the neuron has fired in this step (0 or 1), and the time of its first spike in the step [s]."""

    fired: Value
    when: Value


def advance(
    n: Neuron, before: Fired, start: Value, external: Value | None, c: Coefficients, spike: Callable[[Value], Value]
) -> tuple[Neuron, Fired]:
    """The sub-step that begins ``start`` seconds into the step."""
    one_substep = euler if c.solver == "euler" else substep
    n, s, left = one_substep(n, external, c, spike)
    when = where(before.fired > c.k.zero, before.when, start + c.k.h - left)
    return n, Fired(before.fired + s - before.fired * s, when)


def step(
    n: Neuron, external: Value | None, c: Coefficients, spike: Callable[[Value], Value]
) -> tuple[Neuron, Value, Value]:
    """One step of ``substeps`` sub-steps. Returns the state, the spikes (0 or 1), and their time in the step [s].

    A neuron fires at most once a step: a rate above 1 / dt cannot be represented and saturates there.
    """
    out, start = Fired(c.k.zero, c.k.zero), c.k.zero
    for _ in range(c.substeps):
        n, out = advance(n, out, start, external, c, spike)
        start = start + c.k.h
    return n, out.fired, out.when
