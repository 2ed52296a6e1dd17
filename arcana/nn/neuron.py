"""A population of DPI neurons, one time step a call."""

from __future__ import annotations

from typing import Any

from arcana.circuits import current
from arcana.circuits.dpi import DPIState
from arcana.errors import BadInput
from arcana.hardware.registry import load_profile
from arcana.nn.base import DPIModule
from arcana.surrogate import fast_sigmoid
from arcana.typing import Surrogate, Tensor


class DPINeuron(DPIModule):
    """DPI neurons as a cell: ``forward`` is one step (``DPILayer`` runs sequences, and faster).

    See ``DPILayer`` for the equations, the synapse counts and the rules for biases.

    Args:
        n_in: Inputs.
        n_out: Neurons.
        dt: Time step [s].
        surrogate_fn: From ``arcana.surrogate``.
        train_Itau_mem: Train the membrane leak.
        train_Igain_mem: Train the membrane gain.
        train_Idc: Train the constant input current.
        train_ampa: Train the AMPA synapse counts.
        train_gabab: Train the GABA_B synapse counts.
        **biases: Biases by name [A, s]; further options of ``DPILayer`` (``profile``, ``solver``, ``fan_in``,
            ``bias_groups``, ``substeps``, ``leak_saturation``, ``train_nmda``, ``train_<bias>`` ...).

    Raises:
        BadInput: listing every unknown name (with the nearest known one) and every value out of range.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        dt: float = 1e-3,
        surrogate_fn: Surrogate = fast_sigmoid,
        train_Itau_mem: bool = False,
        train_Igain_mem: bool = False,
        train_Idc: bool = False,
        train_ampa: bool = False,
        train_gabab: bool = False,
        **biases: Any,
    ) -> None:
        layer = {key: biases.pop(key) for key in ("profile", "solver", "fan_in", "bias_groups") if key in biases}
        options = {
            "train_Itau_mem": train_Itau_mem,
            "train_Igain_mem": train_Igain_mem,
            "train_Idc": train_Idc,
            "train_ampa": train_ampa,
            "train_gabab": train_gabab,
            **biases,
        }
        super().__init__(n_in, n_out, dt, surrogate_fn, options=options, **layer)

    def forward(self, X: Tensor, state: DPIState | None = None) -> tuple[Tensor, DPIState]:
        """One step: events X (B, n_in) -> spikes (B, n_out) and the state to pass to the next call.

        Raises:
            BadInput: for a wrong shape, dtype or state, and for NaN, infinite or negative events.
        """
        if X.ndim < 2 or X.shape[-1] != self.n_in:
            raise BadInput.one("X", tuple(X.shape), f"(batch, {self.n_in})", "(shape)")
        out = self.run(X.unsqueeze(-2), state)
        return out.spikes.squeeze(-2), out.state

    @staticmethod
    def I2V(current_in: current.Number) -> current.Number:
        """V = (Ut / kappa) ln(I / I0): gate voltage [V] of a current [A], with the reference constants."""
        return current.I2V(current_in, load_profile("ideal").technology())

    @staticmethod
    def V2I(voltage: current.Number) -> current.Number:
        """I = I0 exp(kappa V / Ut): current [A] of a gate voltage [V]; the inverse of ``I2V``."""
        return current.V2I(voltage, load_profile("ideal").technology())
