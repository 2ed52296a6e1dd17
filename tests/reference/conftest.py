"""Fixtures of the reference tests.

The file of spikes is made again by ``pytest tests/reference/test_golden_file.py --regenerate-golden --timeout=0``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # the oracles and helpers beside this file

import golden_spikes
import our_solver
from drawn_neurons import DURATION

from arcana.engine.dispatch import use_engine

ENGINES = ("reference", "fused")
RUNNING = {"simulate", "errors", "order"}  # helpers that run arcana's neurons


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that runs arcana's neurons runs them on each engine; the others (oracles, encoder) run once."""
    if "ours" in metafunc.fixturenames or RUNNING & _names(metafunc.function.__code__):
        metafunc.fixturenames.append("engine")
        metafunc.parametrize("engine", ENGINES, indirect=True)


def _names(code: CodeType) -> set[str]:
    inside = (const for const in code.co_consts if isinstance(const, CodeType))  # comprehensions
    return set(code.co_names).union(*map(_names, inside))


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine that the test runs on."""
    with use_engine(request.param):
        yield request.param


@pytest.fixture(scope="session")
def golden(request: pytest.FixtureRequest) -> golden_spikes.Golden:
    """The drawn neurons with the spikes of both oracles."""
    if request.config.getoption("--regenerate-golden", default=False):
        golden_spikes.regenerate()
    return golden_spikes.load()


@pytest.fixture(scope="session")
def ours_by_engine(golden: golden_spikes.Golden) -> our_solver.Ours:
    """Spikes of all drawn neurons by (engine, solver, dt, dtype), computed once a session."""

    @cache
    def run(name: str, solver: str, dt: float, dtype: torch.dtype) -> list[np.ndarray]:
        with use_engine(name):
            return our_solver.simulate(
                golden.biases, golden.events, dt, DURATION, solver=solver, dtype=dtype
            ).spikes

    return run


@pytest.fixture
def ours(ours_by_engine: our_solver.Ours, engine: str) -> our_solver.Ours:
    """Spikes of all drawn neurons on the engine of the test by (solver, dt, dtype)."""

    def run(solver: str, dt: float, dtype: torch.dtype = torch.float64) -> list[np.ndarray]:
        return ours_by_engine(engine, solver, dt, dtype)

    return run
