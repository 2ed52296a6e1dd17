"""Time constants, refractory periods and pulse widths as currents (Chicca et al., Proc. IEEE 102(9), 2014).

Every function takes floats or tensors and has its inverse beside it. No torch here: profiles and exports use them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from arcana.circuits.technology import Technology

if TYPE_CHECKING:
    import torch

Number = TypeVar("Number", float, "torch.Tensor")


def tau_of(current: Number, capacitance: float, technology: Technology) -> Number:
    """Tau = C Ut / (kappa Itau): time constant [s] of an integrator with leak ``current`` [A]."""
    return capacitance * technology.Ut / (technology.kappa * current)


def leak_for(tau: Number, capacitance: float, technology: Technology) -> Number:
    """Itau = C Ut / (kappa tau): leak current [A] for a time constant [s]; the inverse of ``tau_of``."""
    return tau_of(tau, capacitance, technology)


def time_of(current: Number, capacitance: float, technology: Technology) -> Number:
    """T = V_on C / I: refractory period or pulse width [s] for a current [A]."""
    return technology.V_on * capacitance / current


def current_for_time(time: Number, capacitance: float, technology: Technology) -> Number:
    """I = V_on C / t: current [A] for a refractory period or pulse width [s]; the inverse of ``time_of``."""
    return time_of(time, capacitance, technology)
