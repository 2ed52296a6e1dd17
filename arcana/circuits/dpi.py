"""State, biases and one step of the DPI neuron, in amperes and seconds: the face of ``circuits.equations``."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import torch

from arcana.circuits import equations as eq
from arcana.circuits.relations import tau_of
from arcana.circuits.technology import Technology
from arcana.errors import BadInput
from arcana.surrogate import fast_sigmoid
from arcana.typing import Surrogate, Tensor

SOLVERS = ("rk4", "heun", "euler")
ALL_LIVE = eq.Live()
LONGEST_SUBSTEP = 0.5e-3  # [s], from the study of integrators in docs/numerics.md


class DPIBias(NamedTuple):
    """The biases of a population [A] (``refractory``, ``pulse``, ``pulse_ahp`` [s], ``Ipfb_norm`` [1/A]).

    Shapes broadcast against the state: () for a population, (n,) per neuron, (chips, 1, n) per virtual chip.
    ``pulse`` None means that an input event is a unit jump (p = 1).
    """

    Itau_mem: Tensor
    Igain_mem: Tensor
    Ith: Tensor
    Idc: Tensor
    Ipfb_th: Tensor
    Ipfb_norm: Tensor
    refractory: Tensor
    Itau_ampa: Tensor
    Igain_ampa: Tensor
    Iw_ampa: Tensor
    Inmda_thr: Tensor
    Itau_nmda: Tensor
    Igain_nmda: Tensor
    Iw_nmda: Tensor
    Itau_gabaa: Tensor
    Igain_gabaa: Tensor
    Iw_gabaa: Tensor
    Itau_gabab: Tensor
    Igain_gabab: Tensor
    Iw_gabab: Tensor
    Itau_ahp: Tensor
    Igain_ahp: Tensor
    Iw_ahp: Tensor
    pulse: Tensor | None = None
    pulse_ahp: Tensor | None = None


class DPIState(NamedTuple):
    """The currents of a population [A] and the refractory time left [s]; always passed in and returned."""

    Imem: Tensor
    Iampa: Tensor
    Inmda: Tensor
    Igabaa: Tensor
    Igabab: Tensor
    Iahp: Tensor
    refractory: Tensor

    @classmethod
    def rest(cls, shape: tuple[int, ...], technology: Technology, like: Tensor) -> DPIState:
        """All currents at the floor I0, not refractory; dtype and device of ``like``."""
        floor = torch.full(shape, technology.I0, dtype=like.dtype, device=like.device)
        return cls(floor, floor, floor, floor, floor, floor, torch.zeros_like(floor))


class DPIInputs(NamedTuple):
    """What arrives in one step: events times synapse count per receptor, and an external current [A]."""

    ampa: Tensor | None = None
    nmda: Tensor | None = None
    gabaa: Tensor | None = None
    gabab: Tensor | None = None
    external: Tensor | None = None


def dpi_step(
    inputs: DPIInputs,
    state: DPIState,
    bias: DPIBias,
    technology: Technology,
    dt: float,
    *,
    solver: str = "rk4",
    substeps: int | None = None,
    leak_saturation: bool = True,
    live: eq.Live = ALL_LIVE,
    surrogate_fn: Surrogate = fast_sigmoid,
) -> tuple[Tensor, DPIState]:
    """One step of the DPI neuron: the reference that every kernel is held against.

    The equations are in ``arcana.circuits.equations``; input events arrive at the start of the step.

    Args:
        inputs: Events and external current of this step, each broadcastable to the state.
        state: Currents [A] at the start of the step.
        bias: Biases [A].
        technology: Constants of the chip.
        dt: Length of the step [s].
        solver: "rk4", "heun", or "euler" for comparison with other simulators.
        substeps: Inner steps; None takes as many as keep each at or below 0.5 ms.
        leak_saturation: Whether the leak transistor leaves saturation at the floor.
        live: Which integrators move; one that is not live is held at its value.
        surrogate_fn: Step function with the slope to use in the backward pass.

    Returns:
        Spikes (0 or 1, shape of the state) and the state at the end of the step.

    Raises:
        BadInput: for an unknown solver or a dt that is not positive.
    """
    c = coefficients(
        bias,
        technology,
        dt,
        solver=solver,
        substeps=substeps,
        leak_saturation=leak_saturation,
        live=live,
    )
    neuron = eq.receive(to_neuron(state, technology), inputs[:4], c)
    neuron, spikes, _ = eq.step(
        neuron, None if inputs.external is None else inputs.external / technology.I0, c, surrogate_fn
    )
    return spikes, from_neuron(neuron, technology)


def to_neuron(state: DPIState, technology: Technology) -> eq.Neuron:
    """The state in the equations' units."""
    Imem, ampa, nmda, gabaa, gabab, ahp = (current / technology.I0 for current in state[:6])
    return eq.Neuron(torch.log(Imem), ampa, nmda, gabaa, gabab, ahp, state.refractory)


def from_neuron(neuron: eq.Neuron, technology: Technology) -> DPIState:
    """The state in amperes."""
    ampa, nmda, gabaa, gabab, ahp = (current * technology.I0 for current in neuron[1:6])
    return DPIState(torch.exp(neuron.x) * technology.I0, ampa, nmda, gabaa, gabab, ahp, neuron.refractory)


