"""Fixtures of the reference tests.

The file of spikes is made again by ``pytest tests/reference/test_golden_file.py --regenerate-golden --timeout=0``.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # the oracles and helpers beside this file

import golden_spikes
import our_solver
from drawn_neurons import DURATION


@pytest.fixture(scope="session")
def golden(request: pytest.FixtureRequest) -> golden_spikes.Golden:
    """The drawn neurons with the spikes of both oracles."""
    if request.config.getoption("--regenerate-golden", default=False):
        golden_spikes.regenerate()
    return golden_spikes.load()


@pytest.fixture(scope="session")
def ours(golden: golden_spikes.Golden) -> our_solver.Ours:
    """Spikes of all drawn neurons by (solver, dt, dtype), computed once a session."""

    @cache
    def run(solver: str, dt: float, dtype: torch.dtype = torch.float64) -> list[np.ndarray]:
        return our_solver.simulate(golden.biases, golden.events, dt, DURATION, solver=solver, dtype=dtype).spikes

    return run
