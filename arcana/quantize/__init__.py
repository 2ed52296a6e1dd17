"""What the chip can hold in place of real numbers: codes of the bias generator, whole synapses."""

from __future__ import annotations

from arcana.quantize.biasgen import BiasGenerator, Code, DecadeError

__all__ = ["BiasGenerator", "Code", "DecadeError"]