def coefficients(
    bias: DPIBias,
    technology: Technology,
    dt: float,
    *,
    solver: str = "rk4",
    substeps: int | None = None,
    leak_saturation: bool = True,
    live: eq.Live = ALL_LIVE,
) -> eq.Coefficients:
    """All that one step needs beside state and input, computed once per sequence; differentiable in the biases."""
    if solver not in SOLVERS:
        raise BadInput.one("solver", solver, "one of " + ", ".join(SOLVERS))
    if not (math.isfinite(dt) and dt > 0):
        raise BadInput.one("dt", dt, "a finite number > 0", "s")
    if substeps is None:
        substeps = 1 if solver == "euler" else max(1, math.ceil(dt / LONGEST_SUBSTEP - 1e-9))
    elif substeps < 1 or (solver == "euler" and substeps != 1):
        raise BadInput.one("substeps", substeps, "1" if solver == "euler" else "a whole number >= 1")
    t, h, unit = technology, dt / substeps, 1.0 / technology.I0
    gain = bias.Igain_mem * unit
    norm = bias.Ipfb_norm * technology.I0
    feedback_threshold = bias.Ipfb_th * unit
    x_threshold = torch.log(bias.Ith * unit)
    return eq.Coefficients(
        solver=solver,
        substeps=substeps,
        leak_saturation=leak_saturation,
        live=live,
        k=_constants(t, h, gain.dtype, gain.device),
        gain=gain,
        leak=bias.Itau_mem * unit,
        dc=bias.Idc * unit,
        nmda_threshold=bias.Inmda_thr * unit,
        feedback_norm=norm,
        feedback_threshold=feedback_threshold,
        rest_slope=gain / (gain + 1.0) + torch.sigmoid(norm * (1.0 - feedback_threshold)),
        x_threshold=x_threshold,
        x_highest=x_threshold.clamp(min=0.0) + eq.MARGIN,
        surrogate_scale=1.0 / x_threshold.clamp(min=1.0),
        refractory=bias.refractory,
        **_integrators(bias, t, h, solver),
    )


def pulse_efficacy(pulse: Tensor | None, tau: Tensor) -> Tensor | float:
    """P = 1 - exp(-t_pulse / tau): what a pulse of finite width leaves of a unit jump; 1 without a pulse."""
    return 1.0 if pulse is None else -torch.expm1(-pulse / tau)


@lru_cache(maxsize=64)
def _constants(t: Technology, h: float, dtype: torch.dtype, device: torch.device) -> eq.Constants:
    numbers = {
        "zero": 0.0,
        "half": 0.5,
        "one": 1.0,
        "two": 2.0,
        "four": 4.0,
        "sixth": 1.0 / 6.0,
        "tiny": 1e-6,
        "minus_inverse_kappa": -1.0 / t.kappa,
        "feedback_power": t.kappa / (t.kappa + 1.0),
        "rate": t.kappa * t.I0 / (t.C_mem * t.Ut),
        "h": h,
    }
    with torch.inference_mode(False):  # kept for later runs, which may need gradients
        return eq.Constants(
            **{name: torch.tensor(number, dtype=dtype, device=device) for name, number in numbers.items()}
        )


def _integrators(bias: DPIBias, t: Technology, h: float, solver: str) -> dict[str, eq.Integrator]:
    """All five; those that are alike are computed together, since each small operation costs a microsecond."""
    alike: dict[tuple[object, ...], list[str]] = {}
    parts: dict[str, list[Tensor]] = {}
    for name in ("ampa", "nmda", "gabaa", "gabab", "ahp"):
        pulse = bias.pulse_ahp if name == "ahp" else bias.pulse
        parts[name] = [getattr(bias, f"{part}_{name}") for part in ("Itau", "Igain", "Iw")]
        parts[name] += [] if pulse is None else [pulse]
        # Only what is trained alike goes together: no coefficient shall seem trained that is not
        alike.setdefault(tuple((p.shape, p.requires_grad) for p in parts[name]), []).append(name)
    found = {}
    for names in alike.values():
        together = [torch.stack(same) for same in zip(*(parts[name] for name in names), strict=True)]
        shape = (-1, *(1 for _ in range(max(p.ndim for p in together) - 1)))
        capacitances: Any = together[0].new_tensor([getattr(t, f"C_{name}") for name in names]).view(shape)
        Itau, Igain, Iw, *width = (
            p.view(len(names), *(1,) * (len(shape) - p.ndim), *p.shape[1:]) for p in together
        )
        tau = tau_of(Itau, capacitances, t)
        every = _integrator(Itau, Igain, Iw * (1.0 / t.I0), tau, width[0] if width else None, h, solver)
        for i, name in enumerate(names):
            found[name] = eq.Integrator(*(field[i] for field in every))
    return found


def _integrator(
    Itau: Tensor, Igain: Tensor, Iw: Tensor, tau: Tensor, pulse: Tensor | None, h: float, solver: str
) -> eq.Integrator:
    jump = Igain / Itau * Iw * pulse_efficacy(pulse, tau)
    z = h / tau
    if solver == "euler":
        one = torch.ones_like(z)
        return eq.Integrator(jump, 1.0 - z, one, one, one, -1.0 / tau)
    decay, middle = torch.exp(-z), torch.exp(-0.5 * z)
    quadrature = (1.0 + decay) / 2.0 if solver == "heun" else (1.0 + 4.0 * middle + decay) / 6.0
    charge = -torch.expm1(-z) / z / quadrature
    return eq.Integrator(jump, decay, charge, charge * middle, charge * decay, -1.0 / tau)
