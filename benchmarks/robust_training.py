"""Training for silicon: what fresh chips in training, attacked chips, and both give, on two recordings.

    python -m benchmarks.robust_training --json FILE        # about an hour of one core; FILE keeps what is finished
    python -m benchmarks.robust_training --quick
    python -m benchmarks.robust_training --develop          # what was chosen by: a third of the training part
    python -m benchmarks.robust_training --json FILE --plot docs/images/robust_training.png --markdown tables.md

Every network is trained with mismatch of CV 0.2 or without, mapped on a DYNAP-SE1 board, and judged from its
settings on the same 1,000 chips, on the test part of its recording. None of these chips was trained on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

import arcana
from arcana.analysis.statistics import wilson
from arcana.engine.stiffness import StiffDriveWarning
from arcana.files import write_whole
from arcana.mismatch import MismatchModel
from arcana.training import Attack, harden
from benchmarks import robust_training_picture as picture
from benchmarks.robust_training_tasks import CHIP, TASKS, Task
from benchmarks.tables import Table

CV = 0.2
JUDGE = 100_000  # seed of the chips of the judgement; training draws from the seeds 0, 1, ...
DEVELOP = 200_000  # and of those that settings were chosen by
SHARE = 0.9  # of the clean accuracy: from there on a chip works
METHODS: dict[str, dict[str, Any]] = {
    "plain": {"method": "plain"},
    "sample": {"method": "sample"},
    "attack": {"method": "attack", "attack": Attack(1, 0.3)},
    "both": {"method": "both", "attack": Attack(1, 0.2)},
}
TITLES = {"plain": "plain", "sample": "(a) fresh chips", "attack": "(b) attacked chips", "both": "(c) both"}
Row = dict[str, Any]


def measure(task: Task, method: str, seed: int, chips: int, judge: int = JUDGE, updates: int | None = None) -> Row:
    """Train, map, judge on the chips of a seed: clean accuracy and that of every chip."""
    options = {**task.options, **({} if updates is None else {"updates": updates})}
    net, start = task.build(seed), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StiffDriveWarning)  # some chips are driven harder than the sub-steps follow
        options |= METHODS[method] | ({"chips": task.chips} if method == "sample" else {})
        harden(net, task.train, task.loss, mismatch=MismatchModel(CV), seed=seed, **options)
        trained = time.process_time() - start
        config = arcana.map_network(net, CHIP, seed=0).configuration()
        metric = arcana.Accuracy(task.classes)
        report = arcana.robustness(
            config, metric, task.test, MismatchModel(CV), scale=1.0, n_chips=chips, seed=judge
        )
    values = [round(value * len(task.test[1])) for value in report.points[0].values]  # series that are right
    return {
        "task": task.name, "method": method, "seed": seed, "clean": report.clean, "series": len(task.test[1]),
        "right": values, "seconds": round(trained, 1),
    }  # fmt: skip


def accuracies(row: Row) -> np.ndarray[Any, Any]:
    """Of all chips."""
    return np.array(row["right"]) / row["series"]


def summary(rows: list[Row]) -> dict[str, float]:
    """Clean accuracy, mean and yield over all chips of all seeds; each network's chips are held against its own."""
    works = [accuracies(row) >= SHARE * row["clean"] - 1e-9 for row in rows]
    return {
        "clean": float(np.mean([row["clean"] for row in rows])),
        "mean": float(np.mean([accuracies(row).mean() for row in rows])),
        "yield": float(np.mean(works)),
        "p5": float(np.mean([np.quantile(accuracies(row), 0.05) for row in rows])),
    }


def kept(plain: dict[str, float], found: dict[str, float]) -> bool:
    """Whether it pays: see docs/robust-training.md."""
    lost = plain["clean"] - plain["mean"]
    gain = found["mean"] - plain["mean"]
    better = gain >= 0.05 or gain >= lost / 2
    return better and (found["yield"] >= min(2 * plain["yield"], 0.95)) and plain["clean"] - found["clean"] <= 0.015


