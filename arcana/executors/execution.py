"""One study, from its chunks to its values, whoever calculates them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from typing import Any

from arcana.executors.checkpoint import Checkpoint
from arcana.executors.chunks import Key, Work, checked, cut, keys_of
from arcana.executors.failures import Failure
from arcana.executors.read import read_executor


def execute(
    work: Work,
    points: Sequence[int],
    n_chips: int | Sequence[int],
    *,
    chunk: int = 8,
    executor: Any = None,
    checkpoint: Checkpoint | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[Key, float]:
    """The value of every chip at every point, by (point, chip) in sorted order.

    The values follow from (point, chip) alone if those of the work do: the same dictionary, bit for bit, from one
    worker or many, whatever the size of the chunks, in one go or resumed.

    Args:
        work: Gives the values of neighbouring chips of a point.
        points: Numbers of the points.
        n_chips: Chips of each point, or one number for each point.
        chunk: Most chips that are calculated together.
        executor: Where; see ``read_executor``.
        checkpoint: Keeps what is finished. What it holds already is not calculated again.
        progress: Called with (chips finished, chips in all); those of the checkpoint count.

    Raises:
        BadInput: for arguments that do not fit, a work that cannot be sent, a result that is not a number.
        BadFile: if the checkpoint cannot be used or written; what it holds is kept.
        WorkersFailed: if workers end again and again.
        Exception: whatever the work raises. Finished chips are in the checkpoint in every case.
    """
    keys = keys_of(points, n_chips, chunk)
    runner = read_executor(executor)
    packed = runner.pack(work)
    with checkpoint or nullcontext({}) as kept:
        values = {key: kept[key] for key in keys if key in kept}
        report = progress or (lambda done, total: None)
        report(len(values), len(keys))
        chunks = cut(keys, values, chunk)
        if chunks:  # else no worker need start
            with closing(runner.run(packed, chunks)) as answers:
                for part, answer in answers:
                    if isinstance(answer, Failure):
                        raise answer.restored()
                    new = dict(checked(part, answer))
                    values.update(new)
                    if checkpoint is not None:
                        checkpoint.add(new)
                    report(len(values), len(keys))
    return {key: values[key] for key in keys}
