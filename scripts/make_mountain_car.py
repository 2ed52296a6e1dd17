"""Make arcana/networks/circuits/mountain_car.json: search, then gradients through time, then gymnasium's judgement.

    python scripts/make_mountain_car.py --seed 0 --updates 150

The same seed and number of updates give the same file on the same machine; times are those of one CPU core.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from rich.progress import track

import arcana
from arcana.networks import TWC
from arcana.networks.gym_judge import judge_in_gymnasium
from arcana.networks.parameter_file import write_parameters
from arcana.networks.search import search
from arcana.networks.through_time import refine

TARGET = Path(__file__).parents[1] / "arcana" / "networks" / "circuits" / "mountain_car.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--updates", type=int, default=150)
    parser.add_argument("-o", "--output", type=Path, default=TARGET)
    given = parser.parse_args()
    torch.set_num_threads(1)
    began = time.perf_counter()
    circuit = TWC().double()
    found = search(circuit.connectome, seed=given.seed)
    found.best.load_into(circuit, 0)
    searched = time.perf_counter()
    steps = iter(track(range(given.updates), "updates"))
    next(steps)
    refined = refine(circuit, given.updates, seed=given.seed, progress=lambda *_: next(steps, None))
    done = time.perf_counter()
    judged = judge_in_gymnasium(circuit, 100, seed=10_000)
    provenance = {
        "command": f"python scripts/make_mountain_car.py --seed {given.seed} --updates {given.updates}",
        "arcana": arcana.__version__,
        "torch": torch.__version__,
        "searched": {"score": found.score, "seconds": round(searched - began, 1)},
        "refined": {"before": refined.before, "after": refined.after, "seconds": round(done - searched, 1)},
        "gymnasium": {"mean": judged.returns.mean().item(), "solved": judged.solved.sum().item(), "episodes": 100},
    }
    print(write_parameters(circuit, given.output, provenance), provenance, sep="\n")


if __name__ == "__main__":
    main()
