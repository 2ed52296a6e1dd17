"""Frozen noise: two recurrent neurons learn to tell two fixed patterns of noise apart.

    python examples/02_frozen_noise.py
    python examples/02_frozen_noise.py --seeds 1 --quick

A pattern is 60 Poisson inputs of 50 Hz for 500 ms, drawn once. Neuron 0 is to fire for the first pattern, neuron 1
for the second. The score of a pattern is the rate of the right neuron over the rate of the other one; a neuron that
stays silent counts as one spike in the pattern (2 Hz), so that silence is not an infinite success. Reached: more
than 5 for both patterns.

Training is plain: Adam with its default betas and eps, nothing is scaled, the loss is the squared distance of the
rates to 30 Hz and 0 Hz. Synapses are whole numbers, at most 64 a neuron, from the first update on.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from arcana import units
from arcana.model import DPILayer, UpdateParams

INPUTS, RATE, DURATION, DT = 60, 50.0, 0.5, 1e-3  # lines, Hz, s, s
TARGET = 30.0  # Hz, of the right neuron
LEARNING_RATE = 0.05
REACHED = 5.0


@dataclass(frozen=True)
class Result:
    """One seed: the better the smaller ``updates``; ``ratios`` are of the two patterns."""

    seed: int
    ratios: tuple[float, float]
    updates: int
    seconds: float
    synapses: tuple[int, ...]
    losses: tuple[float, ...]

    @property
    def reached(self) -> bool:
        """Whether both ratios are above 5."""
        return min(self.ratios) > REACHED


def patterns(seed: int) -> torch.Tensor:
    """The two frozen patterns, (2, T, 60)."""
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(2, round(DURATION / DT), INPUTS, generator=generator) < RATE * DT).float()


def network(seed: int) -> DPILayer:
    """Two neurons that inhibit each other if training wants it, firing a few times a pattern at the start."""
    synapse = (
        30 * units.pA
    )  # tau = 29 ms with the capacitance of the chip: the membrane sees rates, not single events
    net = DPILayer(
        INPUTS,
        2,
        DT,
        profile="dynapse1",
        recurrent=True,
        solver="heun",
        substeps=1,
        train_ampa=True,
        train_gabab=True,
        Itau_ampa=synapse,
        Igain_ampa=synapse,
        Itau_gabab=synapse,
        Igain_gabab=synapse,
        Iw_ampa=11.5 * units.pA,
        Iw_gabab=11.5 * units.pA,
    )
    generator = torch.Generator().manual_seed(1000 + seed)
    with torch.no_grad():
        # Both neurons start alike; what they are to do tells them apart
        net.W_ampa.copy_(torch.rand(1, INPUTS, generator=generator).expand(2, -1))
        net.W_gabab.copy_(0.8 * torch.rand(1, INPUTS, generator=generator).expand(2, -1))
    return net


def ratios_of(rates: torch.Tensor) -> tuple[float, float]:
    """Right over wrong rate for each pattern; rates (pattern, neuron) [Hz]."""
    floored = rates.detach().clamp(min=1 / DURATION)
    return (floored[0, 0] / floored[0, 1]).item(), (floored[1, 1] / floored[1, 0]).item()


def train(seed: int, updates: int, advance=lambda: None) -> Result:
    """Train until both ratios are above 5, or the updates are used up."""
    X, net = patterns(seed), network(seed)
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=LEARNING_RATE)
    optimizer.register_step_post_hook(UpdateParams)
    wanted, losses, start = TARGET * torch.eye(2), [], time.process_time()
    for k in range(updates + 1):
        spikes, _ = net(X)
        rates = spikes.mean(1) / DT
        ratios = ratios_of(rates)
        loss = ((rates - wanted) / TARGET).pow(2).mean()
        losses.append(loss.item())
        if min(ratios) > REACHED or k == updates:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        advance()
    synapses = tuple(int(n) for n in torch.cat(list(net.counts().values()), -1).sum(-1))
    return Result(seed, ratios, k, time.process_time() - start, synapses, tuple(losses))


def main(seeds: int = 5, updates: int = 60, quick: bool = False, show: bool = True) -> list[Result]:
    """Train each seed and print a table. ``quick`` stops after 40 updates."""
    updates = min(updates, 40) if quick else updates
    results = []
    console = Console(stderr=True, quiet=not show)
    with Progress(console=console, transient=True) as progress:
        for seed in range(seeds):
            task = progress.add_task(f"seed {seed}", total=updates)
            results.append(train(seed, updates, lambda task=task: progress.advance(task)))
    table = Table(
        "seed", "ratio, pattern 0", "ratio, pattern 1", "updates", "CPU seconds", "synapses", title="Frozen noise"
    )
    for r in results:
        numbers = f"{r.ratios[0]:.1f}", f"{r.ratios[1]:.1f}", str(r.updates), f"{r.seconds:.1f}"
        table.add_row(str(r.seed), *numbers, ", ".join(map(str, r.synapses)))
    if show:
        Console().print(table)
        print(f"ratio > {REACHED:g} for both patterns: {sum(r.reached for r in results)} of {len(results)} seeds")
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="how many, counted from 0")
    parser.add_argument("--updates", type=int, default=60, help="most updates of a seed")
    parser.add_argument("--quick", action="store_true", help="at most 40 updates")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # many small operations: more threads only wait for each other
    done = main(arguments.seeds, arguments.updates, arguments.quick)
    raise SystemExit(0 if all(r.reached for r in done) else 1)
