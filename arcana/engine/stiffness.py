"""A run says when its input current is too large for its sub-steps."""

from __future__ import annotations

import math

from arcana.circuits import equations as eq
from arcana.circuits.technology import Technology
from arcana.errors import ArcanaWarning, warn_user
from arcana.typing import Tensor
from arcana.units import show

STIFF = 2.0  # largest h |dF/dx| that the explicit solvers follow


class StiffDriveWarning(ArcanaWarning):
    """The input current is too large for the sub-steps: spike times and gradients are not accurate."""


def check_stiffness(peak: Tensor, c: eq.Coefficients, technology: Technology) -> None:
    """The slope of the input term Iin Igain / (Igain + I) in x is steepest at I = Igain, where it is Iin / 4.

    Args:
        peak: Largest input current of each neuron during the run, in units of I0.
        c: Coefficients of the run.
        technology: For the unit.
    """
    if c.solver == "euler":
        return
    per_unit = float(c.k.rate * c.k.h) / 4
    worst = float(peak.max())
    if worst * per_unit > STIFF:
        needed = c.substeps * worst * per_unit / STIFF
        remedy = f", or set substeps={math.ceil(needed)}" if math.isfinite(needed) else ""
        warn_user(
            f"the input current reaches {show(worst * technology.I0, 'A')}; sub-steps of "
            f"{show(float(c.k.h), 's')} are accurate up to {show(STIFF / per_unit * technology.I0, 'A')}: lower "
            f"the drive (Iw_ampa, synapse counts, rates){remedy}",
            StiffDriveWarning,
        )
