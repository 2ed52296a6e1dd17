"""Speed of the bRNN family beside the loop of its scripts, and beside torch's GRU.

    python -m benchmarks.brnn [--quick]

The loop (``benchmarks.brnn_loop``) does what the published scripts do, step by step. It is checked first that both
give the same logits and gradients. Forward and backward, float32, one thread.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import torch
from rich.console import Console
from torch import Tensor, nn

from arcana.networks.brnn.network import BRNN
from benchmarks.brnn_loop import PRESETS, ScriptLoop
from benchmarks.machine import describe
from benchmarks.tables import Table
from benchmarks.timing import interleave, number, ratio

BATCH, STEPS, INPUTS, OUTPUTS = 40, 196, 4, 10
WANTED = {48: 3.0, 200: 2.0}  # units: times as fast as the loop
SAME = 1e-9  # largest difference of logits and gradients in float64, of the largest value


def job(call: Callable[[], Tensor], parameters: list[nn.Parameter]) -> Callable[[], object]:
    """Forward and backward."""

    def run() -> None:
        for p in parameters:
            p.grad = None
        call().square().sum().backward()  # type: ignore[no-untyped-call]

    return run


def disagreement(preset: str, x: Tensor) -> float:
    """Largest difference of logits and gradients between the loop and ours, relative, in float64."""
    network = BRNN(preset, INPUTS, 16, OUTPUTS).double()
    loop = ScriptLoop(network).double()
    pairs = [(network(x.double())[0], loop(x.double()))]
    for logits in pairs[0]:
        logits.square().sum().backward()  # type: ignore[no-untyped-call]
    names = dict(loop.named_parameters())
    for name, ours in network.cell.named_parameters():
        theirs = names[name].grad
        assert ours.grad is not None
        assert theirs is not None
        pairs.append((ours.grad, theirs.reshape(ours.shape)))
    return max(float((a - b).abs().max() / b.abs().max()) for a, b in pairs)


def speed(n: int, presets: tuple[str, ...], rounds: int) -> tuple[Table, float]:
    """The table, and the smallest ratio to the loop."""
    torch.manual_seed(0)
    x = torch.rand(BATCH, STEPS, INPUTS)
    gru, read = nn.GRU(INPUTS, n, batch_first=True), nn.Linear(n, OUTPUTS)
    jobs = {"torch's GRU": job(lambda: read(gru(x)[0][:, -1]), [*gru.parameters(), *read.parameters()])}
    for preset in presets:
        ours = BRNN(preset, INPUTS, n, OUTPUTS)
        theirs = ScriptLoop(ours)
        jobs[f"{preset}, loop"] = job(lambda theirs=theirs: theirs(x), list(theirs.parameters()))
        jobs[preset] = job(lambda ours=ours: ours(x)[0], list(ours.parameters()))
    found = interleave(jobs, rounds)
    shown = Table(
        f"bRNN, {n} units: forward and backward of {BATCH} sequences of {STEPS} steps, {INPUTS} inputs",
        ("network", "ours, ms", "loop, ms", "times the loop", "torch's GRU, ms", "times the GRU's time"),
    )
    least = float("inf")
    for preset in presets:
        ours_, theirs_, gru_ = (found[name].cpu for name in (preset, f"{preset}, loop", "torch's GRU"))
        faster = ratio(theirs_, ours_)
        least = min(least, faster.median)
        times = (number(1e3 * min(t)) for t in (ours_, theirs_))
        shown.add(preset, *times, faster, number(1e3 * min(gru_)), ratio(ours_, gru_))
    return shown, least


def main() -> int:
    """Check, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two presets, fewer rounds")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    torch.manual_seed(0)
    console = Console() if Console().is_terminal else Console(width=150)
    console.print("\n".join(f"{name}: {value}" for name, value in describe("cpu").items()) + "\n")
    apart = {preset: disagreement(preset, torch.rand(3, 30, INPUTS)) for preset in PRESETS}
    worst = max(apart.values())
    console.print(f"Largest relative difference of logits and gradients from the loop, float64: {worst:.1e}\n")
    if not worst <= SAME:
        console.print(f"They are not the same: {apart}", style="red")
        return 1
    reached = True
    for n, wanted in WANTED.items():
        table, least = speed(n, PRESETS[1::2] if quick else PRESETS, 3 if quick else 7)
        table.show(console)
        console.print(f"Wanted: {wanted:g} times the loop with {n} units: {least:.2f} for the slowest preset\n")
        reached &= least >= wanted
    return 0 if reached or quick else 1


if __name__ == "__main__":
    sys.exit(main())
