"""A study in a process of its own, which a test may kill: see ``test_killed.py``.

    python run_study.py FOLDER WORK WHERE

Leaves ``study.ckpt`` and the calls of the workers in FOLDER, and the values in ``values.json`` if it gets so far.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from works import Waves

from arcana.executors import Checkpoint, LocalPool, checkpoint, execute

POINTS, CHIPS = (0, 1), 30


def run(folder: Path, work: str, executor: object, chunk: int = 2) -> dict:
    """The study, or what is left of it: ``waves`` are formulas, ``study`` is a network on virtual chips."""
    if work == "waves":
        kept = stored(folder, work)
        return execute(Waves(folder), POINTS, CHIPS, chunk=chunk, executor=executor, checkpoint=kept)
    import studies

    made = studies.study(studies.Pattern(folder), CHIPS)
    return studies.rows(made.run(executor=executor, checkpoint=folder / "study.ckpt", chunk=chunk))


def stored(folder: Path, work: str) -> Checkpoint:
    """The checkpoint of the study."""
    if work == "waves":
        return Checkpoint(folder / "study.ckpt", {"study": "killed"})
    import studies

    from arcana.analysis.fingerprint import fingerprint

    return Checkpoint(folder / "study.ckpt", fingerprint(studies.study().work))


def main(folder: Path, work: str, where: str) -> None:
    checkpoint._SHARE = 1.0  # every chunk is written at once: tests wait for them
    if where == "pool":
        values = run(folder, work, LocalPool(2))
    else:
        from distributed import LocalCluster

        with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster:
            values = run(folder, work, cluster.scheduler_address)
    (folder / "values.json").write_text(json.dumps([[*key, value.hex()] for key, value in values.items()]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
