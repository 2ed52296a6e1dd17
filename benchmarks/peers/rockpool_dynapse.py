"""rockpool's ``DynapSim``: its own simplified Dynap-SE neuron (one synapse, no inhibition) jitted by JAX."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

from benchmarks.arcana_layer import Unavailable
from benchmarks.network import events
from benchmarks.shapes import Shape

NAME = "rockpool DynapSim (JAX)"


class RockpoolJob:
    """A linear projection and a layer of DynapSim neurons; one compilation per number of steps."""

    def __init__(self, shape: Shape) -> None:
        import jax
        import jax.numpy as jnp
        from rockpool.devices.dynapse.simulation.dynapsim import DynapSim
        from rockpool.nn.combinators import Sequential
        from rockpool.nn.modules.jax import LinearJax

        net: Any = Sequential(LinearJax((shape.n_in, shape.n_out)), DynapSim((shape.n_out,), dt=1e-3))
        self.parameters = net.parameters()
        self.X = jnp.asarray(events(shape.batch, shape.steps, shape.n_in).numpy())

        def spikes(parameters: Any, X: Any) -> Any:
            return net.set_attributes(parameters)(X)[0]

        self._forward = jax.jit(spikes)
        self._gradient = jax.jit(jax.grad(lambda p, X: spikes(p, X).sum()))
        self._wait = jax.block_until_ready

    def forward(self, steps: int) -> Any:
        """Spikes of the first steps."""
        return self._wait(self._forward(self.parameters, self.X[:, :steps]))

    def train(self, steps: int) -> Any:
        """Gradients of the sum of the spikes to all parameters."""
        return self._wait(self._gradient(self.parameters, self.X[:, :steps]))


def job(shape: Shape) -> RockpoolJob:
    """The simulator at a shape.

    Raises:
        Unavailable: if it is not installed, or the shape is not for it.
    """
    if shape.chips > 1 or shape.recurrent:
        raise Unavailable("measured on one chip without recurrence only")
    # The interface to the chip, which a simulation does not need: the stub of it on PyPI starts pip when imported.
    sys.modules.setdefault("samna", None)  # type: ignore[arg-type]
    os.environ.setdefault("NPROC", "1")  # the size of the thread pool of XLA
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return RockpoolJob(shape)
    except ImportError as error:
        raise Unavailable(f"rockpool or JAX cannot be imported: {error}") from error
