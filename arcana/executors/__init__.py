"""Where the chips of a study are calculated: in this process, in a local pool, or on a cluster."""

from arcana.executors.checkpoint import Checkpoint
from arcana.executors.chunks import Chunk, Key, Work
from arcana.executors.cluster import Dask
from arcana.executors.execution import execute
from arcana.executors.failures import WorkersFailed
from arcana.executors.pool import LocalPool
from arcana.executors.read import Executor, read_executor

__all__ = [
    "Checkpoint", "Chunk", "Dask", "Executor", "Key", "LocalPool", "Work", "WorkersFailed", "execute",
    "read_executor",
]  # fmt: skip
