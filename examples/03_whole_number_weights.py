"""Whole-number synapses and quantised biases: a network that survives its own chip.

    python examples/03_whole_number_weights.py
    python examples/03_whole_number_weights.py --seeds 1 --quick

Two classes are two random images of 60 pixels; a pixel is the rate of a Poisson input (0 to 100 Hz, 250 ms). Two
neurons, at most 64 synapses each over all receptors, one for each class: the one that fires more is the answer
(a tie is an error). First the synapse counts are trained as fractions (the fan-in already holds), then as whole
numbers, and last the network is mapped on DYNAP-SE1 (a synapse is an input word, a bias is a code) and its settings
are emulated. Every accuracy is of fresh Poisson samples.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import arcana
from arcana import units
from arcana.model import DPILayer, UpdateParams

PIXELS, TOP_RATE, DURATION, DT = 60, 100.0, 0.25, 1e-3  # pixels, Hz, s, s
FAN_IN = 64
TARGET = 30.0  # Hz, of the right neuron
LEARNING_RATE = 0.05
BATCH = 16  # samples of each class in an update


@dataclass(frozen=True)
class Result:
    """Accuracies of one seed: fractions, whole numbers, and the emulated chip; synapses of each neuron."""

    seed: int
    fractions: float
    whole: float
    chip: float
    synapses: tuple[int, ...]
    updates: tuple[int, int]
    seconds: float


def samples(images: torch.Tensor, n: int, generator: torch.Generator) -> torch.Tensor:
    """``n`` fresh Poisson samples of each image: (2 n, T, 60), class 0 first."""
    rates = images.repeat_interleave(n, 0).unsqueeze(1).expand(-1, round(DURATION / DT), -1)
    return (torch.rand(rates.shape, generator=generator) < rates * DT).float()


def labels(n: int) -> torch.Tensor:
    return torch.arange(2).repeat_interleave(n)


@torch.no_grad()
def accuracy(net, images: torch.Tensor, n: int, generator: torch.Generator) -> float:
    spikes, _ = net(samples(images, n, generator))
    counts, label = spikes.sum(-2), labels(n)
    right = counts.gather(1, label[:, None]) > counts.gather(1, 1 - label[:, None])
    return right.float().mean().item()


def network(generator: torch.Generator) -> DPILayer:
    synapse = 30 * units.pA
    net = DPILayer(
        PIXELS,
        2,
        DT,
        profile="dynapse1",
        fan_in=FAN_IN,
        solver="heun",
        substeps=1,
        train_ampa=True,
        train_gabab=True,
        train_Iw_ampa=True,
        train_Iw_gabab=True,
        Itau_ampa=synapse,
        Igain_ampa=synapse,
        Itau_gabab=synapse,
        Igain_gabab=synapse,
        Iw_ampa=10 * units.pA,
        Iw_gabab=10 * units.pA,
        refractory=1 * units.ms,
    )
    with torch.no_grad():
        net.W_ampa.copy_(torch.rand(1, PIXELS, generator=generator).expand(2, -1))
        net.W_gabab.copy_(0.4 * torch.rand(1, PIXELS, generator=generator).expand(2, -1))
    return net


def fit(net: DPILayer, images: torch.Tensor, updates: int, generator: torch.Generator, advance) -> int:
    """Train until three batches in a row are right with a margin of 2 spikes; returns the updates used."""
    parameters = [
        {
            "params": [p for n, p in net.named_parameters() if p.requires_grad and n[:2] == "W_"],
            "lr": LEARNING_RATE,
        },
        # A bias acts on all synapses at once: slower
        {"params": [p for n, p in net.named_parameters() if p.requires_grad and n[:2] != "W_"], "lr": 0.01},
    ]
    optimizer = torch.optim.Adam(parameters)
    optimizer.register_step_post_hook(UpdateParams)
    label, good = labels(BATCH), 0
    wanted = TARGET * torch.nn.functional.one_hot(label)
    for k in range(updates):
        spikes, _ = net(samples(images, BATCH, generator))
        rates = spikes.mean(1) / DT
        right, wrong = rates.gather(1, label[:, None]), rates.gather(1, 1 - label[:, None])
        good = good + 1 if bool(((right - wrong) * DURATION > 2.5).all()) else 0
        if good == 3:
            return k
        optimizer.zero_grad()
        ((rates - wanted) / TARGET).pow(2).mean().backward()
        optimizer.step()
        advance()
    return updates


def train(seed: int, updates: int, tests: int, advance=lambda: None) -> Result:
    """Fractions, then whole numbers, then the chip."""
    start = time.process_time()
    generator = torch.Generator().manual_seed(seed)
    images = TOP_RATE * torch.rand(2, PIXELS, generator=generator)
    net = network(generator)
    net.whole_weights = False
    first = fit(net, images, updates, generator, advance)
    fractions = accuracy(net, images, tests, generator)
    net.whole_weights = True
    second = fit(net, images, updates, generator, advance)
    whole = accuracy(net, images, tests, generator)

    profile = arcana.load_profile("dynapse1")
    config = arcana.map_network(net, profile, seed=seed).configuration()
    chip = arcana.Emulator.from_config(config, profile)
    used = tuple(len(n.cams) for n in sorted(config.neurons, key=lambda n: n.index))
    on_chip = accuracy(chip, images, tests, generator)
    seconds = time.process_time() - start
    return Result(seed, fractions, whole, on_chip, used, (first, second), seconds)


def main(seeds: int = 5, updates: int = 60, quick: bool = False, show: bool = True) -> list[Result]:
    """Train each seed and print a table. ``quick`` takes at most 25 updates a phase and 100 tests a class."""
    updates, tests = (min(updates, 25), 100) if quick else (updates, 500)
    results = []
    with Progress(console=Console(stderr=True, quiet=not show), transient=True) as progress:
        for seed in range(seeds):
            task = progress.add_task(f"seed {seed}", total=2 * updates)
            results.append(train(seed, updates, tests, lambda task=task: progress.advance(task)))
    columns = "seed", "fractions", "whole numbers", "on the chip", "synapses", "updates", "CPU seconds"
    table = Table(*columns, title=f"Accuracy on fresh samples, at most {FAN_IN} synapses a neuron")
    for r in results:
        accuracies = f"{r.fractions:.1%}", f"{r.whole:.1%}", f"{r.chip:.1%}"
        used = ", ".join(map(str, r.synapses))
        table.add_row(str(r.seed), *accuracies, used, f"{r.updates[0]} + {r.updates[1]}", f"{r.seconds:.1f}")
    if show:
        Console().print(table)
    return results


def passed(result: Result) -> bool:
    """At least 99 %, within the fan-in, and the chip within 2 points of the fractions."""
    kept = min(result.whole, result.chip) >= 0.99 and result.fractions - result.chip <= 0.02
    return kept and all(0 < used <= FAN_IN for used in result.synapses)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="how many, counted from 0")
    parser.add_argument("--updates", type=int, default=60, help="most updates of each of the two phases")
    parser.add_argument("--quick", action="store_true", help="at most 25 updates a phase, 100 test samples a class")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # many small operations: more threads only wait for each other
    done = main(arguments.seeds, arguments.updates, arguments.quick)
    raise SystemExit(0 if all(passed(r) for r in done) else 1)