def pays(rows: list[Row]) -> bool:
    """Whether at least one method keeps what is promised."""
    found = {m: summary(mine) for m in METHODS if (mine := [row for row in rows if row["method"] == m])}
    plain = found.pop("plain", None)
    return plain is not None and any(kept(plain, s) for s in found.values())


def table_of(name: str, rows: list[Row]) -> Table:
    """One line for each network, one for each method."""
    head = ("training", "seed", "chips", "clean", "mean", "5 %", "worst", "yield", "95 %", "CPU s")
    table = Table(f"{name}: test accuracy at CV {CV:g}", head)
    by_method = {m: [row for row in rows if row["method"] == m] for m in METHODS}
    plain = summary(by_method["plain"]) if by_method["plain"] else None
    for method, mine in by_method.items():
        for row in mine:
            a = accuracies(row)
            works = int((a >= SHARE * row["clean"] - 1e-9).sum())
            low, high = wilson(works, len(a))
            cells = (percent(v) for v in (row["clean"], a.mean(), np.quantile(a, 0.05), a.min(), works / len(a)))
            table.add(
                TITLES[method],
                row["seed"],
                len(a),
                *cells,
                f"{100 * low:.1f} to {100 * high:.1f} %",
                row["seconds"],
            )
        if mine and plain:
            s = summary(mine)
            lost = plain["clean"] - plain["mean"]
            text = ""
            if method != "plain":
                text = f"{(s['mean'] - plain['mean']) / lost:.0%} recovered" if lost > 0 else "nothing was lost"
                text += ", kept" if kept(plain, s) else ""
            cells = (percent(s[k]) for k in ("clean", "mean", "p5"))
            table.add(TITLES[method], "all", "", *cells, "", percent(s["yield"]), text, "")
    return table


def percent(share: float) -> str:
    """One decimal."""
    return f"{100 * share:.1f} %"


def main(given: Iterable[str]) -> int:
    """Run the study; 1 if there is a recording where no method keeps what docs/robust-training.md promises."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.robust_training", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--quick", action="store_true", help="one seed, 20 chips, 20 updates: whether it runs")
    parser.add_argument("--develop", action="store_true", help="judge on a third of the training part, 60 chips")
    parser.add_argument("--task", choices=TASKS, action="append", help="only this one")
    parser.add_argument("--method", choices=METHODS, action="append", help="only this one")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--chips", type=int, default=1000)
    parser.add_argument("--json", type=Path, help="where finished networks are kept, and found again")
    parser.add_argument("--plot", type=Path, help="where to draw the picture")
    parser.add_argument("--markdown", type=Path, help="where to write the tables")
    o = parser.parse_args(list(given))
    torch.set_num_threads(1)
    console = Console() if sys.stdout.isatty() else Console(width=150)
    rows: list[Row] = json.loads(o.json.read_text()) if o.json and o.json.exists() else []
    done = {(row["task"], row["method"], row["seed"]) for row in rows}
    seeds, chips, updates = (1, 20, 20) if o.quick else (o.seeds, 60 if o.develop else o.chips, None)
    for make in (TASKS[name] for name in o.task or TASKS):
        whole = make()
        for seed in range(seeds):
            task = whole.developed(seed % 3) if o.develop else whole
            for method in o.method or METHODS:
                if (task.name, method, seed) not in done:
                    rows.append(measure(task, method, seed, chips, DEVELOP if o.develop else JUDGE, updates))
                    if o.json:
                        write_whole(o.json, json.dumps(rows) + "\n")
                    console.print(f"{task.name}, {method}, seed {seed}: {summary(rows[-1:])}", highlight=False)
    names = list(dict.fromkeys(row["task"] for row in rows))
    by_task = {name: [row for row in rows if row["task"] == name] for name in names}
    tables = [table_of(name, found) for name, found in by_task.items()]
    for table in tables:
        table.show(console)
    if o.markdown:
        write_whole(o.markdown, "\n".join(table.markdown() for table in tables))
    if o.plot:
        picture.draw(
            o.plot, {name: [(r["method"], accuracies(r)) for r in found] for name, found in by_task.items()}
        )
    return 0 if o.quick or o.develop or all(pays(found) for found in by_task.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
