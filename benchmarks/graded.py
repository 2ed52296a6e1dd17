"""Speed of the tap withdrawal circuit beside a loop over objects, and which parameters get a gradient.

    python -m benchmarks.graded [--quick]

The loop (``benchmarks.graded_loop``) has one Python object for each neuron and each connection, as the program has
in which the circuit was published. It is checked first that both give the same numbers. One thread.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable

import torch
from rich.console import Console
from torch import Tensor

from arcana.networks import TWC
from benchmarks import graded_gradients
from benchmarks.graded_loop import ObjectLoop
from benchmarks.machine import describe
from benchmarks.tables import Table
from benchmarks.timing import Times, interleave, number, ratio

STEPS, BATCH = 1000, 1024
SAME = 1e-12  # largest difference of an action
LOOP = "loop over objects"
TIMES, RATE = 5, 2_000_000  # wanted: times the loop at batch 1; circuit-steps a second and core


def observations(batch: int, steps: int) -> Tensor:
    """Positions and velocities of the whole range."""
    share = torch.rand(batch, steps, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return share * torch.tensor([1.8, 0.2]).double() + torch.tensor([-1.2, -0.1]).double()


def disagreement(obs: Tensor) -> float:
    """Largest difference of an action between the loop and ``TWC.run``, one sequence."""
    twc = TWC.solved()
    with torch.no_grad():
        ours = twc.run(obs).action[0]
    theirs = torch.tensor(ObjectLoop(twc).run(obs[0].tolist()), dtype=torch.float64)
    return float((ours - theirs).abs().max())


def without_gradients(call: Callable[[Tensor], object], obs: Tensor) -> Callable[[], object]:
    """The call as a job."""

    def job() -> object:
        with torch.no_grad():
            return call(obs)

    return job


def with_gradients(twc: TWC, obs: Tensor) -> Callable[[], object]:
    """Forward and backward as a job."""

    def job() -> None:
        twc.zero_grad()
        twc.run(obs).action.sum().backward()  # type: ignore[no-untyped-call]

    return job


def one_circuit(obs: Tensor, rounds: int) -> dict[str, Times]:
    """Batch 1."""
    twc, rows = TWC.solved(), obs[0].tolist()
    loop, annealed = ObjectLoop(twc), TWC.solved("annealed")
    return interleave(
        {
            LOOP: lambda: loop.run(rows),
            "exact, run": without_gradients(twc.run, obs),
            "exact, forward": without_gradients(twc, obs),
            "annealed, run": without_gradients(annealed.run, obs),
            "annealed, forward and backward": with_gradients(annealed, obs),
        },
        rounds,
    )


def many_circuits(obs: Tensor, rounds: int) -> dict[str, Times]:
    """A batch; the loop does one of its rows, and takes as much longer for all."""
    twc, single, rows = TWC.solved(), TWC.solved().float(), obs[0].tolist()
    loop = ObjectLoop(twc)
    return interleave(
        {
            LOOP: lambda: loop.run(rows),
            "exact, forward": without_gradients(twc, obs),
            "exact, forward, float32": without_gradients(single, obs.float()),
            "exact, run": without_gradients(twc.run, obs),
        },
        rounds,
    )


def speed(batch: int, steps: int, rounds: int) -> tuple[Table, dict[str, float], dict[str, float]]:
    """The table; circuit-steps a second, and times the loop's, by method."""
    obs = observations(batch, steps)
    found = one_circuit(obs, rounds) if batch == 1 else many_circuits(obs, rounds)
    shown = Table(
        f"Tap withdrawal circuit, batch {batch:,}, {steps:,} steps",
        ("method", "us per step of the batch", "circuit-steps/s", "times the loop"),
        notes=[
            "float64 unless said; run records E and O of all neurons, forward gives actions and the last state",
            "the loop does what the published program does and no more; that takes 87-105 us a step",
        ],
    )
    if batch > 1:
        shown.notes.append("the loop runs one circuit; it would take as long again for each of the others")
    rates, times = {}, {}
    for name, taken in found.items():
        circuits = 1 if name == LOOP else batch
        faster = ratio(found[LOOP].cpu, taken.cpu) * circuits
        rates[name], times[name] = circuits * steps / min(taken.cpu), faster.median
        shown.add(name, number(min(taken.cpu) / steps * 1e6), f"{rates[name]:,.0f}", faster)
    return shown, rates, times


def main() -> int:
    """Check, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer steps, rounds and circuits")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    console = Console() if Console().is_terminal else Console(width=150)
    console.print("\n".join(f"{name}: {value}" for name, value in describe("cpu").items()) + "\n")
    apart = disagreement(observations(1, STEPS))
    console.print(f"Largest difference of an action between the loop and TWC.run, {STEPS:,} steps: {apart:.1e}\n")
    if not apart <= SAME:
        console.print(f"They are not the same: more than {SAME:g}", style="red")
        return 1
    rounds = 3 if quick else 7
    alone, _, times = speed(1, STEPS, rounds)
    alone.show(console)
    together, rates, _ = speed(BATCH, 200 if quick else STEPS, rounds)
    together.show(console)
    graded_gradients.table(5 if quick else 40).show(console)
    console.print(f"Wanted: {TIMES} times the loop at batch 1, exact, run: {number(times['exact, run'])}")
    console.print(f"Wanted: {RATE:,} circuit-steps/s a core, exact, forward: {rates['exact, forward']:,.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
