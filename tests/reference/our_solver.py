"""arcana's own solver on the drawn neurons: all of them in one batch, through the eager time loop."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from drawn_neurons import CAPACITANCE, CONSTANTS, GRID

from arcana.circuits import equations as eq
from arcana.circuits.dpi import DPIBias, DPIState, coefficients
from arcana.circuits.names import OPTIONAL_BIASES, RECEPTORS
from arcana.circuits.technology import Technology
from arcana.engine import dispatch
from arcana.engine.drive import Drive, Job
from arcana.engine.stiffness import StiffDriveWarning
from arcana.surrogate import fast_sigmoid

TECHNOLOGY = Technology(
    I0=CONSTANTS["I0"],
    Ut=CONSTANTS["Ut"],
    kappa_n=0.75,
    kappa_p=0.66,
    **{f"C_{part}": farads for part, farads in CAPACITANCE.items()},
    C_ref=1.5e-12,
    C_pulse=0.5e-12,
    C_pulse_ahp=0.5e-12,
    V_on=0.7,
)
# The biases of the documented interface; synapses alike.
DEFAULTS = {
    "Itau_mem": 5e-12, "Igain_mem": 20e-12, "Ith": 2e-9, "Idc": 1e-12, "Ipfb_th": 500e-12, "Ipfb_norm": 1.47e9,
    "refractory": 0.0, "Inmda_thr": 0.5e-12, "Itau_ahp": 2e-12, "Igain_ahp": 2e-12, "Iw_ahp": 0.0,
    **{f"Itau_{r}": 20e-12 for r in RECEPTORS},
    **{f"Igain_{r}": 80e-12 for r in RECEPTORS},
    **{f"Iw_{r}": 80e-12 for r in RECEPTORS},
}  # fmt: skip

Ours: TypeAlias = Callable[..., list[np.ndarray]]  # spikes of all drawn neurons by (solver, dt, dtype)


class Run(NamedTuple):
    """Spike times [s] per neuron, and what was recorded: (steps, neurons) by name."""

    spikes: list[np.ndarray]
    record: dict[str, np.ndarray]
    state: DPIState


def biases(neurons: Sequence[Mapping[str, float]], dtype: torch.dtype = torch.float64) -> DPIBias:
    """One bias of shape (neurons,) per name."""
    names = [name for name in DPIBias._fields if name not in OPTIONAL_BIASES]
    return DPIBias(**{name: torch.tensor([n[name] for n in neurons], dtype=dtype) for name in names})


def state(neurons: int, dtype: torch.dtype = torch.float64, **currents: Sequence[float]) -> DPIState:
    """A state of shape (1, neurons): currents [A] by name (``Imem``, ``Iampa`` ...), the floor where not given."""
    rest = DPIState.rest((1, neurons), TECHNOLOGY, torch.zeros((), dtype=dtype))
    return rest._replace(**{name: torch.tensor([list(values)], dtype=dtype) for name, values in currents.items()})


def defaults(**changed: float) -> dict[str, float]:
    """The documented defaults with some biases changed."""
    unknown = set(changed) - set(DEFAULTS)
    if unknown:
        raise KeyError(f"no such bias: {sorted(unknown)}")
    return DEFAULTS | changed


def simulate(
    neurons: Sequence[Mapping[str, float]],
    events: Sequence[Mapping[str, np.ndarray]],
    dt: float,
    duration: float,
    *,
    solver: str = "rk4",
    substeps: int | None = None,
    dtype: torch.dtype = torch.float64,
    record: Sequence[str] = (),
    start: DPIState | None = None,
    technology: Technology = TECHNOLOGY,
    leak_saturation: bool = True,
    c: eq.Coefficients | None = None,
) -> Run:
    """Run neurons side by side; ``events`` are counts per tick of 1 ms, which dt has to divide."""
    n, steps, per_tick = len(neurons), round(duration / dt), round(GRID / dt)
    used = [receptor for receptor in RECEPTORS if any(receptor in e for e in events)]
    X = torch.zeros(1, steps, max(1, len(used)) * n, dtype=dtype)
    feed: list[torch.Tensor | None] = [None] * len(RECEPTORS)
    for number, receptor in enumerate(used):
        own = slice(number * n, (number + 1) * n)  # every neuron has inputs of its own, one for each receptor
        feed[RECEPTORS.index(receptor)] = torch.zeros(n, X.shape[-1], dtype=dtype)
        feed[RECEPTORS.index(receptor)][:, own] = torch.eye(n, dtype=dtype)
        for i, e in enumerate(events):
            if receptor in e:
                given = torch.as_tensor(np.asarray(e[receptor]), dtype=dtype)
                at = torch.arange(len(given)) * per_tick
                X[0, at[at < steps], own.start + i] = given[at < steps]
    with torch.no_grad(), warnings.catch_warnings():
        # neurons are driven on both sides of the limit of this warning on purpose: what counts is the spike times
        warnings.simplefilter("ignore", StiffDriveWarning)
        if c is None:
            c = coefficients(
                biases(neurons, dtype), technology, dt,
                solver=solver, substeps=substeps, leak_saturation=leak_saturation,
            )  # fmt: skip
        start = DPIState.rest((1, n), technology, torch.zeros((), dtype=dtype)) if start is None else start
        job = Job(Drive(X, tuple(feed)), start, c, technology, dt, fast_sigmoid, record=("spike_times", *record))
        _, end, kept = dispatch.run(job)
    times = kept.pop("spike_times")[0].numpy()
    spikes = [column[~np.isnan(column)] for column in times.T]
    return Run(spikes, {name: value[0].numpy() for name, value in kept.items()}, end)
