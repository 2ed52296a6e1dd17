"""Speed and memory of balanced rate networks, beside the dense loop of the original programs.

    python -m benchmarks.rates [--quick]

The published network: 10,000 neurons, 500 inputs from each population. The loop multiplies a dense matrix for all
currents and that of the first population once more for the slow ones, as the programs do. Both give the same rates
first. float32, one thread. Then memory: the peak of a fresh process that runs it step by step, for two lengths.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable

import torch
from rich.console import Console

from arcana.networks.rate import RateConfig, RateNetwork, RateState, read_config
from benchmarks.machine import describe
from benchmarks.tables import Table
from benchmarks.timing import interleave, number, ratio

WANTED = {1: 5.0, 10: 8.0}  # batch: times as fast as the loop
STEPS = 10  # of a round
SAME = 1e-3  # largest difference of rates after a round, of the largest rate
FILE = "two_populations.yml"


def dense_loop(
    network: RateNetwork, state: RateState, current: torch.Tensor, steps: int
) -> Callable[[], torch.Tensor]:
    """The loop: r W for all, r_E W_E for the slow receptors."""
    W = torch.cat([torch.from_numpy(block.dense()) for block in network.blocks])
    d, n, share = network.dynamics, network.config.sizes[0], network.config.nmda_share

    def run() -> torch.Tensor:
        r, fast, slow = state.rates, state.currents[0], state.currents[1]
        for _ in range(steps):
            fast = fast * d.fast[0] + (r @ W) * d.fast[1]
            slow = slow * d.slow[0] + share * (r[:, :n] @ W[:n]) * d.slow[1]
            r = r * d.rate[0] + torch.relu(current + fast + slow) * d.rate[1]
        return r

    return run


def ours(network: RateNetwork, state: RateState, current: torch.Tensor, steps: int) -> Callable[[], torch.Tensor]:
    """The same by the network."""
    series = current.expand(steps, -1)
    return lambda: network.run(series, rates=state.rates, recurrent=state.currents, every_step=False)[:, -1]


def speed(console: Console, config: RateConfig, rounds: int) -> bool:
    """Print ratios to the loop; whether all that was wanted is reached."""
    network, reached = RateNetwork.from_config(config), True
    current = torch.tensor(network.config.of_neurons("strength_in"), dtype=torch.float32) * network.config.scale_in
    table = Table(
        f"{network.config.neurons:,} neurons, in-degree {network.config.in_degree:g}: one step",
        ("batch", "ours, ms", "loop, ms", "times the loop", "wanted"),
    )
    for batch, wanted in WANTED.items():
        state = network.initial(batch)
        jobs = {"ours": ours(network, state, current, STEPS), "loop": dense_loop(network, state, current, STEPS)}
        a, b = (job() for job in jobs.values())
        apart = float((a - b).abs().max() / b.abs().max())
        if not apart <= SAME:
            console.print(f"They are not the same: {apart:.1e}", style="red")
            return False
        found = interleave(jobs, rounds)
        faster = ratio(found["loop"].cpu, found["ours"].cpu)
        times = (number(1e3 * min(found[name].cpu) / STEPS) for name in ("ours", "loop"))
        table.add(str(batch), *times, faster, f"{wanted:g}")
        reached &= faster.median >= wanted
    table.show(console)
    return reached


MEMORY = """
import sys, torch
from arcana.networks.rate import RateNetwork, read_config
def told(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name)) / 1024
torch.set_num_threads(1)
config = read_config("two_populations.yml", neurons=int(sys.argv[1]), in_degree=float(sys.argv[2]),
                     duration_s=float(sys.argv[3]), window_s=float(sys.argv[3]))
open("/proc/self/clear_refs", "w").write("5")  # the peak of the imports is forgotten
before = told("VmRSS")
RateNetwork.from_config(config)()
print(told("VmHWM") - before)
"""


def peak(config: RateConfig, duration: float) -> float:
    """Memory beyond the imports of a run in a process of its own, on Linux [MB]."""
    sizes = (str(config.neurons), str(config.in_degree), str(duration))
    done = subprocess.run([sys.executable, "-c", MEMORY, *sizes], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a smaller network, fewer rounds")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    config = read_config(FILE, neurons=2000, in_degree=100) if quick else read_config(FILE)
    console = Console() if Console().is_terminal else Console(width=150)
    console.print("\n".join(f"{name}: {value}" for name, value in describe("cpu").items()) + "\n")
    reached = speed(console, config, 3 if quick else 7)
    lengths = (0.5, 2.0)
    short, long = (peak(config, length) for length in lengths)
    console.print(
        f"Memory of a run, step by step: {short:.0f} MB for {lengths[0]} s, {long:.0f} MB for {lengths[1]} s"
    )
    return 0 if reached or quick else 1


if __name__ == "__main__":
    sys.exit(main())
