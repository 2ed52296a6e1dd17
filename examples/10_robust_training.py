"""Train for a chip that nobody has measured yet: plain training, and training on chips that differ.

    python examples/10_robust_training.py
    python examples/10_robust_training.py --method both --quick
    python examples/10_robust_training.py --method sample --cv 0.3 --chips 500

The recording and the network are the demo's (BasicMotions: which of four activities is it?). Both networks start
from the same weights and see the same windows; one of them sees them on chips whose biases differ by 20 %. Both are
mapped on a DYNAP-SE1 board, and judged from its settings on the same virtual boards, which training has not seen.

docs/robust-training.md has two recordings, three seeds and 1,000 chips.
"""

from __future__ import annotations

import argparse
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch.nn.functional import cross_entropy

import arcana
from arcana.analysis.result import RobustnessReport
from arcana.demo.network import build, load_task, parts
from arcana.demo.settings import Settings
from arcana.demo.train import RATE_UNIT, encode, rate_cost
from arcana.hardware import load_profile
from arcana.mismatch import MismatchModel
from arcana.nn.readout import population_rates
from arcana.nn.sequential import Sequential
from arcana.training import harden

CHIP, CLASSES = "dynapse1", 4
TRAINED_ON, JUDGED_ON = 0, 1000  # seeds of the chips
SETTINGS = Settings()


def loss(hidden: torch.Tensor, out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of the class rates; no neuron is to be silent, or to fire all the time."""
    rates = population_rates(out, CLASSES, SETTINGS.dt)
    return cross_entropy(rates / RATE_UNIT, y) + rate_cost(hidden, out, SETTINGS.dt)


def train(method: str, cv: float, updates: int) -> tuple[Sequential, Any]:
    """A trained network, and the test part as events."""
    task = load_task(SETTINGS)
    encoder, hidden, readout = parts(build(SETTINGS, task, load_profile(CHIP)))
    net = Sequential(hidden, readout)
    options = {"updates": updates, "window": SETTINGS.window, "seed": TRAINED_ON}
    harden(net, (encode(encoder, task.train_x), task.train_y), loss, mismatch=MismatchModel(cv), method=method,
           chips=2, **options)  # fmt: skip
    return net, (encode(encoder, task.test_x), task.test_y)


def judge(net: Sequential, data: Any, cv: float, chips: int) -> RobustnessReport:
    """From the settings of a board: whole counts, bias codes, places."""
    settings = arcana.map_network(net, CHIP, seed=0).configuration()
    metric = arcana.Accuracy(CLASSES)
    return arcana.robustness(settings, metric, data, MismatchModel(cv), scale=1.0, n_chips=chips, seed=JUDGED_ON)


def main(
    method: str = "sample", cv: float = 0.2, chips: int = 200, updates: int = SETTINGS.updates, show: bool = True
) -> dict[str, RobustnessReport]:
    """Train plainly and by ``method``, judge both."""
    reports = {}
    for way in dict.fromkeys(("plain", method)):
        reports[way] = judge(*train(way, cv, updates), cv, chips)
    if show:
        table = Table("training", "clean", "mean", "worst", "yield", "95 %", title=f"{chips} chips, CV {cv:g}")
        for way, report in reports.items():
            s = report.points[0].summary
            cells = (f"{v:.1%}" for v in (report.clean, s.mean, s.worst, s.yield_))
            table.add_row(way, *cells, f"{s.yield_low:.1%} to {s.yield_high:.1%}")
        Console().print(table)
    return reports


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", choices=("sample", "attack", "both"), default="sample", help="see docs")
    parser.add_argument("--cv", type=float, default=0.2, help="mismatch of every bias, in training and after")
    parser.add_argument("--chips", type=int, default=200, help="chips that each network is judged on")
    parser.add_argument("--quick", action="store_true", help="20 updates, 20 chips: whether it runs")
    given = parser.parse_args()
    torch.set_num_threads(1)
    small = {"updates": 20, "chips": 20} if given.quick else {"chips": given.chips}
    main(given.method, given.cv, **small)
