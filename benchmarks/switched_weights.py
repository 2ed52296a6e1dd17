"""How well four weight currents make the weights of a core (SE2), beside the plain grid 1 : 2 : 4 : 8.

    python -m benchmarks.switched_weights
    python -m benchmarks.switched_weights --quick --plot docs/images/switched_weights.png

The error is ||made - wanted|| / ||wanted|| of all words of a core: with any currents, and with those that the bias
generator of DYNAP-SE2 makes. The plain grid has its best scale in both. Every number of the picture and of
docs/weights.md is printed here.
"""

from __future__ import annotations

import argparse
import runpy
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from arcana.hardware import load_profile
from arcana.model import UpdateParams
from arcana.quantize.switched import choose_switches, grid_switches, switch_levels
from benchmarks.tables import Table

Weights = NDArray[np.float64]
EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "02_frozen_noise.py"
ONE = 10e-9  # [A], a weight of 1: so that the largest of a heavy tail is still within reach of four currents
FURTHER = 100  # updates after the task is solved
HEAD = ("weights of a core", "words", "four currents", "worst", "plain grid", "on levels", "plain, on levels",
        "dropped", "s")  # fmt: skip


@dataclass(frozen=True)
class Row:
    """Errors of one kind of weights, (seeds,) each; ``seconds`` is the longest search on levels."""

    name: str
    words: int
    free: Weights
    plain: Weights
    levels: Weights
    plain_levels: Weights
    dropped: float
    seconds: float

    @classmethod
    def of(cls, name: str, drawn: list[Weights], levels: Weights) -> Row:
        """Fit the weights of every seed."""
        errors, dropped, seconds = [], [], []
        for weights in drawn:
            wanted = ONE * weights[weights > 0]
            start = time.perf_counter()
            snapped = choose_switches(wanted, levels=levels)
            seconds.append(time.perf_counter() - start)
            fits = (choose_switches(wanted), grid_switches(wanted), snapped, grid_switches(wanted, levels=levels))
            errors.append([fit.rms for fit in fits])
            dropped.append(snapped.dropped / wanted.size)
        words = max(int((weights > 0).sum()) for weights in drawn)
        return cls(name, words, *np.array(errors).T, float(np.mean(dropped)), max(seconds))


def synthetic(draw: Callable[[np.random.Generator, int], Weights], n: int, seeds: int) -> list[Weights]:
    """Weights of several cores."""
    return [draw(np.random.default_rng(seed), n) for seed in range(seeds)]


def trained(seed: int, further: int) -> Weights:
    """Weights of example 02, trained with fractions until the task is solved, and ``further`` updates more."""
    task = SimpleNamespace(**runpy.run_path(str(EXAMPLE)))
    X, net = task.patterns(seed), task.network(seed)
    net.whole_weights, net.substeps = False, 2
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=task.LEARNING_RATE)
    optimizer.register_step_post_hook(UpdateParams)
    left = None
    for _ in range(200 + further):
        rates = net(X)[0].mean(1) / task.DT
        if left is None and min(task.ratios_of(rates)) > task.REACHED:
            left = further
        if left == 0:
            break
        left = None if left is None else left - 1
        optimizer.zero_grad()
        ((rates - task.TARGET * torch.eye(2)) / task.TARGET).pow(2).mean().backward()
        optimizer.step()
    return np.concatenate([c.detach().double().numpy().ravel() for c in net.counts().values()])


def measure(seeds: int) -> list[Row]:
    """All kinds of weights."""
    levels = switch_levels(load_profile("dynapse2"))
    assert levels is not None
    kinds: dict[str, list[Weights]] = {
        "frozen noise, solved": [trained(seed, 0) for seed in range(seeds)],
        f"frozen noise, {FURTHER} updates more": [trained(seed, FURTHER) for seed in range(seeds)],
        "uniform [0, 1], 64 x 256": synthetic(lambda rng, n: rng.random(n), 64 * 256, seeds),
        "|normal|, 64 x 64": synthetic(lambda rng, n: np.abs(rng.normal(size=n)), 64 * 64, seeds),
        "|normal|, 64 x 256": synthetic(lambda rng, n: np.abs(rng.normal(size=n)), 64 * 256, seeds),
        "lognormal, 256": synthetic(lambda rng, n: rng.lognormal(size=n), 256, seeds),
        "lognormal, 64 x 64": synthetic(lambda rng, n: rng.lognormal(size=n), 64 * 64, seeds),
        "lognormal, 64 x 256": synthetic(lambda rng, n: rng.lognormal(size=n), 64 * 256, seeds),
    }
    return [Row.of(name, drawn, levels) for name, drawn in kinds.items()]


def table(rows: list[Row], seeds: int) -> Table:
    """The rows as text."""
    shown = Table(
        f"Error of the weights of a core, relative rms, mean of {seeds} seeds",
        HEAD,
        notes=[
            "worst: of the seeds, any currents; dropped: share of the weights that have no word, on levels",
            "s: longest search on levels, wall time, one thread",
        ],
    )
    for row in rows:
        means = (row.free.mean(), row.free.max(), row.plain.mean(), row.levels.mean(), row.plain_levels.mean())
        cells = (f"{value:.4f}" for value in means)
        shown.add(row.name, f"{row.words:,}", *cells, f"{row.dropped:.0%}", f"{row.seconds:.1f}")
    return shown


def draw(path: Path, rows: list[Row]) -> None:
    """Errors of four chosen currents and of the plain grid, both on levels of the chip."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7.6, 0.55 * len(rows) + 1.2), layout="constrained")
    for k, row in enumerate(reversed(rows)):
        for values, offset, colour, label in (
            (row.plain_levels, 0.19, "#b5b5b5", "plain grid 1 : 2 : 4 : 8 at its best scale"),
            (row.levels, -0.19, "#1f6f8b", "four chosen currents"),
        ):
            mean = 100 * values.mean()
            axis.barh(k + offset, mean, 0.36, color=colour, label=label if k == 0 else None)
            axis.hlines(k + offset, 100 * values.min(), 100 * values.max(), color="black", lw=0.8)
            axis.text(100 * values.max() + 0.25, k + offset, f"{mean:.1f}", va="center", fontsize=8)
    axis.set_yticks(range(len(rows)), [row.name for row in reversed(rows)])
    axis.set_xlabel("relative rms error of the weights of a core [%]; line: range of the seeds")
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", alpha=0.25)
    axis.set_axisbelow(True)
    axis.legend(frameon=False, fontsize=8, loc="center right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)


def main() -> None:
    """Measure, print, and draw where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="how many of each kind, counted from 0")
    parser.add_argument("--quick", action="store_true", help="one seed")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the picture of docs/weights.md")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    seeds = 1 if arguments.quick else arguments.seeds
    rows = measure(seeds)
    table(rows, seeds).show(Console())
    if arguments.plot is not None:
        draw(arguments.plot, rows)


if __name__ == "__main__":
    main()
