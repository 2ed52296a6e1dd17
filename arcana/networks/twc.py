"""The tap withdrawal circuit of C. elegans: 11 neurons, 26 connections, a state of two numbers, one action."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

from arcana.networks.circuit import Circuit
from arcana.networks.connectome_file import read_connectome
from arcana.networks.fiuri import Variant
from arcana.networks.parameter_file import read_parameters

SENSORY_THRESHOLD, SENSORY_DECAY = -0.5, 2.2
DECAY = 0.1


class TWC(Circuit):
    """Tap withdrawal circuit for MountainCarContinuous: observation (position, velocity), action in [-1, 1].

    ``exact`` gives the numbers of the original program. An observation reaches REV in its second step and FWD in
    its third. The sensory neurons' own threshold and decay have no effect: their states are written anew before
    each step.

    Weights, thresholds and decays start at the values published with the circuit. Sources: circuit and weights of
    the public program PyURI; the anatomy is that of Chalfie et al., J. Neurosci. 5(4), 1985.

    Args:
        variant: See ``arcana.networks.fiuri.FiuriCell``; its options as well.
        **options: Of the variant.
    """

    def __init__(self, variant: Variant = "exact", **options: float) -> None:
        with as_file(files("arcana.networks") / "circuits" / "tap_withdrawal.json") as path:
            super().__init__(read_connectome(path), variant, **options)
        sensory = [name for i in self.connectome.inputs for name in (i.positive, i.negative)]
        self.load_parameters(
            threshold={name: SENSORY_THRESHOLD if name in sensory else 0.0 for name in self.neurons},
            decay={name: SENSORY_DECAY if name in sensory else DECAY for name in self.neurons},
        )

    @classmethod
    def solved(cls, variant: Variant = "exact", **options: float) -> TWC:
        """The circuit with parameters that solve MountainCarContinuous, in float64.

        Found by random search, then refined by gradients through time (``scripts/make_mountain_car.py``); seeds,
        command, time and score are in ``circuits/mountain_car.json``.
        """
        circuit = cls(variant, **options).double()
        with as_file(files("arcana.networks") / "circuits" / "mountain_car.json") as path:
            read_parameters(circuit, path)
        return circuit

    @staticmethod
    def from_connectome(path: str | Path, variant: Variant = "exact", **options: float) -> Circuit:
        """Another circuit from a file: see ``arcana.networks.connectome_file.read_connectome``."""
        return Circuit(read_connectome(path), variant, **options)
