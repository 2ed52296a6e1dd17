"""Frozen noise on chips that differ: the named task, what it rests on, and a harder task.

    python -m benchmarks.frozen_noise_chips
    python -m benchmarks.frozen_noise_chips --quick
    python -m benchmarks.frozen_noise_chips --plot docs/images/frozen_noise.png

The named task is frozen_noise_chips_named.py, the harder one frozen_noise_chips_hard.py. Every
table of docs/frozen-noise.md and its picture come from here, but for the row of DYNAP-SE2. Chips and disturbances
of the tests have seeds of their own: none was met in training.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from arcana.emulate import Emulator
from benchmarks import frozen_noise_chips_picture as picture
from benchmarks.frozen_noise_chips_hard import (
    AS_TRAINED,
    CHIP,
    CLASSES,
    NONE,
    disturb,
    population,
    single,
)
from benchmarks.frozen_noise_chips_named import easy, run, show, table
from benchmarks.tables import Table

ORDER = (0, 1, 1, 0, 0, 1, 0, 1)  # of patterns that follow each other
AT_ONCE = 10  # chips that fit into the memory together
TEST_NOISE = 5000  # seed of the disturbances of the tests
CONDITIONS = {
    "undisturbed": NONE,
    "3 ms of jitter, 10 % lost, 5 Hz added": AS_TRAINED,
    "... with 5 ms of jitter": replace(AS_TRAINED, jitter=5.0),
    "... with 20 % lost": replace(AS_TRAINED, lost=0.2),
    "... with 10 Hz added": replace(AS_TRAINED, added=10.0),
    "... without the first 10 ms": replace(AS_TRAINED, late=10),
    "... without the first 20 ms": replace(AS_TRAINED, late=20),
    "... without the first 50 ms": replace(AS_TRAINED, late=50),
    "... after 100 ms of other noise": replace(AS_TRAINED, lead=100),
}


@dataclass(frozen=True)
class Size:
    """How much is measured: chips of the named and of the hard task, seeds, series of a pattern, updates."""

    chips: int = 200
    hard_chips: int = 100
    seeds: int = 5
    hard_seeds: int = 3
    copies: int = 2
    updates: int = 200
    each: int = 48


QUICK = Size(20, 10, 1, 1, 1, 30, 8)


@dataclass(frozen=True)
class Hard:
    """One network on the hard task: by stage ("float", "quantised", "CV 0.1" ...)."""

    name: str
    seed: int
    stages: dict[str, Any]
    cores: int


def hard(size: Size) -> list[Hard]:
    """All networks of the hard task, float to CV 0.2."""
    makers: dict[str, Callable[[int], Any]] = {
        "one neuron a class": lambda seed: single(seed, easy.TRAINING_CV, size.updates),
        "populations, plain": lambda seed: population(seed, 0.0, size.updates, size.each),
        "populations, noise-trained": lambda seed: population(seed, easy.TRAINING_CV, size.updates, size.each),
    }
    return [
        stages_of(name, make(seed), seed, size) for name, make in makers.items() for seed in range(size.hard_seeds)
    ]


def stages_of(name: str, net: Any, seed: int, size: Size) -> Hard:
    """One network, with fractions, mapped, and on chips."""
    generator = torch.Generator().manual_seed(TEST_NOISE + seed)
    X, y = disturb(easy.patterns(seed, CLASSES), size.copies, generator)
    whole(net, False)
    with torch.no_grad():
        rates = net(X)[0].mean(-2) / easy.DT
    whole(net, True)
    stages = {"float": easy.chips_of(rates.unsqueeze(0), y)}
    emulator = easy.emulated(net, CHIP)
    for cv in (0.0, *easy.CVS):
        chips = size.chips if name.startswith("one") else size.hard_chips
        stages[f"CV {cv:g}" if cv else "quantised"] = easy.judge(
            emulator, X, y, cv, chips, easy.TEST_SEED + seed, at_once=AT_ONCE
        )
    return Hard(name, seed, stages, len(emulator.config.cores))


def whole(net: torch.nn.Module, yes: bool) -> None:
    """Whole-number weights, or fractions."""
    for module in net.modules():
        if hasattr(module, "whole_weights"):
            module.whole_weights = yes


def hard_table(results: list[Hard], size: Size) -> Table:
    """Accuracy, ratio and rates at every stage."""
    head = ["network", "seed", "cores"]
    for stage in results[0].stages:
        head += [f"{stage}: right", "ratio"]
    table = Table(f"{CLASSES} patterns, disturbed; {size.hard_chips} chips", (*head, "rate", "wrong", "silent"))
    for r in results:
        cells = [f"{float(s.accuracy.mean()):.1%}, {one_or_two(s.ratios)}" for s in r.stages.values()]
        last = r.stages[f"CV {easy.CVS[-1]:g}"]
        split = [part for cell in cells for part in cell.split(", ")]
        rates = show(last.right, 0), f"{easy.quantile(last.wrong, 0.95):.0f}", f"{last.silent:.1%}"
        table.add(r.name, r.seed, r.cores, *split, *rates)
    table.notes += [
        "right: series whose class fires most, alone. ratio: worst class, 5th percentile / median over chips.",
        "rate: of the right neuron at the last CV, 5th percentile / median [Hz]; wrong: 95th percentile [Hz].",
        f"one neuron a class: {size.chips} chips.",
    ]
    return table


def one_or_two(ratios: torch.Tensor) -> str:
    """One number without chips, percentiles with."""
    return f"{float(ratios):.1f}" if ratios.numel() == 1 else show(ratios)


def limits(size: Size) -> Table:
    """What the two noise-trained networks of seed 0 rest on, at the last CV."""
    cv, few = easy.CVS[-1], max(size.hard_chips // 4, 5)
    two = easy.emulated(easy.race(0, CHIP, easy.TRAINING_CV, 150), CHIP)
    six = easy.emulated(population(0, easy.TRAINING_CV, size.updates, size.each), CHIP)
    table = Table(
        f"What it rests on: CV {cv:g}, {size.chips} chips (two patterns), {few} (six)",
        ("series", "two: right", "ratio", "six: right", "ratio"),
    )
    for name, how in CONDITIONS.items():
        cells = []
        for emulator, classes, chips in ((two, 2, size.chips), (six, CLASSES, few)):
            generator = torch.Generator().manual_seed(TEST_NOISE)
            X, y = disturb(easy.patterns(0, classes), size.copies, generator, how)
            found = easy.judge(emulator, X, y, cv, chips, easy.TEST_SEED, lead=how.lead, at_once=AT_ONCE)
            cells += [f"{float(found.accuracy.mean()):.1%}", show(found.ratios)]
        table.add(name, *cells)
    for gap in (100, 200, 300):
        right, ratios = in_sequence(two, easy.patterns(0), gap, cv, size.chips)
        table.add(f"{len(ORDER)} in a row, {gap} ms of silence between", f"{right:.1%}", show(ratios), "", "")
    table.notes.append(
        "two: trained on undisturbed patterns. In a row: the ratio is that of the worst presentation."
    )
    return table


@torch.no_grad()
def in_sequence(emulator: Emulator, X: torch.Tensor, gap: int, cv: float, chips: int) -> tuple[float, torch.Tensor]:
    """Share of presentations that are right, and each chip's worst ratio, for patterns one after another."""
    silence, steps = torch.zeros(gap, X.shape[-1]), X.shape[1]
    series = torch.cat([part for k in ORDER for part in (X[k], silence)]).unsqueeze(0)
    emulator.set_mismatch(easy.MismatchModel(cv).sample(chips, easy.TEST_SEED))
    spikes = emulator(series)[0][:, 0].unflatten(1, (len(ORDER), steps + gap))[:, :, :steps]
    rates, which = spikes.mean(2) / easy.DT, torch.tensor(ORDER)
    right = rates.gather(-1, which.view(1, -1, 1).expand(chips, -1, 1)).squeeze(-1)
    wrong = rates.sum(-1) - right
    ratios = (right.clamp(min=easy.FLOOR) / wrong.clamp(min=easy.FLOOR)).amin(-1)
    return float((right > wrong).double().mean()), ratios


def main(given: Iterable[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.frozen_noise_chips", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--quick", action="store_true", help="one seed, few chips, small populations")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the picture of docs/frozen-noise.md")
    options = parser.parse_args(list(given))
    torch.set_num_threads(1)
    size = QUICK if options.quick else Size()
    console = Console() if sys.stdout.isatty() else Console(width=170)
    named = run(size.seeds, size.chips, CHIP, quick=options.quick)
    table(named).show(console)
    limits(size).show(console)
    found = hard(size)
    hard_table(found, size).show(console)
    if options.plot is not None:
        picture.draw(options.plot, named, found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
