"""Exact spike times of some neurons of the drawn network, from the LSODA solution that the tests use."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

from benchmarks.network import RECEPTORS, TICK, Array, Network

REFERENCE = Path(__file__).resolve().parent.parent / "tests" / "reference"


def _load(name: str) -> ModuleType:
    """A module of tests/reference, which is not a package."""
    qualified = f"benchmarks_{name}"
    if qualified not in sys.modules:
        spec = importlib.util.spec_from_file_location(qualified, REFERENCE / f"{name}.py")
        if spec is None or spec.loader is None:
            raise ImportError(f"{REFERENCE / name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[qualified] = module
        spec.loader.exec_module(module)
    return sys.modules[qualified]


def cache_folder() -> Path:
    """Where computed spike times are kept."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "arcana-benchmarks"


def exact(net: Network, X: torch.Tensor, neurons: tuple[int, ...], path: Path | None = None) -> list[Array]:
    """Spike times [s] of the neurons under the events X (ticks, n_in); slow, so they are kept in a file.

    Args:
        net: The network.
        X: Events per tick; they arrive at its start.
        neurons: Which neurons.
        path: File to keep the spikes in; None is one in the user's cache, named after everything that matters.
    """
    ticks = X.numpy()
    key = hashlib.sha256(ticks.tobytes() + repr(neurons).encode())
    for table in (net.biases, net.counts):
        for name in sorted(table):
            key.update(name.encode() + table[name].tobytes())
    key.update(repr(net.technology).encode() + (REFERENCE / "oracle.py").read_bytes())
    digest = key.hexdigest()[:16]
    path = path or cache_folder() / f"oracle-{digest}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as file:
            if str(file["digest"]) == digest:
                return np.split(file["times"], np.cumsum(file["counts"])[:-1])
    trains = [_solve(net, ticks, n) for n in neurons]
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, digest=digest, times=np.concatenate(trains), counts=[len(t) for t in trains])
    return trains


def _solve(net: Network, ticks: Array, neuron: int) -> Array:
    oracle, t = _load("oracle"), net.technology
    capacitance = {part: getattr(t, f"C_{part}") for part in ("mem", *RECEPTORS, "ahp")}
    bias = {name: float(value[neuron]) for name, value in net.biases.items()}
    arrivals = {}
    for receptor in RECEPTORS:
        arriving = np.rint(ticks @ net.counts[receptor][neuron]).astype(int)
        arrivals[receptor] = np.repeat(np.arange(len(ticks)) * TICK, arriving)
    cell = oracle.Cell(bias, t.I0, t.Ut, t.kappa, capacitance, arrivals)
    spikes: Array = oracle.solve(cell, len(ticks) * TICK)
    return spikes


def median_error(reference: list[Array], found: list[Array]) -> tuple[float, float]:
    """Median error [s] of all spikes, with that of a missed or extra one infinite; and the share of those."""
    score = _load("spike_matching").compare(reference, found)[0]
    alone = score.missed + score.extra
    return float(np.median(np.concatenate([score.errors, np.full(alone, np.inf)]))), float(score.lost)
