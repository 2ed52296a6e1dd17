"""A neuron that passes events on: it fires once, within a millisecond, for every event that it gets."""

from __future__ import annotations

from arcana.circuits.relations import leak_for
from arcana.graph import Population
from arcana.hardware.profile import HardwareProfile

# Found by simulation on the constants of both chips (docs/mapping.md has the table): one event takes the membrane
# from rest past the threshold in 0.7 ms, and what is left of it after the refractory period is too little for a
# second spike.
GROWTH = 15.4e3  # [1/s]: d ln(Imem) / dt = kappa I / (C Ut) that one event starts with
SYNAPSE = 1.4e-3  # [s]: time constant of the AMPA synapse
REFRACTORY = 2.5e-3  # [s]: events that come sooner after a spike leave no mark
LEAK = 50e-12  # [A]: Itau_mem
GAIN = 4e-9  # [A]: Igain_mem, above the threshold, so that the growth does not level off before


def relay_population(name: str, size: int, like: Population, profile: HardwareProfile) -> Population:
    """Relays that run in the time steps of another population.

    Iw_ampa = GROWTH C Ut / kappa: the input current after one event, with Igain_ampa = Itau_ampa.
    """
    technology = profile.technology()
    leak = leak_for(SYNAPSE, technology.C_ampa, technology)
    biases: dict[str, float | tuple[float, ...]] = dict(profile.default_biases())
    biases |= {
        "Itau_mem": LEAK, "Igain_mem": GAIN, "refractory": REFRACTORY, "Itau_ampa": leak, "Igain_ampa": leak,
        "Iw_ampa": GROWTH * technology.C_mem * technology.Ut / technology.kappa,
    }  # fmt: skip
    return Population(name, size, like.dt, biases, like.solver, like.leak_saturation, like.substeps)
