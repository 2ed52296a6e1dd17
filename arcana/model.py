"""The documented face: ``DPINeuron``, ``ADM`` and ``Round`` in one import."""

from arcana.circuits.dpi import DPIBias, DPIInputs, DPIState, dpi_step
from arcana.nn.encoder import ADM
from arcana.nn.layer import DPILayer
from arcana.nn.neuron import DPINeuron
from arcana.nn.parameter import UpdateParams
from arcana.nn.sequential import Sequential
from arcana.nn.simulate import Trace, simulate
from arcana.quantize.ste import Round

__all__ = [
    "ADM", "DPIBias", "DPIInputs", "DPILayer", "DPINeuron", "DPIState", "Round", "Sequential", "Trace",
    "UpdateParams", "dpi_step", "simulate",
]  # fmt: skip
