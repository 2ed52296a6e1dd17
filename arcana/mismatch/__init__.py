"""Device mismatch: how biases spread from neuron to neuron, and chips drawn from that.

``arcana.mismatch.measured`` fits it to measurements.
"""

from arcana.mismatch.model import MismatchModel
from arcana.mismatch.sample import Mismatch
from arcana.mismatch.shapes import DISTRIBUTIONS

__all__ = ["DISTRIBUTIONS", "Mismatch", "MismatchModel"]
