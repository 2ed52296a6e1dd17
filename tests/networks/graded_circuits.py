"""Circuits for these tests: the golden ones, and random ones whose numbers are exact in binary."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from hypothesis import settings
from hypothesis import strategies as st

from arcana.graded import KINDS, Connection
from arcana.networks import TWC, Circuit, Connectome, Interface

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "twc" / "twc.npz")
SETS = sorted(key.removesuffix("_T") for key in GOLDEN.files if key.endswith("_T"))
FEW = settings(max_examples=min(settings.default.max_examples, 60))  # each compiles a kernel or two
SEQUENCES = ("uniform", "swing", "plateaus", "quantised")
VARIANTS = (("exact", {}), ("smooth", {}), ("annealed", {"temperature": 0.3}), ("annealed", {"temperature": 0.02}))


def golden_circuit(parameters, variant="exact", dtype=torch.float64, **options):
    """The tap withdrawal circuit with a parameter set of the golden file."""
    twc = TWC(variant, **options).to(dtype)
    names = [str(name) for name in GOLDEN["neuron_names"]]
    pairs = zip(map(str, GOLDEN["conn_src"]), map(str, GOLDEN["conn_dst"]), strict=True)
    values = (dict(zip(names, GOLDEN[f"{parameters}_{what}"].tolist(), strict=True)) for what in "TD")
    twc.load_parameters(*values, dict(zip(pairs, GOLDEN[f"{parameters}_W"].tolist(), strict=True)))
    return twc


def golden_sequence(name, dtype=torch.float64):
    """Observations (1, 300, 2), and before which steps there is a reset."""
    return torch.tensor(GOLDEN[f"obs_{name}"], dtype=dtype)[None], torch.tensor(GOLDEN[f"reset_{name}"])


def observations(batch, steps, seed=0, dtype=torch.float64):
    """Positions and velocities of the whole range."""
    generator = torch.Generator().manual_seed(seed)
    share = torch.rand(batch, steps, 2, generator=generator, dtype=torch.float64)
    return (share * torch.tensor([1.8, 0.2]) + torch.tensor([-1.2, -0.1])).to(dtype)


def fourths(low, high):
    """Multiples of 1/4: over a dozen steps every sum and product of them is exact in float64."""
    return st.integers(4 * low, 4 * high).map(lambda k: k / 4)


@st.composite
def wirings(draw, most=7):
    """A random connectome: at least four neurons, one input, one output, each pair connected once at most."""
    n = draw(st.integers(4, most))
    names = tuple(f"n{k}" for k in range(n))
    pairs = [(a, b) for a in names for b in names if a != b]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, min_size=1, max_size=3 * n))
    connections = tuple(Connection(a, b, draw(st.sampled_from(KINDS)), draw(fourths(0, 2))) for a, b in chosen)
    sensory, motor = Interface(names[0], names[1], 0.0, -1.0, 1.0), Interface(names[2], names[3], 0.0, -1.0, 1.0)
    return Connectome(names, connections, (sensory,), (motor,))


@st.composite
def circuits(draw, variant="exact", **options):
    """A random circuit in float64, with thresholds and decays that are exact in binary."""
    circuit = Circuit(draw(wirings()), variant, **options).double()
    circuit.load_parameters(
        {name: draw(fourths(-2, 2)) for name in circuit.neurons},
        {name: draw(fourths(0, 1)) for name in circuit.neurons},
    )
    return circuit


@st.composite
def sequences(draw, most=12):
    """Observations (1, T, 1) of one input from -1 to 1, exact in binary."""
    values = draw(st.lists(fourths(-1, 1), min_size=1, max_size=most))
    return torch.tensor(values, dtype=torch.float64)[None, :, None]


def traces(circuit, obs, compiled, **given):
    """Action, E and O, by the compiled loop or by the eager one."""
    with torch.set_grad_enabled(not compiled):
        trace = circuit.run(obs, **given)
    return trace.action.detach(), trace.E.detach(), trace.O.detach()
