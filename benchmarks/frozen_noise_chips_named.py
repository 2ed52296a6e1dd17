"""Frozen noise on 200 chips: the race of examples/09_noisy_frozen_noise.py, and what it is compared with.

python -m benchmarks.frozen_noise_chips_named
python -m benchmarks.frozen_noise_chips_named --chip dynapse2 --switches --seeds 3

balance         example 02's way: inputs excite and inhibit, the loss is the distance to 30 Hz and 0 Hz
race            example 09's
no inhibition   the race, trained with noise, but its neurons do not silence each other
"""

from __future__ import annotations

import argparse
import runpy
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from rich.console import Console

from arcana.engine.stiffness import StiffDriveWarning
from arcana.mismatch import MismatchModel
from arcana.model import DPILayer, UpdateParams
from arcana.nn.chips import apply_mismatch, remove_mismatch
from benchmarks.tables import Table


def example(name: str) -> SimpleNamespace:
    """What an example defines."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).resolve().parents[1] / "examples" / name)))


noise, easy = example("02_frozen_noise.py"), example("09_noisy_frozen_noise.py")


@dataclass(frozen=True)
class Result:
    """One recipe and seed: without mismatch, and on the chips of each CV; ``words`` of the neuron with most."""

    recipe: str
    seed: int
    clean: float
    chips: dict[float, Any]
    words: int
    seconds: float

    def percentile(self, cv: float) -> float:
        """5th percentile over chips of the worst class' ratio."""
        return float(easy.quantile(self.chips[cv].ratios, 0.05))

    @property
    def reached(self) -> bool:
        """Whether the 5th percentile is what was asked for at every CV."""
        return all(self.percentile(cv) >= wanted for cv, wanted in easy.WANTED.items())


def balance(seed: int, cv: float, updates: int) -> DPILayer:
    """Example 02's network, loss and rates, with fresh chips in every update if ``cv`` is not 0."""
    X, net = noise.patterns(seed), noise.network(seed)
    net.set_bias("refractory", 5e-3)  # the chip has no period of 0
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=noise.LEARNING_RATE)
    optimizer.register_step_post_hook(UpdateParams)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StiffDriveWarning)
        for k in range(updates):
            if cv > 0:
                apply_mismatch(net, MismatchModel(cv).sample(easy.CHIPS, seed, first=easy.CHIPS * k))
            rates = net(X)[0].mean(-2) / easy.DT
            loss = ((rates - noise.TARGET * torch.eye(2)) / noise.TARGET).pow(2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    remove_mismatch(net)
    net.solver, net.substeps = "rk4", 4  # it is driven harder than the default sub-steps follow
    return net


def without_inhibition(seed: int, chip: str, updates: int, switches: bool) -> DPILayer:
    """The race, whose neurons do not silence each other."""
    net = easy.race(seed, chip, easy.TRAINING_CV, updates, switches)
    with torch.no_grad():
        net.R_gabab.zero_()
    return net


def recipes(chip: str, updates: int, switches: bool) -> dict[str, Callable[[int], DPILayer]]:
    """What is compared; example 02 is for DYNAP-SE1 only, and is given more updates than it needs."""
    compared: dict[str, Callable[[int], DPILayer]] = {}
    if chip == "dynapse1":
        compared["balance, plain"] = lambda seed: balance(seed, 0.0, 2 * updates)
        compared["balance, noise-trained"] = lambda seed: balance(seed, easy.CVS[0], 2 * updates)
    compared["race, plain"] = lambda seed: easy.race(seed, chip, 0.0, updates, switches)
    compared["race, noise-trained"] = lambda seed: easy.race(seed, chip, easy.TRAINING_CV, updates, switches)
    compared["the same, no inhibition"] = lambda seed: without_inhibition(seed, chip, updates, switches)
    return compared


def measure(
    recipe: str, make: Callable[[int], DPILayer], seed: int, chip: str, chips: int, switches: bool = False
) -> Result:
    """Train, map, emulate, judge."""
    start, X, y = time.process_time(), easy.patterns(seed), torch.arange(2)
    net = make(seed)
    seconds, emulator = time.process_time() - start, easy.emulated(net, chip)
    clean = easy.judge(emulator, X, y, 0.0, 1, 0)
    found = {cv: easy.judge(emulator, X, y, cv, chips, easy.TEST_SEED + seed) for cv in easy.CVS}
    words = torch.cat([c > 0 if switches else c for c in net.counts().values()], -1).sum(-1).max()
    return Result(recipe, seed, float(clean.ratios), found, int(words), seconds)


def run(
    seeds: int = 5, chips: int = 200, chip: str = "dynapse1", switches: bool = False, quick: bool = False,
    only: str = "",
) -> list[Result]:  # fmt: skip
    """Every recipe whose name holds ``only``, and every seed. ``quick``: one seed, 40 chips, 80 updates."""
    if quick:
        seeds, chips = 1, min(chips, 40)
    compared = recipes(chip, 80 if quick else easy.UPDATES, switches)
    makers = {name: make for name, make in compared.items() if only in name}
    return [
        measure(name, make, seed, chip, chips, switches) for name, make in makers.items() for seed in range(seeds)
    ]


def show(values: torch.Tensor, digits: int = 1) -> str:
    """5th percentile / median."""
    return f"{easy.quantile(values, 0.05):.{digits}f} / {easy.quantile(values, 0.5):.{digits}f}"


def table(results: list[Result]) -> Table:
    """Everything that a ratio could hide is beside it."""
    head = ["recipe", "seed", "clean"]
    for cv in easy.CVS:
        head += [f"CV {cv:g}", "right", "wrong", "silent"]
    chips = len(results[0].chips[easy.CVS[0]].ratios)
    made = Table(f"Frozen noise on {chips} chips: ratio of the worst class", (*head, "words", "s"))
    for r in results:
        cells = []
        for found in r.chips.values():
            wrong = f"{easy.quantile(found.wrong, 0.95):.0f}"
            cells += [show(found.ratios), show(found.right, 0), wrong, f"{found.silent:.1%}"]
        made.add(r.recipe, r.seed, f"{r.clean:.1f}", *cells, r.words, f"{r.seconds:.0f}")
    made.notes.append(
        "ratio and right [Hz]: 5th percentile / median; wrong: 95th [Hz]; silent: chips with a silent right neuron"
    )
    return made


def main(given: Iterable[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.frozen_noise_chips_named", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--seeds", type=int, default=5, help="how many, counted from 0")
    parser.add_argument("--chips", type=int, default=200, help="chips that each network is judged on")
    parser.add_argument("--chip", default="dynapse1", help="profile of the chip")
    parser.add_argument("--switches", action="store_true", help="weights are sums of four switched currents (SE2)")
    parser.add_argument("--quick", action="store_true", help="one seed, 40 chips, fewer updates")
    torch.set_num_threads(1)
    results = run(**vars(parser.parse_args(list(given))))
    table(results).show(Console() if sys.stdout.isatty() else Console(width=170))
    return 0 if all(r.reached for r in results if r.recipe == "race, noise-trained") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
