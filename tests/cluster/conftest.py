"""One Dask cluster for all tests: processes of their own take a second each to start."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def cluster():
    """Two processes of two threads each; a task may end one worker, not two."""
    dask, distributed = pytest.importorskip("dask"), pytest.importorskip("distributed")
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address=":0"
        ) as running,
    ):
        yield running


@pytest.fixture
def address(cluster):
    """Its scheduler, when both workers are there (again)."""
    distributed = pytest.importorskip("distributed")
    with distributed.Client(cluster) as client:
        client.wait_for_workers(2, timeout=60)
    return cluster.scheduler_address
