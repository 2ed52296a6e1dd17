"""A population of DPI neurons over a whole sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arcana.circuits.dpi import DPIState
from arcana.errors import Problems
from arcana.graph import NetworkGraph, Solver
from arcana.hardware.board import check_board
from arcana.hardware.profile import HardwareProfile
from arcana.nn.base import DPIModule
from arcana.surrogate import fast_sigmoid
from arcana.typing import Surrogate, Tensor


class DPILayer(DPIModule):
    """DPI neurons: tau_mem dImem/dt by the equations of ``arcana.circuits.equations``, spikes at Imem = Ith.

    An event on input i adds ``W_r[j, i] (Igain_r / Itau_r) Iw_r p`` to the current of receptor r (ampa, nmda,
    gabaa, gabab) of neuron j; p is 1, or 1 - exp(-pulse / tau) if ``pulse`` is given. ``W_r`` are counts of
    synapses: they pass through ``Round``, and stay within ``fan_in`` per neuron over all receptors and inputs.

    Biases are held as ln(I / I0) in ``log_<bias>``; ``layer.Itau_mem`` reads one in amperes and
    ``set_bias`` changes one. A bias is one value for the layer, one per neuron, or one per bias group.

    Args:
        n_in: Inputs.
        n_out: Neurons.
        dt: Time step [s].
        profile: Hardware profile or its name: constants, default biases, ranges and fan-in. None is the
            reference profile (``ideal``) without a limit on the fan-in.
        recurrent: Whether the neurons also listen to each other: counts ``R_r`` (n_out, n_out), at first 0.
        solver: "rk4" (default), "heun" (cheaper) or "euler" (for comparison with other simulators).
        fan_in: Most synapses a neuron may have; None takes the profile's limit.
        bias_groups: Group number of each neuron; a bias then has one value per group.
        **options: Biases by name [A, s]; ``train_<bias>`` and ``train_<receptor>`` flags; ``surrogate_fn``;
            ``substeps`` (inner steps, None: each at most 0.5 ms); ``leak_saturation``; ``weight_switches`` (weights
            are sums of that many switched currents, as on Dynap-SE2, in place of whole counts).

    Raises:
        BadInput: listing every unknown name (with the nearest known one) and every value out of range.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        dt: float = 1e-3,
        profile: HardwareProfile | str | None = None,
        recurrent: bool = False,
        solver: Solver = "rk4",
        fan_in: int | None = None,
        bias_groups: Sequence[int] | None = None,
        **options: Any,
    ) -> None:
        surrogate_fn: Surrogate = options.pop("surrogate_fn", fast_sigmoid)
        super().__init__(n_in, n_out, dt, surrogate_fn, profile, recurrent, solver, fan_in, bias_groups, options)
        problems = Problems()
        check_board(n_out, self.profile, problems)
        problems.raise_if_any()

    def graph(self) -> NetworkGraph:
        """The layer as plain data, for ``arcana.map_network``."""
        from arcana.nn.graph import graph_of  # above this floor: it knows all modules

        return graph_of(self)

    def forward(
        self, X: Tensor, state: DPIState | None = None, external: Tensor | None = None
    ) -> tuple[Tensor, DPIState]:
        """Events X (B, T, n_in) -> spikes (B, T, n_out) and the state after them.

        Leading axes are kept; with mismatch for several chips the output is (chips, B, T, n_out).

        Args:
            X: Events per step, 0/1 or counts.
            state: The state returned by the call before; None starts from rest.
            external: Current into each neuron [A], (B, T, n_out).

        Raises:
            BadInput: for a wrong shape, dtype or state, and for NaN, infinite or negative events.
        """
        out = self.run(X, state, external)
        return out.spikes, out.state
