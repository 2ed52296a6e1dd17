"""The names of biases and receptors, their units and what they do. No torch here: profiles need them too."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Receptor: TypeAlias = Literal["ampa", "nmda", "gabaa", "gabab"]


class BiasInfo(NamedTuple):
    """Unit and role of one bias of the DPI neuron, and whether zero is allowed."""

    unit: str
    role: str
    zero_allowed: bool = False


RECEPTORS: tuple[Receptor, ...] = ("ampa", "nmda", "gabaa", "gabab")


def _synapse(receptor: str, text: str) -> dict[str, BiasInfo]:
    return {
        f"Itau_{receptor}": BiasInfo("A", f"leak of the {text} synapse: tau = C Ut / (kappa Itau)"),
        f"Igain_{receptor}": BiasInfo("A", f"gain of the {text} synapse"),
        f"Iw_{receptor}": BiasInfo("A", f"weight current of one {text} synapse"),
    }


BIASES: dict[str, BiasInfo] = {
    "Itau_mem": BiasInfo("A", "membrane leak: tau_mem = C_mem Ut / (kappa Itau_mem)"),
    "Igain_mem": BiasInfo("A", "membrane gain"),
    "Ith": BiasInfo("A", "spike threshold of the membrane current"),
    "Idc": BiasInfo("A", "constant input current", zero_allowed=True),
    "Ipfb_th": BiasInfo("A", "membrane current at which the positive feedback sets in"),
    "Ipfb_norm": BiasInfo("1/A", "steepness of the onset of the positive feedback", zero_allowed=True),
    "refractory": BiasInfo("s", "refractory period", zero_allowed=True),
    **_synapse("ampa", "AMPA (fast excitatory)"),
    "Inmda_thr": BiasInfo("A", "membrane current at which the NMDA gate is half open"),
    **_synapse("nmda", "NMDA (slow excitatory, gated by the membrane)"),
    **_synapse("gabaa", "GABA_A (shunting)"),
    **_synapse("gabab", "GABA_B (subtractive)"),
    "Itau_ahp": BiasInfo("A", "leak of the adaptation integrator"),
    "Igain_ahp": BiasInfo("A", "gain of the adaptation integrator"),
    "Iw_ahp": BiasInfo("A", "step of the adaptation current per spike; 0 is off", zero_allowed=True),
    "pulse": BiasInfo("s", "width of the synaptic input pulse; unset means a unit jump"),
    "pulse_ahp": BiasInfo("s", "width of the adaptation pulse; unset means a unit jump"),
}

OPTIONAL_BIASES = ("pulse", "pulse_ahp")
