"""Higher networks, built from parts and held against the programs that they come from."""

from arcana.graded import Connection
from arcana.networks.brnn import BRNN
from arcana.networks.circuit import Circuit, Trace
from arcana.networks.connectome import Connectome
from arcana.networks.connectome_file import read_connectome
from arcana.networks.fiuri import FiuriCell, FiuriState
from arcana.networks.interface import Interface
from arcana.networks.rate import RateNetwork
from arcana.networks.twc import TWC
from arcana.networks.weights import GapJunction, MaskedDense

__all__ = [
    "BRNN", "Circuit", "Connection", "Connectome", "FiuriCell", "FiuriState", "GapJunction", "Interface",
    "MaskedDense", "RateNetwork", "TWC", "Trace", "read_connectome",
]  # fmt: skip
