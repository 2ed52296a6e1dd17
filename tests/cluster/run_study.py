"""A study in a process of its own, which a test may kill: see ``test_killed.py``.

    python run_study.py FOLDER WORK WHERE PAUSE

Leaves ``study.ckpt`` and the calls of the workers in FOLDER, and the values in ``values.json`` if it gets so far.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from works import Chips, Waves

from arcana.executors import Checkpoint, LocalPool, execute

KINDS = {"waves": Waves, "chips": Chips}
POINTS, CHIPS, PRINT = (0, 2), 30, {"study": "killed"}


def study(folder: Path, work: str, executor: object, pause: float = 0.0, chunk: int = 2) -> dict:
    """The study, or what is left of it."""
    checkpoint = Checkpoint(folder / "study.ckpt", PRINT)
    return execute(KINDS[work](folder, pause), POINTS, CHIPS, chunk=chunk, executor=executor, checkpoint=checkpoint)


def main(folder: Path, work: str, where: str, pause: float) -> None:
    if where == "pool":
        values = study(folder, work, LocalPool(2), pause)
    else:
        from distributed import LocalCluster

        with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster:
            values = study(folder, work, cluster.scheduler_address, pause)
    (folder / "values.json").write_text(json.dumps([[*key, value.hex()] for key, value in values.items()]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4]))
